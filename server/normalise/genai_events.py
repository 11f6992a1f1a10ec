"""Messages told as one event each: `gen_ai.user.message`, `gen_ai.choice` and their like.

They come as span events, as log records (see `events.event_of_log`) or, from one sender, as a
JSON list in one attribute; all are read here in one form: name and map.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from weave_core.server.normalise import previews, texts
from weave_core.server.normalise.messages import Message, finish_reason, messages_of
from weave_core.server.normalise.numbers import amount
from weave_core.server.normalise.parts import plain
from weave_core.server.otlp.records import RawEvent

__all__ = [
    "Told",
    "answer_preview",
    "input_messages",
    "input_preview",
    "judgements",
    "listed",
    "output_messages",
    "output_preview",
    "run_of",
    "scores",
    "told",
    "tool_call",
]

Told = tuple[str, dict[str, Any]]

_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_CHOICE = "gen_ai.choice"
_OTHER = "gen_ai.unknown"
"""An item that Logfire has no event for, such as reasoning."""
_OLD_PROMPT = "gen_ai.content.prompt"
_OLD_COMPLETION = "gen_ai.content.completion"
_EVALUATION = "gen_ai.evaluation.result"
_WHOLE = "gen_ai.event.content"
_LISTS = ("events", "all_messages_events")
_MAX_EVENTS = 10_000


def told(events: list[RawEvent]) -> list[Told]:
    """The GenAI events of a span in the order of their time."""
    ours = [e for e in events[:_MAX_EVENTS] if e.name.startswith("gen_ai.")]
    return [(e.name, _body(e.attributes)) for e in sorted(ours, key=lambda e: e.time_ns)]


def _body(attributes: dict[str, Any]) -> dict[str, Any]:
    """What an event says; Azure's clients put the whole of it into one JSON text."""
    said = attributes.get(_WHOLE)
    body = None if said is None else texts.decode(said)
    return {**attributes, **body} if type(body) is dict else attributes


def listed(attributes: dict[str, Any]) -> list[RawEvent]:
    """Events that came as a JSON list in one attribute (Pydantic AI's and Logfire's first form)."""
    for key in _LISTS:
        value = attributes.get(key)
        if value is not None and (type(value) is not str or '"event.name"' in value):
            items = texts.decode(value)
            if type(items) is list:
                return [
                    RawEvent(str(item.get("event.name")), 0, item)
                    for item in items[:_MAX_EVENTS]
                    if type(item) is dict
                ]
    return []


def input_messages(events: Iterable[Told]) -> list[Message]:
    """What went in, one message per event."""
    found: list[Message] = []
    for name, body in events:
        role = _ROLES.get(name)
        if role is not None:
            found += [m for m in messages_of([_message(body, role)]) if not _is_told(m, found)]
        elif name == _OLD_PROMPT:
            found += messages_of(body.get("gen_ai.prompt", body.get("body")))
    return found


def _is_told(message: Message, found: list[Message]) -> bool:
    """Whether a tool's answer is there already: botocore tells it as the user's message too."""
    before = found[-1] if found else None
    return (
        before is not None
        and message["role"] == before["role"] == "tool"
        and bool(message["parts"])
        and message["parts"] == before["parts"]
    )


def output_messages(events: Iterable[Told]) -> list[Message]:
    """What came out, one message per choice, by index."""
    choices: list[tuple[int, Message]] = []
    old: list[Message] = []
    for name, body in events:
        if name == _CHOICE:
            index = body.get("index")
            message = _choice(body)
            if message is not None:
                choices.append((index if type(index) is int else len(choices), message))
        elif name == _OLD_COMPLETION:
            answer = body.get("gen_ai.completion", body.get("body"))
            old += messages_of(answer, role="assistant")
    return [message for _, message in sorted(choices, key=lambda c: c[0])] or old


