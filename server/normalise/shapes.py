"""Tools, documents and values, from the many shapes they come in to ours."""

import re
from typing import Any

from weave_core import semconv
from weave_core.server.normalise import texts
from weave_core.server.normalise.messages import messages_in
from weave_core.server.normalise.numbers import amount
from weave_core.server.normalise.parts import plain
from weave_core.server.normalise.sent import Sent

__all__ = [
    "are_nodes",
    "document",
    "documents_in",
    "texts_of_input",
    "tool_arguments",
    "tool_definition",
    "tool_definitions",
    "tool_in_span_name",
    "tool_result",
    "unwrapped",
]

_MAX_DOCUMENTS = 10_000
_CONTENT_KEYS = ("content", "page_content", "pageContent", "text", "document", "body")
_ID_KEYS = ("id", "id_", "node_id", "doc_id", "document_id")
_SCORE_KEYS = ("score", "relevance_score", "similarity", "distance")
_LIST_KEYS = ("documents", "output", "outputs", "results", "nodes", "source_nodes", "matches")
_REPR = re.compile(r"<?\w+\(.*\)>?", re.DOTALL)
"""An object of the sender's program, as Python shows it."""
_DOCUMENT_KEYS = frozenset((*_ID_KEYS, *_CONTENT_KEYS, *_SCORE_KEYS, "metadata"))


def tool_definition(item: Any) -> dict[str, Any] | None:
    """`{name, description, parameters}` of any provider's form, or the conventions'."""
    if isinstance(item, str):
        return {"name": item, "description": None, "parameters": None}
    if not isinstance(item, dict):
        return None
    inner = item.get("function") or item.get("toolSpec")  # Bedrock's.
    body = inner if isinstance(inner, dict) else item
    schema = next(
        (
            body[k]
            for k in ("parameters", "input_schema", "inputSchema", "parameters_json_schema")
            if body.get(k) is not None
        ),
        None,
    )
    if isinstance(schema, dict) and set(schema) == {"json"}:
        schema = schema["json"]
    return {
        "name": texts.as_text(body.get("name")) or texts.as_text(item.get("type")),
        "description": texts.as_text(body.get("description")),
        "parameters": texts.decode(schema),
    }


def tool_definitions(items: list[Any]) -> list[dict[str, Any]]:
    """All tools on offer; Gemini wraps its own into lists of declarations."""
    found: list[dict[str, Any]] = []
    for item in items:
        inner = None
        if isinstance(item, dict):
            inner = item.get("function_declarations") or item.get("functionDeclarations")
        for tool in inner if isinstance(inner, list) else [item]:
            definition = tool_definition(tool)
            if definition:
                found.append(definition)
    return found


def document(item: Any) -> dict[str, Any]:
    """`{id, content, score, metadata}`."""
    item = texts.decode(item)
    if not isinstance(item, dict):
        return {"id": None, "content": item, "score": None, "metadata": {}}
    node = item.get("node")
    if isinstance(node, dict):  # LlamaIndex: the score is beside the node.
        item = {**node, **{k: v for k, v in item.items() if k != "node"}}
    kwargs = item.get("kwargs")
    if item.get("lc") and isinstance(kwargs, dict):  # LangChain's serialised document.
        item = kwargs
    metadata = texts.decode(item.get("metadata"))
    if not isinstance(metadata, dict):
        metadata = {} if metadata is None else {"metadata": metadata}
    rest = {k: v for k, v in item.items() if k not in _DOCUMENT_KEYS and k != "type"}
    if isinstance(node, dict):
        rest = {}  # LlamaIndex's book-keeping.
    return {
        "id": _of(item, _ID_KEYS, texts.as_text),
        "content": texts.bounded(plain(next((item[k] for k in _CONTENT_KEYS if k in item), None))),
        "score": _of(item, _SCORE_KEYS, amount),
        "metadata": texts.bounded({**rest, **metadata}),
    }


def _of(item: dict[str, Any], keys: tuple[str, ...], read: Any) -> Any:
    return next((found for k in keys if (found := read(item.get(k))) is not None), None)


def documents_in(value: Any) -> list[dict[str, Any]]:
    """Documents in the output of a retriever: a list of them, or a map that holds one."""
    if isinstance(value, dict):
        value = next((value[k] for k in _LIST_KEYS if isinstance(value.get(k), list)), None)
    if not isinstance(value, list):
        return []
    return [document(item) for item in value[:_MAX_DOCUMENTS] if _is_document(texts.decode(item))]


def are_nodes(value: Any) -> bool:
    """Whether `value` is what LlamaIndex found: Traceloop calls its retrievers tasks."""
    first = texts.decode(value[0]) if isinstance(value, list) and value else None
    return isinstance(first, dict) and isinstance(first.get("node"), dict) and "score" in first


def tool_arguments(value: Any) -> Any:
    """What a tool was asked, without what LlamaIndex, smolagents and MCP's calls put around it."""
    if not isinstance(value, dict):
        return value
    if value.keys() == _MCP_CALL:
        return value["arguments"]
    named = value.get("kwargs")
    is_wrapped = value.keys() <= _CALLED and value.keys() != {"args", "kwargs"}  # Traceloop's own.
    return named if isinstance(named, dict) and is_wrapped and not value.get("args") else value


def tool_result(value: Any, asked: Any) -> Any:
    """What a tool answered, without the wrapping of content items, of LlamaIndex or of MCP."""
    if isinstance(value, dict):
        if {"raw_output", "tool_name"} <= value.keys():
            value = value["raw_output"]
        elif value.keys() == {"result"} and isinstance(asked, dict) and asked.keys() == _MCP_CALL:
            value = value["result"]
    return texts.opened(plain(value))


_MCP_CALL = frozenset(("tool_name", "arguments"))
_CALLED = frozenset(("args", "kwargs", "sanitize_inputs_outputs"))


def _is_document(item: Any) -> bool:
    if not isinstance(item, dict):
        return isinstance(item, str) and not _REPR.fullmatch(item)
    return bool(item.get("lc") or isinstance(item.get("node"), dict)) or any(
        key in item for key in _CONTENT_KEYS
    )


def texts_of_input(sent: Sent) -> list[str] | None:
    """The texts of input messages, which is how some senders write what was embedded."""
    return [
        part["content"]
        for message in messages_in(sent.decoded(semconv.GEN_AI_INPUT_MESSAGES))
        for part in message["parts"]
        if part["type"] == "text"
    ]


def tool_in_span_name(name: str) -> str | None:
    """The tool, where nothing but the span's name tells it."""
    name = name.rpartition("tools/call ")[2]  # MCP's.
    return name.removeprefix("execute_tool ").removesuffix(".tool") or None


def unwrapped(key: str, value: Any) -> Any:
    """`value` without the wrapper that its sender puts around everything."""
    if isinstance(value, dict):
        if key == "traceloop.entity.input" and "inputs" in value:
            return value["inputs"]
        if key == "traceloop.entity.output" and "outputs" in value:
            return value["outputs"]
        if key == "gen_ai.completion" and set(value) == {"output"}:
            return value["output"]
    return value
