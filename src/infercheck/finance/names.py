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
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE charge_names "
        "(provider VARCHAR, model VARCHAR, seller VARCHAR, seller_name VARCHAR, service VARCHAR, maker VARCHAR)"
    )
    for provider, model in engine.rows("SELECT DISTINCT provider, model FROM charges ORDER BY ALL"):
        engine.execute(
            "INSERT INTO charge_names VALUES (?, ?, ?, ?, ?, ?)",
            [provider, model, seller_id(provider), *seller(provider), maker(provider, model)],
        )
