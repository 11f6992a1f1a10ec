"""What the scripted stand-in says: rules and templates, no model.

It plays a support agent: given tools it picks calls from the user's words, and it writes its answer
from what the tools returned.  The same conversation always gets the same reply.  How a reply
travels is `local_llm.py`'s business.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Call", "Reply", "Tool", "Turn", "count_tokens", "reply_to"]

WHO = "I am a scripted stand-in for a language model: rules and templates, no model at all."

_ORDER_ID = re.compile(r"\b[A-Z]{1,3}-?\d{3,}\b|(?<=#)\d{3,}")
_WORD = re.compile(r"[a-z0-9]+")
_MARKED_FROM = "Respond with the corresponding output fields"
_MARKED_FIELD = re.compile(r"\[\[ ## (\w+) ## \]\]")
"""DSPy's way to ask for fields, and to be answered."""
_POLICY_WORDS = {"refund", "return", "policy", "exchange", "warranty", "broken", "shipping"}
_REFUND_WORDS = {"refund", "money", "reimburse"}
_STOP_WORDS = {
    "get",
    "the",
    "a",
    "of",
    "by",
    "for",
    "tool",
    "create",
    "find",
    "search",
    "look",
    "up",
}


@dataclass(frozen=True)
class Call:
    """One tool call the reply asks for."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """One message of the conversation, whichever API it came by."""

    role: str
    """`system`, `user`, `assistant` or `tool`."""
    text: str = ""
    calls: tuple[str, ...] = ()
    """Names of the tools that an assistant turn called."""
    tool: str = ""
    """Name of the tool whose result a tool turn holds."""


@dataclass(frozen=True)
class Tool:
    """A tool that the caller offers."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON Schema of its arguments."""


@dataclass(frozen=True)
class Reply:
    """What the stand-in answers: text or tool calls, and its thoughts where they were asked for."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    reasoning: str = ""


def count_tokens(text: str) -> int:
    """A tokenizer's count, about: words and signs."""
    return len(re.findall(r"\w{1,6}|[^\w\s]", text))


def reply_to(
    turns: list[Turn],
    tools: list[Tool],
    *,
    schema: Mapping[str, Any] | None = None,
    thinks: bool = False,
    salt: str = "",
) -> Reply:
    """Answer the conversation.

    Args:
        turns: All of it, oldest first.
        tools: What may be called; empty: the answer is text.
        schema: JSON Schema that the text must fit; `{}`: any JSON object.
        thinks: Whether to give reasoning as well.
        salt: Makes the ids of tool calls differ between conversations that read the same.
    """
    conversation = _Conversation(turns)
    if fields := _MARKED_FIELD.findall(conversation.question.rpartition(_MARKED_FROM)[2]):
        return Reply(text=_marked(conversation, fields))
    calls = tuple(_choose(conversation, tools, salt))
    if calls:
        names = " and ".join(call.name for call in calls)
        thought = f"The user wants: {conversation.question[:120]!r}. I still need {names}."
        return Reply(calls=calls, reasoning=thought if thinks else "")
    text = _answer(conversation)
    if schema is not None:
        text = json.dumps(_fill(schema, text))
    return Reply(text=text, reasoning="I have all I need to answer now." if thinks else "")


def _marked(conversation: "_Conversation", fields: list[str]) -> str:
    """Each field that DSPy asks for; a tool is called once, then the agent finishes."""
    asked = conversation.question.partition(_MARKED_FROM)[0]
    tools = re.findall(r"Literal\['(\w+)'", conversation.question)
    is_told = "## observation_" in asked or "observation_0" in asked
    seen = re.search(r"observation_0 ## \]\]\n(.*)", asked)
    values = {
        "next_tool_name": "finish" if is_told or not tools else tools[0],
        "next_tool_args": json.dumps({} if is_told else {"order_id": conversation.order_id}),
        "completed": "",
    }
    answer = f"The tool says: {seen[1]}" if seen else _answer(conversation)
    return "\n\n".join(
        f"[[ ## {name} ## ]]\n{values.get(name, answer)}" for name in fields
    ).rstrip()


class _Conversation:
    """The last question, and what has been learnt since it was asked."""

    def __init__(self, turns: list[Turn]) -> None:
        users = [index for index, turn in enumerate(turns) if turn.role == "user"]
        start = users[-1] if users else 0
        self.question = turns[start].text if users else ""
        self.words = set(_WORD.findall(self.question.lower()))
        self.called = [name for turn in turns[start:] for name in turn.calls]
        self.results = [(t.tool, _parsed(t.text)) for t in turns[start:] if t.role == "tool"]
        self.errors = [r["error"] for _, r in self.results if isinstance(r, dict) and "error" in r]
        told = [turn.text for turn in turns if turn.role == "user"]
        ids = [found for text in told for found in _ORDER_ID.findall(text)]
        self.order_id = ids[-1] if ids else None

    def result(self, *keys: str) -> dict[str, Any] | None:
        """The last result that has all of `keys`."""
        for _, value in reversed(self.results):
            if isinstance(value, dict) and all(key in value for key in keys):
                return value
        return None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _choose(conversation: _Conversation, tools: list[Tool], salt: str) -> Iterator[Call]:
    finishes = [tool for tool in tools if tool.name == "final_answer"]
    if finishes and "Observation:" in conversation.question:  # smolagents' way to end.
        yield Call(f"call_{salt}", "final_answer", {"answer": _answer(conversation)})
        return
    for tool in tools:
        if tool.name not in conversation.called and _wants(conversation, tool):
            arguments = _arguments(conversation, tool)
            seed = f"{salt}/{tool.name}/{json.dumps(arguments, sort_keys=True)}"
            digest = hashlib.sha256(seed.encode()).hexdigest()[:24]
            yield Call(f"call_{digest}", tool.name, arguments)


