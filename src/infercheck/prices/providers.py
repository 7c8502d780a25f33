"""From the provider names that logs use to the providers of the price list, and from model names to the spellings that the list knows."""

from __future__ import annotations

import re

# Log name (LiteLLM's custom_llm_provider, OpenTelemetry's gen_ai.provider.name, SDK names) -> provider of the price list.
# Explicit on purpose: the price list's own matching is by substring, and would bill "custom_openai" (any private server) as OpenAI.
LIST_PROVIDER: dict[str, str] = {
    "openai": "openai",
    "text-completion-openai": "openai",
    "azure": "azure",
    "azure_text": "azure",
    "azure_ai": "azure",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "az.ai.openai": "azure",
    "az.ai.inference": "azure",
    "azure_openai": "azure",
    "azureopenai": "azure",
    "anthropic": "anthropic",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "bedrock_mantle": "aws",
    "amazon_bedrock": "aws",
    "aws_bedrock": "aws",
    "aws.bedrock": "aws",
    "aws": "aws",
    "gemini": "google",
    "google": "google",
    "google_genai": "google",
    "google_ai_studio": "google",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "vertexai": "google",
    "google_vertex": "google",
    "google_vertexai": "google",
    "mistral": "mistral",
    "mistralai": "mistral",
    "mistral_ai": "mistral",
    "codestral": "mistral",
    "deepseek": "deepseek",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "groq": "groq",
    "together_ai": "together",
    "together": "together",
    "fireworks_ai": "fireworks",
    "fireworks": "fireworks",
    "openrouter": "openrouter",
    "xai": "x-ai",
    "x_ai": "x-ai",
    "x-ai": "x-ai",
    "perplexity": "perplexity",
    "cerebras": "cerebras",
    "databricks": "databricks",
    "novita": "novita",
    "moonshot": "moonshotai",
    "moonshotai": "moonshotai",
    "minimax": "minimax",
    "zai": "zai",
    "voyage": "voyageai",
    "voyageai": "voyageai",
    "github_copilot": "github-copilot",
    "baseten": "baseten",
    "ovhcloud": "ovhcloud",
    "cloudflare": "cloudflare",
}

# Servers that people run themselves: an hour of the machine has a price, a token has none. Any name that is in neither list is also
# unpriced; this list only lets the report say why.
SELF_HOSTED = frozenset(
    {
        *(
            "hosted_vllm",
            "vllm",
            "ollama",
            "ollama_chat",
            "lm_studio",
            "llamafile",
            "llamacpp",
            "llama_cpp",
            "xinference",
            "triton",
            "sglang",
        ),
        *("tgi", "text-generation-inference", "custom", "custom_openai", "openai_like", "oobabooga", "petals", "docker_model_runner"),
        *("localai", "infinity", "lemonade", "ramalama"),
    }
)
# Vendors whose model names have no slash: one in the log is a path, an ARN or a prefix. Aggregators' names contain one of their own.
_SLASHLESS = frozenset({"openai", "azure", "anthropic", "aws", "google", "mistral", "deepseek", "cohere", "x-ai", "perplexity"})

_BEDROCK_ID = re.compile(
    r"^(?:(?:us|eu|apac|ap|au|jp|ca|global|us-gov)\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|qwen|openai|google)\."
)
_VERSION = re.compile(r"(?:-\d{3}|@[\w.-]+)$")


def list_provider(provider: str | None) -> str | None:
    """The price list's provider for a log's provider name; None for a self-hosted, unknown or absent one."""
    if provider is None:
        return None
    name = provider.strip().lower()
    return "google" if name.startswith("vertex_ai") else LIST_PROVIDER.get(name)


def is_self_hosted(provider: str | None) -> bool:
    """True where the provider name means a server of one's own, which has no list price."""
    return provider is not None and provider.strip().lower() in SELF_HOSTED


def is_bedrock_id(model: str) -> bool:
    """True for a name that only Bedrock spells so, such as ``us.anthropic.claude-sonnet-4-5-20250929-v1:0``."""
    return _BEDROCK_ID.match(model.lower()) is not None


def spellings(list_id: str, model: str) -> list[str]:
    """The names to look up, in order: as logged, without path or ARN, without a version that the list does not carry."""
    names = [model.strip().lower()]
    tail = names[0].rsplit("/", 1)[-1]
    if tail != names[0] and list_id in _SLASHLESS:
        names.append(tail)
    if list_id == "google":
        names += [_VERSION.sub("", n) for n in names if _VERSION.search(n)]
    return list(dict.fromkeys(n for n in names if n))
