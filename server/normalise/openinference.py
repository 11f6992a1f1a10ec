"""OpenInference: lists flattened into indexed keys.

Source: Arize-ai/openinference, `spec/` and `openinference/semconv/trace`.
"""

from typing import Any

from weave_core.server.normalise import bodies, texts
from weave_core.server.normalise.messages import Message, finish_reason, merged_choice, messages_of
from weave_core.server.normalise.numbers import amount
from weave_core.server.normalise.parts import Part, call_key, parts_of, tool_call, tool_response
from weave_core.server.normalise.sent import Sent, Tree, ordered

__all__ = [
    "INPUT_PREFIXES",
    "OUTPUT_PREFIXES",
    "PARAM_KEYS",
    "completions",
    "documents",
    "embeddings",
    "input_messages",
    "output_messages",
    "params",
    "prompts",
    "scores",
    "tools",
]


PARAM_KEYS = (
    "llm.invocation_parameters",
    "embedding.invocation_parameters",
    "gen_ai.request.parameters",
)
"""Where the settings of a call are; the last is Future AGI's."""
INPUT_PREFIXES = ("llm.input_messages", "gen_ai.input.messages")
OUTPUT_PREFIXES = ("llm.output_messages", "gen_ai.output.messages")
"""Under which messages lie by their number; the last ones are Future AGI's."""


def input_messages(sent: Sent) -> list[Message] | None:
    """`llm.input_messages.N.message.*`."""
    return _listed(sent, INPUT_PREFIXES, "user")


def _listed(sent: Sent, prefixes: tuple[str, ...], role: str) -> list[Message]:
    found = (_messages(sent.tree(prefix), role) for prefix in prefixes)
    return next((messages for messages in found if messages), [])


def output_messages(sent: Sent) -> list[Message] | None:
    """`llm.output_messages.N.message.*`; the items of one reply become one message."""
    found = merged_choice(_listed(sent, OUTPUT_PREFIXES, "assistant"))
    reason = finish_reason(sent.get("llm.finish_reason"))
    if reason and len(found) == 1:
        found[0].setdefault("finish_reason", reason)
    return found


def _messages(tree: Tree, role: str) -> list[Message]:
    found: list[Message] = []
    for node in ordered(tree):
        body = node.get("message", node)  # Some leave that word out.
        if type(body) is not dict:
            continue
        said = texts.as_text(_leaf(body.get("role"))) or role
        parts = _parts(body, said)
        [message] = messages_of([{"role": said, "parts": []}])
        is_answer = parts and all(part["type"] == "tool_call_response" for part in parts)
        if is_answer and message["role"] == "user":
            message["role"] = "tool"
        message["parts"] = parts
        name = texts.as_text(_leaf(body.get("name")))
        if name:
            message["name"] = name
        found.append(message)
    return found


def _parts(body: Tree, role: str) -> list[Part]:
    content = _leaf(body.get("content"))
    call_id = _leaf(body.get("tool_call_id"))
    parts: list[Part] = []
    for item in ordered(body.get("contents")):
        parts += _content_item(item)
    if role in ("tool", "function") or (call_id and role == "user"):
        answer = content if content is not None else _plain_text(parts)
        return [tool_response(call_id or _leaf(body.get("name")), texts.bounded(answer))]
    # The same text may be in `content` and in `contents`: take it once.
    if not any(p["type"] == "text" for p in parts) and not texts.is_empty(content):
        media = [p for p in parts if p["type"] in ("blob", "uri")]
        thoughts = [p for p in parts if p["type"] == "reasoning"]
        rest = [p for p in parts if p["type"] not in ("blob", "uri", "reasoning")]
        parts = thoughts + messages_of([{"role": "user", "content": content}])[0]["parts"]
        parts += media + rest
    known = {call_key(part) for part in parts if part["type"] == "tool_call"}
    return parts + [call for call in _calls(body) if call_key(call) not in known]


def _plain_text(parts: list[Part]) -> Any:
    if len(parts) == 1 and parts[0]["type"] == "tool_call_response":
        return parts[0]["response"]
    said = [p["content"] for p in parts if p["type"] == "text"]
    return "".join(said) if said else None


def _calls(body: Tree) -> list[Part]:
    found = [
        _call(node["tool_call"])
        for node in ordered(body.get("tool_calls"))
        if type(node.get("tool_call")) is dict
    ]
    name = _leaf(body.get("function_call_name"))
    if name:
        arguments = _leaf(body.get("function_call_arguments_json"))
        found.append(tool_call(None, name, texts.bounded(arguments)))
    return found


def _call(node: Tree) -> Part:
    function = node.get("function")
    inner = function if type(function) is dict else {}
    arguments = _leaf(inner.get("arguments"))
    return tool_call(_leaf(node.get("id")), _leaf(inner.get("name")), texts.bounded(arguments))


