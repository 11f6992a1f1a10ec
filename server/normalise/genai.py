"""The GenAI semantic conventions as they are now, and the renames they went through.

Source: open-telemetry/semantic-conventions-genai, `docs/gen-ai/` and `non-normative/models.py`.
"""

from functools import lru_cache
from typing import Any

from weave_core import semconv
from weave_core.server.normalise import genai_events, texts
from weave_core.server.normalise.messages import Message, messages_in
from weave_core.server.normalise.numbers import amount
from weave_core.server.normalise.parts import Part, parts_of, tool_call
from weave_core.server.normalise.precedence import MAX_PLANNED_KEYS, MAX_PLANS
from weave_core.server.normalise.sent import Sent

__all__ = [
    "EMBEDDED_KEY",
    "PARAM_KEYS",
    "called_tool",
    "documents",
    "embeddings",
    "event_input_messages",
    "event_output_messages",
    "event_scores",
    "input_messages",
    "output_messages",
    "params",
    "system",
    "tools",
]

_REQUEST = "gen_ai.request."
_NOT_PARAMS = frozenset(
    (
        "model",
        "stream",
        "is_stream",
        "user",
        "previous_response.id",
        "stream_cursor",
        "instructions",
        "tools",
        "embedding_inputs",
        "type",
        "streaming",
        "parameters",
    )
)
_MORE_PARAMS = {
    "gen_ai.openai.request.seed": "seed",
    "gen_ai.openai.request.response_format": "response_format",
    "gen_ai.openai.request.service_tier": "service_tier",
    semconv.OPENAI_REQUEST_SERVICE_TIER: "service_tier",
    "llm.request.max_tokens": "max_tokens",
    "llm.temperature": "temperature",
    "llm.top_p": "top_p",
    "llm.top_k": "top_k",
    "llm.frequency_penalty": "frequency_penalty",
    "llm.presence_penalty": "presence_penalty",
    "llm.chat.stop_sequences": "stop",
}
PARAM_KEYS = (_REQUEST, *_MORE_PARAMS)
"""How the keys begin that `params` reads."""


SYSTEM_KEYS = (semconv.GEN_AI_SYSTEM_INSTRUCTIONS, "gen_ai.request.instructions", "system_prompt")
"""The last is Strands'."""
TOOL_KEYS = (semconv.GEN_AI_TOOL_DEFINITIONS, "gen_ai.agent.tools", "gen_ai.request.tools")
"""The second has names only (Strands), the last is a list of one JSON text (Langtrace)."""
EMBEDDED_KEY = "gen_ai.request.embedding_inputs"
"""Langtrace's: a list of one JSON text."""


def input_messages(sent: Sent) -> list[Message] | None:
    """The attribute of input messages."""
    value = sent.decoded(semconv.GEN_AI_INPUT_MESSAGES)
    return messages_in(value) if value is not None else None


def output_messages(sent: Sent) -> list[Message] | None:
    """The attribute of output messages, one per choice."""
    value = sent.decoded(semconv.GEN_AI_OUTPUT_MESSAGES)
    return messages_in(value, role="assistant") if value is not None else None


def called_tool(sent: Sent) -> list[Message] | None:
    """The tool that a model called, told by the keys of a tool's own span (OpenLIT)."""
    if sent.kind != "llm":
        return None
    arguments = sent.get("gen_ai.tool.args")
    if arguments is None:
        return None
    called = tool_call(
        sent.get(semconv.GEN_AI_TOOL_CALL_ID), sent.get(semconv.GEN_AI_TOOL_NAME), arguments
    )
    return [{"role": "assistant", "parts": [called]}]


def event_input_messages(sent: Sent) -> list[Message] | None:
    """One event or log record per message."""
    return genai_events.input_messages(genai_events.told(sent.raw.events))


def event_output_messages(sent: Sent) -> list[Message] | None:
    """One event or log record per choice."""
    return genai_events.output_messages(genai_events.told(sent.raw.events))


def event_scores(sent: Sent) -> list[dict[str, Any]]:
    """One event or log record per judgement."""
    return genai_events.scores(genai_events.told(sent.raw.events))


def system(sent: Sent) -> list[Part] | None:
    """System instructions: parts, a text, or (from some senders) messages."""
    told = (sent.decoded(key) for key in SYSTEM_KEYS)
    value = next((value for value in told if value is not None), None)
    if value is None:
        return None
    if isinstance(value, list) and value and isinstance(value[0], dict) and "role" in value[0]:
        return [part for message in messages_in(value) for part in message["parts"]]
    return parts_of(value)


def tools(sent: Sent) -> list[Any] | None:
    """Tool definitions, as they came."""
    told = (_opened(sent.decoded(key)) for key in TOOL_KEYS)
    return next((value for value in told if isinstance(value, list)), None)


def embeddings(sent: Sent) -> list[str] | None:
    """The texts that were embedded."""
    value = _opened(sent.decoded(EMBEDDED_KEY))
    if not isinstance(value, list):
        return None
    return [text for text in value if isinstance(text, str)]


def _opened(value: Any) -> Any:
    """A list, also where it is the only thing in a list, as JSON text or as it is."""
    if isinstance(value, list) and len(value) == 1:
        inner = texts.decode(value[0])
        return inner if isinstance(inner, list) else value
    return value


def documents(sent: Sent) -> list[Any] | None:
    """Documents that were found, or records that were remembered."""
    value = sent.decoded(semconv.GEN_AI_RETRIEVAL_DOCUMENTS)
    if value is None:
        value = sent.decoded("gen_ai.memory.records")
    return value if isinstance(value, list) else None


def _new_names(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Keys of settings, each with its name."""
    named = (
        (key, _MORE_PARAMS.get(key) or (key[len(_REQUEST) :] if key.startswith(_REQUEST) else ""))
        for key in keys
    )
    return tuple(
        (key, name)
        for key, name in named
        if name and name not in _NOT_PARAMS and not name.startswith("functions.")
    )


_known_names = lru_cache(maxsize=MAX_PLANS)(_new_names)


def params(sent: Sent) -> dict[str, Any]:
    """Settings of the request, by the name that comes after the prefix."""
    found: dict[str, Any] = {}
    keys = tuple(sent.attributes)
    names = _known_names(keys) if len(keys) <= MAX_PLANNED_KEYS else _new_names(keys)
    for key, name in names:
        value = sent.attributes[key]
        if not texts.is_empty(value):
            found.setdefault(name, texts.decode(value))
    top_k = found.get("top_k")
    if isinstance(top_k, float) and amount(top_k) == int(top_k):
        found["top_k"] = int(top_k)  # A double up to version 1.41.
    return found