def tool_call(events: Iterable[Told]) -> tuple[Any, Any]:
    """What a tool was asked and what it answered, told as messages (Strands)."""
    asked = answered = None
    for name, body in events:
        if name == "gen_ai.tool.message" and asked is None:
            asked = texts.decode(body.get("content"))
        elif name == _CHOICE and answered is None:
            answered = plain(texts.decode(body.get("message")))
    return asked, texts.decode(answered)


def run_of(events: Iterable[Told]) -> list[Message]:
    """A conversation that was told whole, answers too, in its order."""
    found: list[Message] = []
    for name, body in events:
        message = _choice(body) if name == _CHOICE else None
        if name == _OTHER:
            found += messages_of([body.get("data")], role="assistant")
        elif message is not None:
            found.append(message)
        elif name in _ROLES:
            found += messages_of([_message(body, _ROLES[name])])
    return found


def _message(body: dict[str, Any], role: str) -> dict[str, Any]:
    """The event's map as a message; fields may be JSON texts, when they were span attributes."""
    message = {k: texts.decode(v) for k, v in body.items() if k in _FIELDS}
    inner = message.pop("message", None)
    if isinstance(inner, dict):
        message |= inner
    elif isinstance(inner, str | list):
        message["content"] = inner
    if role == "tool" and "id" in body and "tool_call_id" not in message:
        message["tool_call_id"] = body["id"]
    message.setdefault("role", role)
    if "content" not in message and "parts" not in message and "body" in body:
        message["content"] = body["body"]
    return message


_FIELDS = frozenset(
    ("role", "content", "parts", "tool_calls", "tool_call_id", "name", "message", "refusal", "text")
)


def _choice(body: dict[str, Any]) -> Message | None:
    found = messages_of([_message(body, "assistant")], role="assistant")
    if not found:
        return None
    reason = finish_reason(body.get("finish_reason"))
    return {**found[0], "finish_reason": reason} if reason else found[0]


def input_preview(events: list[RawEvent]) -> str | None:
    """The last thing the user said in an event."""
    said = None
    for event in events[:_MAX_EVENTS]:
        if event.name == "gen_ai.user.message":
            content = _body(event.attributes).get("content")
            said = said if _is_answer(content) else content or said
        elif event.name == _OLD_PROMPT:
            said = event.attributes.get("gen_ai.prompt") or said
    return previews.input_preview(said) if said else None


def _is_answer(content: Any) -> bool:
    """Whether a user's message is what a tool answered (Bedrock's form, also as a text)."""
    if type(content) is str:
        return content.startswith('[{"toolResult"')
    first = content[0] if type(content) is list and content else None
    return type(first) is dict and "toolResult" in first


def answer_preview(events: list[RawEvent]) -> str | None:
    """The first choice, or the answer that ends a conversation that was told whole."""
    found = output_preview(events)
    if found is None and events and events[-1].name == "gen_ai.assistant.message":
        found = previews.output_preview(_body(events[-1].attributes))
    return found


def output_preview(events: list[RawEvent]) -> str | None:
    """The first choice that an event tells."""
    for event in events[:_MAX_EVENTS]:
        if event.name == _CHOICE:
            body = _body(event.attributes)
            return previews.output_preview(body.get("message") or body.get("content") or body)
        if event.name == _OLD_COMPLETION:
            return previews.output_preview(event.attributes.get("gen_ai.completion"))
    return None


def scores(events: Iterable[Told]) -> list[dict[str, Any]]:
    """Judgements that came as `gen_ai.evaluation.result`."""
    return [_judgement(body) for name, body in events if name == _EVALUATION]


def judgements(events: Sequence[RawEvent]) -> list[tuple[RawEvent, dict[str, Any]]]:
    """The same, each with its event."""
    return [
        (each, _judgement(_body(each.attributes)))
        for each in events[:_MAX_EVENTS]
        if each.name == _EVALUATION
    ]


def _judgement(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": texts.as_text(body.get("gen_ai.evaluation.name")),
        "value": amount(body.get("gen_ai.evaluation.score.value")),
        "label": texts.as_text(body.get("gen_ai.evaluation.score.label")),
        "explanation": texts.as_text(body.get("gen_ai.evaluation.explanation")),
    }
