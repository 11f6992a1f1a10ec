"""Parts of a message, from any provider's JSON to the parts of the GenAI conventions.

OpenAI's content items, Anthropic's blocks, Gemini's parts, Vercel's parts and the conventions'
own differ in words only; which words, the tables here say.  What is unknown is kept as it came.
"""

import re
from collections.abc import Callable
from typing import Any

from weave_core.server.normalise import texts

__all__ = ["Part", "call_key", "parts_of", "text_part", "tool_call", "tool_response"]

Part = dict[str, Any]

_MAX_PARTS = 10_000
_TEXT_TYPES = frozenset(("text", "input_text", "output_text", "summary_text", "refusal"))
_REASONING_TYPES = frozenset(
    ("reasoning", "thinking", "redacted_thinking", "reasoning_text", "thought")
)
_CALL_TYPES = frozenset(
    ("tool_call", "tool-call", "tool_use", "function_call", "custom_tool_call", "server_tool_use")
)
_RESPONSE_TYPES = frozenset(
    (
        "tool_call_response",
        "tool-result",
        "tool_result",
        "function_call_output",
        "custom_tool_call_output",
        "web_search_tool_result",
        "tool_response",
    )
)
_MEDIA_TYPES = frozenset(
    (
        "image",
        "image_url",
        "image-url",
        "input_image",
        "audio",
        "input_audio",
        "document",
        "document-url",
        "audio-url",
        "video-url",
        "input_file",
        "binary",
        "media",
        "video",
    )
)
_DATA_URI = re.compile(r"data:([^;,]{0,100})(?:;[^;,]{0,100})*;(base64|digest),")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,30}://")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
"""Where base64 would stand: the medium is a blob."""


def parts_of(value: Any) -> list[Part]:
    """`value` as parts: a text, one part or a list of parts; nothing for nothing."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [text_part(value)]
    if isinstance(value, list):
        return [part for item in value[:_MAX_PARTS] for part in _part(item)]
    return _part(value)


def text_part(content: Any) -> Part:
    """A part of plain text."""
    return {"type": "text", "content": content if type(content) is str else texts.compact(content)}


def tool_call(call_id: Any, name: Any, arguments: Any) -> Part:
    """A tool that a model asks for; arguments that are JSON text are decoded."""
    return {
        "type": "tool_call",
        "id": texts.as_text(call_id),
        "name": texts.as_text(name),
        "arguments": texts.opened(arguments),
    }


def call_key(call: Part) -> str:
    """What makes two tool calls the same one: the id, else name and arguments."""
    return str(call["id"] or texts.compact([call["name"], call["arguments"]]))


def tool_response(call_id: Any, response: Any) -> Part:
    """What a tool answered."""
    return {
        "type": "tool_call_response",
        "id": texts.as_text(call_id),
        "response": texts.opened(response),
    }


def _part(item: Any) -> list[Part]:
    if isinstance(item, str):
        return [text_part(item)] if item else []
    if not isinstance(item, dict):
        return [] if item is None else [text_part(item)]
    kind = item.get("type")
    if kind is None and item.get("kind") in _READERS:  # Pydantic AI's first form.
        kind = item["kind"]
    if kind is None:
        return _text(item) if isinstance(item.get("text"), str) else _untyped(item)
    if kind == "function" and "function" in item:
        return [_call(item)]
    read = _READERS.get(kind) if isinstance(kind, str) else None
    return read(item) if read else [_generic(item, str(kind))]


def _text(item: dict[str, Any]) -> list[Part]:
    said = item.get("content")
    if said is None:
        said = item.get("text")
    if said is None:
        said = item.get("refusal")
    if isinstance(said, dict):  # {"text": {"value": …}}, the assistants' API.
        said = said.get("value", said)
    if item.get("thought") is True:
        return [{"type": "reasoning", "content": said}] if said else []
    return [text_part(said)] if said not in (None, "") else []


def _reasoning(item: dict[str, Any]) -> list[Part]:
    for key in ("content", "text", "thinking", "reasoning", "summary", "data"):
        said = item.get(key)
        if isinstance(said, str) and said[:1] == "[":
            said = texts.decode(said)  # A list of summaries as one text (Traceloop).
        if isinstance(said, list):
            said = "\n".join(p["content"] for p in parts_of(said) if type(p.get("content")) is str)
        if isinstance(said, str) and said:
            return [{"type": "reasoning", "content": said}]
    return []


def _call(item: dict[str, Any]) -> Part:
    inner = item.get("function")
    if not isinstance(inner, dict):
        inner = item
    arguments = next((inner[k] for k in ("arguments", "input", "args") if k in inner), None)
    return tool_call(
        _one_of(item, "call_id", "toolCallId", "tool_call_id", "id"),
        _one_of(inner, "name", "toolName", "tool_name"),
        arguments,
    )


def _response(item: dict[str, Any]) -> Part:
    answer = next((item[k] for k in ("response", "result", "output", "content") if k in item), None)
    if isinstance(answer, dict) and set(answer) == {"type", "value"}:  # Vercel's typed output.
        answer = answer["value"]
    call_id = _one_of(item, "call_id", "toolCallId", "tool_use_id", "tool_call_id", "id")
    return tool_response(call_id, plain(texts.opened(answer)))


def plain(answer: Any) -> Any:
    """A tool's answer without the wrapping of content items, when these are all text."""
    if not isinstance(answer, list) or not answer:
        return answer
    if all(
        isinstance(p, dict)
        and (p.get("type") in _TEXT_TYPES or set(p) == {"text"})  # Bedrock's have no type.
        and isinstance(p.get("text"), str)
        for p in answer
    ):
        return "".join(p["text"] for p in answer)
    if len(answer) == 1 and isinstance(answer[0], dict) and set(answer[0]) == {"json"}:
        return answer[0]["json"]
    return answer


