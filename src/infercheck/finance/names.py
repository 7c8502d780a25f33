"""How invoices call what logs abbreviate: sellers, services, makers of models. Table ``charge_names``, one row a provider and model."""

from __future__ import annotations

from infercheck.engine.duckdb import Engine
from infercheck.prices.facts import facts
from infercheck.prices.providers import is_self_hosted, list_provider

# Provider of the price list -> who sells, and the service on the bill.
_SELLERS = {
    "openai": ("OpenAI", "OpenAI API"),
    "anthropic": ("Anthropic", "Claude API"),
    "aws": ("AWS", "Amazon Bedrock"),
    "azure": ("Microsoft", "Azure OpenAI"),
    "google": ("Google", "Gemini API"),
    "mistral": ("Mistral AI", "Mistral API"),
    "cohere": ("Cohere", "Cohere API"),
    "deepseek": ("DeepSeek", "DeepSeek API"),
    "x-ai": ("xAI", "xAI API"),
    "groq": ("Groq", "GroqCloud"),
    "openrouter": ("OpenRouter", "OpenRouter"),
    "together": ("Together AI", "Together AI"),
    "fireworks": ("Fireworks AI", "Fireworks AI"),
    "perplexity": ("Perplexity", "Perplexity API"),
}
_MAKERS = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "google": "Google",
    "meta": "Meta",
    "mistral": "Mistral AI",
    "amazon": "Amazon",
    "deepseek": "DeepSeek",
    "cohere": "Cohere",
    "x-ai": "xAI",
    "qwen": "Alibaba",
}

_COLUMNS = dict.fromkeys(("provider", "model", "seller", "seller_name", "service", "maker"), "VARCHAR")
_AT_ONCE = 20_000  # a log may name a model a call


def seller_id(provider: str | None) -> str:
    """The price list's provider, so that azure, azure_ai and azure.ai.openai are one seller; else the log's own name in lower case."""
    return list_provider(provider) or (provider or "unknown").strip().lower() or "unknown"


def seller(provider: str | None) -> tuple[str, str]:
    """Name of the seller and of its service."""
    if is_self_hosted(provider):
        return "Self-hosted", "Self-hosted models"
    own = seller_id(provider)
    name = own.replace("_", " ").title()
    return _SELLERS.get(own, (name, f"{name} API"))


def maker(provider: str | None, model: str | None) -> str:
    """Who makes the model; its seller where that is not known."""
    known = facts(seller_id(provider), model) if model else None
    vendor = known.vendor if known else ((model or "").split(".")[-2:-1] or [""])[0]
    return _MAKERS.get(vendor) or (_MAKERS.get(seller_id(provider)) or seller(provider)[0])


def fill(engine: Engine) -> None:
    """Fill ``charge_names`` for the providers and models in ``charges``."""
    engine.create_empty("charge_names", _COLUMNS)
    engine.create("charged", "SELECT provider, model, row_number() OVER () AS nth FROM (SELECT DISTINCT provider, model FROM charges)")
    for first in range(0, engine.value("SELECT count(*) FROM charged"), _AT_ONCE):
        pairs = engine.rows(f"SELECT provider, model FROM charged WHERE nth > {first} AND nth <= {first + _AT_ONCE}")
        named = [(provider, model, seller_id(provider), *seller(provider), maker(provider, model)) for provider, model in pairs]
        engine.load_rows("some_names", _COLUMNS, named)
        engine.extend("charge_names", "SELECT * FROM some_names")
