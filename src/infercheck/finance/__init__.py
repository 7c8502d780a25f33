"""Money for people who close books: charges by meter, chargeback, a workbook, and the comparison with an invoice.

Everything is exact, DECIMAL(38,12) USD in the engine; nothing is rounded before it is shown.
"""