def _untyped(item: dict[str, Any]) -> list[Part]:
    """Parts that are told apart by their key: Gemini's, Bedrock's, Genkit's."""
    for keys, read in _UNTYPED:
        for key in keys:
            body = item.get(key)
            if isinstance(body, dict):
                return [read(body)]
    if "content" in item:
        return parts_of(item["content"])
    return [_generic(item, "generic")] if item else []


def _untyped_call(body: dict[str, Any]) -> Part:
    arguments = _one_of(body, "args", "arguments", "input")
    return tool_call(_one_of(body, "id", "toolUseId", "ref"), body.get("name"), arguments)


def _untyped_response(body: dict[str, Any]) -> Part:
    said = _one_of(body, "response", "content", "output")
    return tool_response(_one_of(body, "id", "toolUseId", "ref", "name"), plain(said))


def _untyped_blob(body: dict[str, Any]) -> Part:
    return _blob(_one_of(body, "mime_type", "mimeType"), body.get("data"), body)


def _untyped_link(body: dict[str, Any]) -> Part:
    mime = _one_of(body, "mime_type", "mimeType", "contentType")
    return _link(mime, _one_of(body, "file_uri", "fileUri", "url"))


def _bedrock_media(kind: str, body: dict[str, Any]) -> Part:
    """Bytes, or where they lie in S3."""
    source = body.get("source")
    inner = source if isinstance(source, dict) else body
    form = texts.as_text(body.get("format"))
    mime = f"{kind}/{form}" if form else None
    place = inner.get("s3Location")
    if isinstance(place, dict):
        return _link(mime, place.get("uri"))
    if inner.get("bytes") is not None:
        return _blob(mime, inner["bytes"], body)
    return _generic(body, kind)


_UNTYPED: tuple[tuple[tuple[str, ...], Callable[[dict[str, Any]], Part]], ...] = (
    (("function_call", "functionCall", "toolUse", "toolRequest"), _untyped_call),
    (("function_response", "functionResponse", "toolResult", "toolResponse"), _untyped_response),
    (("inline_data", "inlineData"), _untyped_blob),
    (("file_data", "fileData", "media"), _untyped_link),
    (("image",), lambda body: _bedrock_media("image", body)),
    (("video",), lambda body: _bedrock_media("video", body)),
    (("document",), lambda body: _bedrock_media("application", body)),
)