def _content_item(item: Tree) -> list[Part]:
    """One of `contents`: text, picture, sound, reasoning, or a tool call beside it."""
    body = item.get("message_content")
    node: Tree = body if type(body) is dict else {}
    call = item.get("tool_call", node.get("tool_call"))
    if type(call) is dict:
        return [_call(call)]
    kind = _leaf(node.get("type"))
    said = _leaf(node.get("text"))
    if kind in ("reasoning", "thinking"):
        said = said or _leaf(node.get("thinking"))
        return [{"type": "reasoning", "content": said}] if isinstance(said, str) and said else []
    if kind == "tool_result":
        return [tool_response(_leaf(node.get("id")), texts.bounded(said))]
    for media in ("image", "audio"):
        inner = node.get(media)
        if type(inner) is dict:
            deeper = inner.get(media)
            address = _leaf((deeper if type(deeper) is dict else inner).get("url"))
            if address:
                source = {"type": media, "url": address, "mime_type": _leaf(inner.get("mime_type"))}
                return parts_of([source])
    return parts_of(said) if isinstance(said, str) else []


def _leaf(node: Any) -> Any:
    """The value at a node that may be a prefix as well."""
    return node.get("") if type(node) is dict else node


def prompts(sent: Sent) -> list[Message] | None:
    """`llm.prompts`: a list of texts, or indexed."""
    listed = sent.decoded("llm.prompts")
    if isinstance(listed, list):
        return messages_of([item for item in listed if isinstance(item, str)])
    if "llm" not in sent.families:
        return None
    found = _texts(sent.tree("llm.prompts"), "prompt", "user")
    return found or bodies.request_messages(sent.json("llm.invocation_parameters"))


def completions(sent: Sent) -> list[Message] | None:
    """`llm.choices.N.completion.text`."""
    if "llm" not in sent.families:
        return None
    return _texts(sent.tree("llm.choices"), "completion", "assistant")


def _texts(tree: Tree, field: str, role: str) -> list[Message]:
    found = []
    for node in ordered(tree):
        inner = node.get(field)
        said = _leaf(inner.get("text")) if type(inner) is dict else None
        if isinstance(said, str):
            found += messages_of(said, role=role) or []
    return found


def tools(sent: Sent) -> list[Any] | None:
    """`llm.tools.N.tool.json_schema`."""
    if "llm" not in sent.families:
        return None
    found = []
    for node in ordered(sent.tree("llm.tools")):
        inner = node.get("tool")
        if type(inner) is dict:
            schema = texts.decode(_leaf(inner.get("json_schema")))
            found.append(schema if schema is not None else inner)
    return found


def documents(sent: Sent) -> list[Any] | None:
    """Documents of a retriever, or what a reranker gave back."""
    found: list[Any] = []
    for family, prefix in (
        ("retrieval", "retrieval.documents"),
        ("reranker", "reranker.output_documents"),
    ):
        if family in sent.families and not found:
            for node in ordered(sent.tree(prefix)):
                inner = node.get("document")
                if type(inner) is dict:
                    found.append({k: _leaf(v) for k, v in inner.items()})
    return found


def embeddings(sent: Sent) -> list[str] | None:
    """The texts that were embedded; vectors stay in the attributes."""
    if "embedding" not in sent.families:
        return None
    found = []
    for node in ordered(sent.tree("embedding.embeddings")):
        inner = node.get("embedding")
        said = _leaf(inner.get("text")) if type(inner) is dict else None
        if isinstance(said, str):
            found.append(said)
    return found


def params(sent: Sent) -> dict[str, Any]:
    """The call's settings, which are one JSON text."""
    for key in PARAM_KEYS:
        value = sent.json(key)
        if isinstance(value, dict):
            return bodies.request_params(value)
    return {}


def scores(sent: Sent) -> list[dict[str, Any]]:
    """`annotations.N.annotation.*` and `evaluations.N.evaluation.*`, also of trace and session."""
    found = []
    for prefix, field in (("annotations", "annotation"), ("evaluations", "evaluation")):
        for scope in ("", "trace.", "session."):
            if (scope[:-1] or prefix) not in sent.families:
                continue
            for node in ordered(sent.tree(scope + prefix)):
                inner = node.get(field)
                if type(inner) is dict:
                    found.append(
                        {
                            "name": texts.as_text(_leaf(inner.get("name"))),
                            "value": amount(_leaf(inner.get("score"))),
                            "label": texts.as_text(_leaf(inner.get("label"))),
                            "explanation": texts.as_text(_leaf(inner.get("explanation"))),
                        }
                    )
    return found
