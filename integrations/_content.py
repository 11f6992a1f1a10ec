"""Parts of messages as the OpenTelemetry GenAI conventions write them, from whatever an SDK holds.

Source: open-telemetry/semantic-conventions-genai, `docs/gen-ai/non-normative/models.py`.
"""

import json
from collections.abc import Mapping
from typing import Any

from weave_core.tracing.content import content_json
from weave_core.tracing.media import InlineMedia

__all__ = [
    "arguments_of",
    "as_list",
    "canonical_reason",
    "get",
    "media",
    "messages_json",
    "other",
    "text",
    "tool_call",
    "tool_response",
]

Part = dict[str, Any]

_REASONS = {
    "tool_calls": "tool_call",
    "tool_use": "tool_call",
    "function_call": "tool_call",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
_MODALITIES = ("image", "audio", "video")


def get(value: Any, name: str, default: Any = None) -> Any:
    """A field of a mapping or of an object, as the SDKs have both."""
    # Nearly all are dicts, and asking an abstract class costs more than the look-up itself.
    if type(value) is dict or isinstance(value, Mapping):
        return value.get(name, default)
    return getattr(value, name, default)


def as_list(value: Any) -> list[Any] | tuple[Any, ...]:
    """`value` where it is a list; empty for anything else: an iterator must not be used up."""
    return value if isinstance(value, list | tuple) else ()


def messages_json(messages: Any) -> str | None:
    """JSON text for an attribute; None where there is nothing to tell."""
    return content_json(messages) if messages else None


def canonical_reason(reason: str | None) -> str | None:
    """A provider's word for why it stopped, in OpenTelemetry's words; unknown ones stay."""
    return _REASONS.get(reason, reason) if reason else None


def text(content: str) -> Part:
    """A part of plain text."""
    return {"type": "text", "content": content}


def tool_call(call_id: str | None, name: str | None, arguments: Any) -> Part:
    """A part in which the model calls a tool."""
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": arguments_of(arguments)}


def tool_response(call_id: str | None, response: Any) -> Part:
    """A part in which a tool answers."""
    return {"type": "tool_call_response", "id": call_id, "response": response}


def arguments_of(arguments: Any) -> Any:
    """Arguments as JSON; the text itself where a stream broke off in the middle of it."""
    if not isinstance(arguments, str):
        return arguments
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def media(data: str, mime_type: str | None, modality: str | None = None) -> Part:
    """An image, sound or file: by address, or by the digest of its bytes.

    Args:
        data: A URL, a `data:` URL, or base64.
        mime_type: Its type, where it is known.
        modality: `image`, `audio`, `video` or `document`; default: by its type.
    """
    if data.startswith("data:"):
        head, _, data = data.partition(",")
        mime_type = head.removeprefix("data:").partition(";")[0] or mime_type
    elif "://" in data[:20]:
        return {"type": "uri", "modality": modality, "mime_type": mime_type, "uri": data}
    modality = modality or _modality(mime_type)
    part: Part = {"type": "blob", "modality": modality, "mime_type": mime_type}
    return {**part, "digest": InlineMedia(data, mime_type)}


def other(part: Any) -> Part:
    """A part of a type that the conventions do not name, kept as it is."""
    dump = getattr(part, "model_dump", None)
    value = dump(mode="json", exclude_none=True, warnings=False) if dump is not None else part
    return dict(value) if isinstance(value, Mapping) else {"type": "unknown", "content": value}


def _modality(mime_type: str | None) -> str:
    kind = (mime_type or "").partition("/")[0]
    return kind if kind in _MODALITIES else "document"