def _media(item: dict[str, Any]) -> Part:
    """An image, sound or document, inline or by address."""
    source = item.get("source")
    body = source if isinstance(source, dict) else item
    for key in ("image_url", "input_audio", "image", "audio", "file", "document", "inlineData"):
        inner = item.get(key)
        if isinstance(inner, dict):
            body = {**body, **inner}
        elif isinstance(inner, str):
            body = {**body, "url": inner}
    mime = _one_of(body, "mime_type", "media_type", "mediaType", "mimeType")
    if mime is None and isinstance(body.get("format"), str):
        mime = f"audio/{body['format']}"
    address = _one_of(body, "url", "uri", "file_uri")
    if isinstance(address, str):
        return _link(mime, address)
    data = _one_of(body, "data", "file_data", "binary_content", "content", "transcript")
    if data is not None:
        return _blob(mime, data, body)
    return _generic(item, str(item.get("type")))


def _file(item: dict[str, Any]) -> Part:
    """A file by the provider's id (kept), by address or inline (Vercel, OpenAI)."""
    inner = item.get("file")
    body = {**item, **inner} if isinstance(inner, dict) else item
    data = _one_of(body, "data", "file_data")
    mime = _one_of(body, "mime_type", "mediaType", "mimeType")
    if isinstance(data, str):
        if data.startswith(("http://", "https://", "data:")):
            return _link(mime, data)
        return _blob(mime, data, body)
    if isinstance(body.get("url"), str):
        return _link(mime, body["url"])
    return _generic(item, "file")


def _link(mime: Any, address: Any) -> Part:
    """A reference; a `data:` address is what it holds."""
    if isinstance(address, str) and address.startswith("data:"):
        head = _DATA_URI.match(address, 0, 400)
        if head:
            return _blob(head[1] or mime, address[head.end() :], {})
    return {"type": "uri", "mime_type": texts.as_text(mime), "uri": texts.as_text(address)}


def _blob(mime: Any, data: Any, item: dict[str, Any]) -> Part:
    if isinstance(data, str) and _ADDRESS.match(data):  # Where MLflow took the bytes out.
        return _link(mime, data)
    digest = texts.as_text(item.get("digest"))
    if isinstance(data, str) and _DIGEST.fullmatch(data):
        digest, data = data, None
    part: Part = {"type": "blob", "mime_type": texts.as_text(mime)}
    if digest:
        part["digest"] = digest
    if data is None and digest:
        return part
    part["data"] = texts.as_text(texts.bounded(data) if isinstance(data, bytes) else data)
    return part


_TEXT_FIELDS = ("id", "name", "mime_type", "digest", "data", "uri")


def _generic(item: dict[str, Any], kind: str) -> Part:
    """Kept as it came, except that fields every part may have are text."""
    part = {**item, "type": kind}
    for key in _TEXT_FIELDS:
        if key in part and part[key] is not None and type(part[key]) is not str:
            part[key] = texts.compact(part[key])
    return part


def _one_of(item: dict[str, Any], *keys: str) -> Any:
    return next((item[k] for k in keys if item.get(k) is not None), None)


def _blob_part(item: dict[str, Any]) -> Part:
    return _blob(item.get("mime_type"), item.get("data", item.get("content")), item)


def _uri_part(item: dict[str, Any]) -> Part:
    return _link(item.get("mime_type"), item.get("uri"))


def _one(read: Callable[[dict[str, Any]], Part]) -> Callable[[dict[str, Any]], list[Part]]:
    return lambda item: [read(item)]


_READERS: dict[str, Callable[[dict[str, Any]], list[Part]]] = {
    **dict.fromkeys(_TEXT_TYPES, _text),
    **dict.fromkeys(_REASONING_TYPES, _reasoning),
    **dict.fromkeys(_CALL_TYPES, _one(_call)),
    **dict.fromkeys(_RESPONSE_TYPES, _one(_response)),
    **dict.fromkeys(_MEDIA_TYPES, _one(_media)),
    "blob": _one(_blob_part),
    "uri": _one(_uri_part),
    "file": _one(_file),
}
