"""Vercel's AI SDK (scope `ai`): outer spans are chains, `do*` spans are the model calls."""

from typing import Any

from weave_core.server.normalise import texts
from weave_core.server.normalise.messages import Message, messages_in
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
        return messages_in(value)
    prompt = sent.decoded("ai.prompt")
    if isinstance(prompt, dict):
        return messages_in(prompt.get("messages") or prompt.get("prompt"))
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
        parts = _thoughts(sent, prefix) + _answer(sent, prefix)
        if parts:
            return [{"role": "assistant", "parts": parts}]
    return None


def _thoughts(sent: Sent, prefix: str) -> list[Part]:
    thought = sent.decoded(prefix + "reasoning")
    items = thought if isinstance(thought, list) else [thought]
    said = [item.get("text") if isinstance(item, dict) else item for item in items]
    return [{"type": "reasoning", "content": s} for s in said if isinstance(s, str) and s]


def _answer(sent: Sent, prefix: str) -> list[Part]:
    said, made = sent.get(prefix + "text"), sent.get(prefix + "object")
    parts = [text_part(said if said is not None else made)] if said or made else []
    for key, kind in (("toolCalls", "tool-call"), ("files", "file")):
        items = sent.json(prefix + key)
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                parts += parts_of([{**item, "type": kind}])
    return parts


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
