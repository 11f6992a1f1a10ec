"""Settings of a model call under one name each."""

import re
from typing import Any

from weave_core import semconv
from weave_core.server.normalise import texts
from weave_core.server.normalise.events import FIRST_TOKEN_EVENTS
from weave_core.server.normalise.numbers import amount
from weave_core.server.normalise.sent import Sent

__all__ = ["canonical", "in_metadata", "is_stream"]

_NAMES = {
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "maxOutputTokens": "max_tokens",
    "maxTokens": "max_tokens",
    "max_tokens_to_sample": "max_tokens",
    "max_gen_len": "max_tokens",
    "maxTokenCount": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "stop_sequences": "stop",
    "stopSequences": "stop",
    "choice.count": "n",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
    "reasoning.level": "reasoning_effort",
    "structured_output_schema": "response_format",
}
_NUMBERS = frozenset(
    (
        *("temperature", "top_p", "top_k", "max_tokens", "seed", "n"),
        *("frequency_penalty", "presence_penalty", "maxRetries", "maxSteps"),
    )
)
_NEVER = frozenset(("model", "user", "stream_options"))
_UNSET = frozenset(("Infinity", "inf", "NOT_GIVEN", "NotGiven"))
_NO_LIMIT = -1
"""OpenLIT's most tokens where none was asked for."""
_OBJECT = re.compile(r"<[\w.]{1,100} object at 0x[0-9a-f]+>")
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}
_STREAM_KEYS = (
    semconv.GEN_AI_REQUEST_STREAM,
    "gen_ai.is_streaming",
    "llm.is_streaming",
    "llm.request.stream",
    "request.stream",
    "gen_ai.request.is_stream",
    "gen_ai.request.streaming",
)


def canonical(found: dict[str, Any]) -> dict[str, Any]:
    """`found` under canonical names; what has none keeps its own."""
    out: dict[str, Any] = {}
    for name, value in found.items():
        if name in _NEVER or texts.is_empty(value) or _is_unset(value):
            continue
        known = _NAMES.get(name, name)
        said = _number(value) if known in _NUMBERS else value
        if known != "max_tokens" or said != _NO_LIMIT:
            out.setdefault(known, said)
    return out


def _number(value: Any) -> Any:
    """The number that a text or a whole double is."""
    found = amount(value)
    if found is None:
        return value
    return int(found) if found == int(found) and "." not in str(value) else found


def _is_unset(value: Any) -> bool:
    """Whether a client wrote out that nothing was given: `Infinity`, `<openai.Omit object …>`."""
    return isinstance(value, str) and (value in _UNSET or _OBJECT.match(value) is not None)


def in_metadata(sent: Sent) -> dict[str, Any]:
    """What LangChain says of a model call in its metadata: `ls_temperature` and its like."""
    if sent.kind != "llm":
        return {}
    said = sent.json("metadata")
    said = said if isinstance(said, dict) else {}
    names = {f"ls_{name}": name for name in ("temperature", "max_tokens", "stop")}
    found = {
        name: sent.attributes.get(f"langsmith.metadata.{key}", said.get(key))
        for key, name in names.items()
    }
    return {name: value for name, value in found.items() if value is not None}


def is_stream(sent: Sent, params: dict[str, Any]) -> bool | None:
    """Whether the reply was streamed; None on spans that are no model call, or do not say."""
    if sent.kind != "llm":
        return None
    attributes = sent.attributes
    for key in _STREAM_KEYS:
        if key in attributes and (said := _BOOLEANS.get(str(attributes[key]))) is not None:
            return said
    if "stream" in params and (said := _BOOLEANS.get(str(params["stream"]))) is not None:
        return said
    operation = attributes.get("ai.operationId")
    if isinstance(operation, str) and operation.endswith(".doStream"):
        return True
    if semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK in attributes:
        return True
    events = sent.raw.events
    return True if events and any(event.name in FIRST_TOKEN_EVENTS for event in events) else None
