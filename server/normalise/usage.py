"""Tokens and given costs of one span, from whichever convention counted them.

`input_tokens` includes what was read from or written to a cache and `output_tokens` includes
reasoning; senders who count these beside the sums are added up here.
"""

from dataclasses import dataclass
from typing import Any

from weave_core.server.normalise import texts
from weave_core.server.normalise.numbers import money, tokens
from weave_core.server.normalise.precedence import Picked

__all__ = [
    "USAGE_KEYS",
    "Counts",
    "Prices",
    "counts_in_reply",
    "counts_of",
    "counts_of_body",
    "prices_of",
]


@dataclass(slots=True)
class Counts:
    """Tokens; None where the sender did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


@dataclass(slots=True)
class Prices:
    """USD as the sender gave them."""

    input_usd: float | None = None
    output_usd: float | None = None
    total_usd: float | None = None


_JSON_SOURCES = frozenset(
    (
        "usage_langfuse",
        "usage_reply",
        "usage_json",
        "input_details_json",
        "output_details_json",
        "provider_metadata_json",
    )
)
_AUDIO = ("audio_input_tokens", "audio_output_tokens")


def counts_of(picked: Picked) -> Counts:
    """The tokens that the picked attributes tell."""
    get = picked.get
    counts = Counts(
        tokens(get("input_tokens")),
        tokens(get("output_tokens")),
        tokens(get("cache_read_tokens")),
        tokens(get("cache_write_tokens")),
        tokens(get("reasoning_tokens")),
    )
    if "audio_input_tokens" in picked or "audio_output_tokens" in picked:
        counts.audio_tokens = _sum(tokens(get(key)) for key in _AUDIO)
    if not _JSON_SOURCES.isdisjoint(picked):
        counts = _with_json(counts, picked)
    return _inclusive(counts)


def _with_json(counts: Counts, picked: Picked) -> Counts:
    langfuse = texts.decode(picked.get("usage_langfuse"))
    if isinstance(langfuse, dict):
        counts = _merged(_langfuse(langfuse), counts)
    if "usage_reply" in picked:
        counts = _merged(counts_in_reply(picked["usage_reply"]) or counts, counts)
    body = texts.decode(picked.get("usage_json"))
    if isinstance(body, dict):
        counts = _merged(counts, counts_of_body(body))
    for key, read in (
        ("input_details_json", _INPUT_DETAILS),
        ("output_details_json", _OUTPUT_DETAILS),
    ):
        details = texts.decode(picked.get(key))
        if isinstance(details, dict):
            counts = _merged(counts, _named(details, read))
    metadata = texts.decode(picked.get("provider_metadata_json"))
    if isinstance(metadata, dict):
        counts = _merged(counts, _provider_metadata(metadata))
    return counts


_INPUT_DETAILS: dict[str, tuple[str, ...]] = {
    "cache_read_tokens": ("cache_read", "cached_tokens", "cached"),
    "cache_write_tokens": ("cache_creation", "cache_write", "cache_write_tokens"),
    "audio_tokens": ("audio", "audio_tokens"),
}
_OUTPUT_DETAILS: dict[str, tuple[str, ...]] = {
    "reasoning_tokens": ("reasoning", "reasoning_tokens"),
    "audio_tokens": ("audio", "audio_tokens"),
}


def _named(details: dict[str, Any], names: dict[str, tuple[str, ...]]) -> Counts:
    return Counts(
        **{
            field: next((n for k in keys if (n := tokens(details.get(k))) is not None), None)
            for field, keys in names.items()
        }
    )


def _langfuse(usage: dict[str, Any]) -> Counts:
    """Langfuse counts parts (`input_cached_tokens`, `output_reasoning_tokens`) beside the sums."""
    if "input" not in usage and "output" not in usage:
        return counts_of_body(usage)
    read = _first(usage, "cache_read_input_tokens", "input_cached_tokens", "input_cache_read")
    write = _first(
        usage,
        "cache_creation_input_tokens",
        "input_cache_creation",
        "input_cache_write",
        "cache_write_input_tokens",
    )
    beside = sum(
        n
        for key, value in usage.items()
        if key.startswith("input_") and "cache" not in key and (n := tokens(value))
    )
    got_in, got_out = tokens(usage.get("input")), tokens(usage.get("output"))
    thoughts = sum(
        n for key, value in usage.items() if key.startswith("output_") and (n := tokens(value))
    )
    return Counts(
        None if got_in is None else got_in + (read or 0) + (write or 0) + beside,
        None if got_out is None else got_out + thoughts,
        read,
        write,
        _first(usage, "output_reasoning_tokens", "output_reasoning"),
        _sum(
            (
                _first(usage, "input_audio_tokens", "input_audio"),
                _first(usage, "output_audio_tokens", "output_audio"),
            )
        ),
    )


def _provider_metadata(metadata: dict[str, Any]) -> Counts:
    """Vercel keeps what its own usage lacks in here, by provider."""
    counts = Counts()
    for body in metadata.values():
        if not isinstance(body, dict):
            continue
        usage = body.get("usage")
        found = _first(body, "cachedPromptTokens", "cacheReadInputTokens")
        wrote = _first(body, "cacheCreationInputTokens", "cacheWriteInputTokens")
        if isinstance(usage, dict):
            found = (
                found
                if found is not None
                else _first(usage, "cache_read_input_tokens", "cacheReadInputTokens")
            )
            wrote = (
                wrote
                if wrote is not None
                else _first(usage, "cache_creation_input_tokens", "cacheWriteInputTokens")
            )
        counts = _merged(
            counts,
            Counts(
                cache_read_tokens=found,
                cache_write_tokens=wrote,
                reasoning_tokens=_first(body, "reasoningTokens", "thoughtsTokenCount"),
            ),
        )
    return counts


USAGE_KEYS = ("usage", "usageMetadata", "usage_metadata", "token_usage")
"""What the counts of a provider's own reply are called."""


