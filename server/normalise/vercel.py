"""Vercel's AI SDK (scope `ai`): outer spans are chains, `do*` spans are the model calls."""

from typing import Any

from weave_core.server.normalise import texts
from weave_core.server.normalise.messages import Message, messages_of
from weave_core.server.normalise.parts import Part, parts_of, text_part
from weave_core.server.normalise.sent import Sent

__all__ = ["embeddings", "input_messages", "output_messages", "params", "system", "tools"]

_SETTINGS = "ai.settings."
_REPLIES = ("ai.response.", "ai.result.")
"""Before version 4 replies were `ai.result.*`."""


def input_messages(sent: Sent) -> list[Message] | None:
    """`ai.prompt.messages`, or what `ai.prompt` holds on outer spans."""
    if "ai" not in sent.families:
        return None
    value = sent.json("ai.prompt.messages")
    if value is not None:
        return messages_of(value)
    prompt = sent.decoded("ai.prompt")
    if isinstance(prompt, dict):
        return messages_of(prompt.get("messages") or prompt.get("prompt"))
    return None


def system(sent: Sent) -> list[Part] | None:
    """The system text of `ai.prompt`."""
    prompt = sent.json("ai.prompt") if "ai" in sent.families else None
    return parts_of(prompt.get("system")) if isinstance(prompt, dict) else None


def output_messages(sent: Sent) -> list[Message] | None:
    """Text, reasoning, tool calls and object of the reply as one message."""
    if "ai" not in sent.families:
        return None
    for prefix in _REPLIES:
        parts: list[Part] = []
        thought = sent.get(prefix + "reasoning")
        if thought is not None:
            items = texts.decode(thought)
            for item in items if isinstance(items, list) else [items]:
                said = item.get("text") if isinstance(item, dict) else item
                if isinstance(said, str) and said:
                    parts.append({"type": "reasoning", "content": said})
        said = sent.get(prefix + "text")
        if isinstance(said, str):
            parts.append(text_part(said))
        calls = sent.json(prefix + "toolCalls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict):
                parts += parts_of([{**call, "type": "tool-call"}])
        made = sent.get(prefix + "object")
        if made is not None and said is None:
            parts.append(text_part(made))
        files = sent.json(prefix + "files")
        for item in files if isinstance(files, list) else ():
            if isinstance(item, dict):
                parts += parts_of([{**item, "type": "file"}])
        if parts:
            return [{"role": "assistant", "parts": parts}]
    return None


def tools(sent: Sent) -> list[Any] | None:
    """`ai.prompt.tools`: a list of JSON texts."""
    value = sent.decoded("ai.prompt.tools")
    return [texts.decode(item) for item in value] if isinstance(value, list) else None


def embeddings(sent: Sent) -> list[str] | None:
    """The texts that were embedded; each is a JSON text of a text."""
    many = sent.decoded("ai.values")
    values = many if isinstance(many, list) else [sent.get("ai.value")]
    found = [texts.decode(value) for value in values]
    return [value for value in found if isinstance(value, str)]


def params(sent: Sent) -> dict[str, Any]:
    """`ai.settings.*`."""
    if "ai" not in sent.families:
        return {}
    return {k: texts.decode(v) for k, v in sent.below(_SETTINGS).items() if not texts.is_empty(v)}
