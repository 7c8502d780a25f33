"""Dated prices and facts about models, as tables: ``table`` (prices), ``catalog`` (models), ``cost`` (the SQL)."""