def counts_in_reply(reply: Any) -> Counts | None:
    """The tokens that a whole reply counts; None when it counts none."""
    body = texts.decode(reply)
    if not isinstance(body, dict):
        return None
    for key in USAGE_KEYS:
        if isinstance(body.get(key), dict):
            return counts_of_body(body[key])
    inner = body.get("llm_output")
    if isinstance(inner, dict) and isinstance(inner.get("token_usage"), dict):
        return counts_of_body(inner["token_usage"])
    return None


def counts_of_body(usage: dict[str, Any]) -> Counts:
    """The `usage` object of a provider's own reply: OpenAI, Anthropic, Gemini, Genkit, MLflow."""
    details_in = _dict(
        usage, "prompt_tokens_details", "input_tokens_details", "input_token_details"
    )
    details_out = _dict(
        usage, "completion_tokens_details", "output_tokens_details", "output_token_details"
    )
    got_in = _first(
        usage,
        "prompt_tokens",
        "input_tokens",
        "inputTokens",
        "promptTokenCount",
        "prompt_token_count",
        "promptTokens",
    )
    got_out = _first(
        usage,
        "completion_tokens",
        "output_tokens",
        "outputTokens",
        "candidatesTokenCount",
        "candidates_token_count",
        "completionTokens",
    )
    read = _first(
        usage,
        "cache_read_input_tokens",
        "cachedContentTokenCount",
        "cached_content_token_count",
        "cachedContentTokens",
        "cachedInputTokens",
        "cache_read_tokens",
    )
    write = _first(
        usage, "cache_creation_input_tokens", "cache_write_input_tokens", "cache_write_tokens"
    )
    # Anthropic's own object: `input_tokens` is what no cache knew.
    is_beside = (
        "total_tokens" not in usage
        and "input_tokens" in usage
        and ("cache_read_input_tokens" in usage or "cache_creation_input_tokens" in usage)
    )
    if is_beside and got_in is not None:
        got_in += (read or 0) + (write or 0)
    thoughts = _first(usage, "thoughtsTokenCount", "thoughts_token_count", "thoughtsTokens")
    if got_out is not None and thoughts:  # Gemini: candidates come without thoughts.
        got_out += thoughts
    nested_in, nested_out = _named(details_in, _INPUT_DETAILS), _named(details_out, _OUTPUT_DETAILS)
    return Counts(
        got_in,
        got_out,
        read if read is not None else nested_in.cache_read_tokens,
        write if write is not None else nested_in.cache_write_tokens,
        thoughts
        if thoughts is not None
        else _first_of(
            nested_out.reasoning_tokens, _first(usage, "reasoningTokens", "reasoning_tokens")
        ),
        _sum((nested_in.audio_tokens, nested_out.audio_tokens)),
    )


def _inclusive(counts: Counts) -> Counts:
    """The sums, where a sender turned out to count cached tokens beside them.

    More cached than all is the one sure sign; any weaker guess would double honest numbers.
    """
    cached = (counts.cache_read_tokens or 0) + (counts.cache_write_tokens or 0)
    if counts.input_tokens is not None and cached > counts.input_tokens:
        counts.input_tokens += cached
    return counts


def _merged(first: Counts, second: Counts) -> Counts:
    """`first`, and `second` where it says nothing."""
    return Counts(
        _first_of(first.input_tokens, second.input_tokens),
        _first_of(first.output_tokens, second.output_tokens),
        _first_of(first.cache_read_tokens, second.cache_read_tokens),
        _first_of(first.cache_write_tokens, second.cache_write_tokens),
        _first_of(first.reasoning_tokens, second.reasoning_tokens),
        _first_of(first.audio_tokens, second.audio_tokens),
    )


def prices_of(picked: Picked) -> Prices:
    """The cost that the sender worked out itself."""
    body = texts.decode(picked.get("cost_json"))
    if isinstance(body, dict) and body:
        total = _price(body, "total", "total_cost")
        got_in, got_out = _price(body, "input", "input_cost"), _price(body, "output", "output_cost")
        if total is None:
            parts = [p for v in body.values() if (p := money(v)) is not None]
            total = sum(parts) if parts else None
        if total is not None:
            return Prices(got_in, got_out, total)
    got_in, got_out = money(picked.get("input_cost_usd")), money(picked.get("output_cost_usd"))
    total = money(picked.get("cost_usd"))
    if total is None and got_in is not None and got_out is not None:
        total = got_in + got_out
    return Prices(got_in, got_out, total)


def _price(body: dict[str, Any], *keys: str) -> float | None:
    return next((p for k in keys if (p := money(body.get(k))) is not None), None)


def _first(body: dict[str, Any], *keys: str) -> int | None:
    return next((n for k in keys if (n := tokens(body.get(k))) is not None), None)


def _first_of(one: int | None, other: int | None) -> int | None:
    return one if one is not None else other


def _dict(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    return next((v for k in keys if isinstance(v := body.get(k), dict)), {})


def _sum(counts: Any) -> int | None:
    known = [n for n in counts if n is not None]
    return sum(known) if known else None