def _wants(conversation: _Conversation, tool: Tool) -> bool:
    name = set(_WORD.findall(tool.name.lower().replace("_", " ")))
    wants_refund = bool(conversation.words & _REFUND_WORDS)
    if "policy" in name:
        return bool(conversation.words & _POLICY_WORDS)
    if "refund" in name:
        # Money moves only for an order that was found, and that may still be returned.
        order = conversation.result("total")
        return wants_refund and order is not None and bool(order.get("refundable", True))
    if "order" in name:
        return conversation.order_id is not None
    return bool(conversation.words & (name - _STOP_WORDS))


def _arguments(conversation: _Conversation, tool: Tool) -> dict[str, Any]:
    properties = tool.parameters.get("properties") or {}
    required = tool.parameters.get("required") or list(properties)
    return {
        name: _argument(conversation, name, schema)
        for name, schema in properties.items()
        if name in required
    }


def _argument(conversation: _Conversation, name: str, schema: Mapping[str, Any]) -> Any:
    order = conversation.result("total") or {}
    if name in order:
        return order[name]
    if "order" in name:
        return conversation.order_id or ""
    if "amount" in name:
        return order.get("total", 0)
    if schema.get("enum"):
        return schema["enum"][0]
    numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", conversation.question)]
    if schema.get("type") == "integer":
        return int(numbers[0]) if numbers else 1
    if schema.get("type") == "number":
        return numbers[0] if numbers else 1.0
    if schema.get("type") == "boolean":
        return True
    place = re.search(r"\b(?:in|at|for|of) ([A-Z]\w+)", conversation.question)
    if place and not {"query", "question", "reason", "text"} & {name}:
        return place[1]
    return conversation.question[:200]


def _answer(conversation: _Conversation) -> str:
    if conversation.errors:
        return (
            f"I am sorry, that did not work: {conversation.errors[-1]}. Please check the order "
            "number in your confirmation e-mail, it looks like A-1001, and tell me once more."
        )
    if refund := conversation.result("refund_id"):
        return (
            f"Done: I have refunded {refund.get('amount', 'the full amount')} euros for order "
            f"{refund.get('order_id', conversation.order_id)}. The refund has the number "
            f"{refund['refund_id']} and reaches your account within five working days. "
            "You need not send anything back. Is there anything else I can do?"
        )
    parts = [_about_order(conversation), _about_documents(conversation)]
    if any(parts):
        return " ".join(part for part in parts if part)
    if conversation.results:
        name, value = conversation.results[-1]
        told = value if isinstance(value, str) else json.dumps(value)
        return f"{name or 'The tool'} says: {told[:400]}"
    if seen := re.search(r"Observation:\s*(.+)", conversation.question):
        return f"The tool says: {seen[1]}"
    if {"who", "model", "ai", "human", "robot"} & conversation.words:
        return WHO
    if {"thanks", "thank", "bye"} & conversation.words:
        return "You are welcome. Have a good day, and write again whenever something is wrong."
    if {"hello", "hi", "hey"} & conversation.words:
        return "Hello! Tell me your order number and what I can do for you."
    return f"You asked: {conversation.question[:160]} - {WHO}"


def _about_order(conversation: _Conversation) -> str:
    order = conversation.result("order_id", "status")
    if order is None:
        return ""
    text = f"Your order {order['order_id']}"
    if order.get("item"):
        text += f" ({order['item']})"
    text += f" is {order['status']}"
    if order.get("eta"):
        text += f" and should arrive on {order['eta']}"
    if order.get("refundable") is False and conversation.words & _REFUND_WORDS:
        text += ". It can not be refunded any more, because the time for returns is over"
    return text + "."


def _about_documents(conversation: _Conversation) -> str:
    for _, value in reversed(conversation.results):
        found = value.get("documents") if isinstance(value, dict) else value
        if isinstance(found, list) and found and isinstance(found[0], dict):
            best = found[0]
            text = str(best.get("content") or best.get("text") or "")
            return f"Our policy says: {text}" if text else ""
    return ""


def _fill(schema: Mapping[str, Any], text: str) -> Any:
    """A value that fits `schema`, made from `text`."""
    return _value(schema, text, schema.get("$defs") or {}) if schema else {"answer": text}


def _value(schema: Mapping[str, Any], text: str, defs: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        schema = defs.get(str(schema["$ref"]).rsplit("/", 1)[-1], {})
    if schema.get("enum"):
        lower = text.lower()
        return next((v for v in schema["enum"] if str(v).lower() in lower), schema["enum"][0])
    if "const" in schema:
        return schema["const"]
    for choice in schema.get("anyOf") or schema.get("oneOf") or []:
        return _value(choice, text, defs)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    numbers = re.findall(r"-?\d+(?:\.\d+)?", text)
    if kind == "object":
        properties = schema.get("properties") or {}
        return {name: _value(part, text, defs) for name, part in properties.items()}
    if kind == "array":
        return [_value(schema.get("items") or {}, text, defs)]
    if kind in {"integer", "number"}:
        number = float(numbers[0]) if numbers else 1.0
        number = min(max(number, schema.get("minimum", number)), schema.get("maximum", number))
        return int(number) if kind == "integer" else number
    return {"boolean": True, "null": None}.get(str(kind), text)
