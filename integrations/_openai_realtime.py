"""OpenAI's realtime API: one span for each response of a connection, sync or async.

The connection itself is the user's; what it sends and what it reads is listened to.  Sound is not
kept, its transcript is.
"""

import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

from weave_core import semconv
from weave_core.integrations import _patching
from weave_core.integrations._content import as_list, get, messages_json, text
from weave_core.integrations._genai import set_given, tool_definitions
from weave_core.integrations._openai_responses import messages_of, told
from weave_core.tracing.failures import guarded

if TYPE_CHECKING:
    from opentelemetry.context import Context

__all__ = ["instrument", "uninstrument"]

MAX_REALTIME_ITEMS = 200
"""Items of a realtime conversation that the input of its next response tells; the newest."""

_ITEM_EVENTS = {
    "conversation.item.created",
    "conversation.item.added",
    "conversation.item.done",
}


@dataclass
class _Open:
    span: Span
    started: float


class _Session:
    """What one connection has told so far."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._items: dict[str, Any] = {}
        self._settings: Any = None
        self._open: dict[str, _Open] = {}
        self._asked: tuple[Context, float] | None = None

    @guarded
    def sent(self, event: Any) -> None:
        """The program has sent `event`."""
        if get(event, "type") == "response.create":
            self._asked = otel_context.get_current(), time.perf_counter()

    @guarded
    def received(self, event: Any) -> None:
        """The program gets `event`."""
        kind = str(get(event, "type"))
        if kind in _ITEM_EVENTS:
            self._add(get(event, "item"))
        elif kind == "conversation.item.input_audio_transcription.completed":
            self._hear(get(event, "item_id"), get(event, "transcript"))
        elif kind in {"session.created", "session.updated"}:
            self._settings = get(event, "session")
        elif kind == "response.created":
            self._begin(get(event, "response"))
        elif kind == "response.done":
            self._end(get(event, "response"))
        elif kind.endswith(".delta") and (opened := self._open.get(get(event, "response_id"))):
            self._note_first(opened)

    def _add(self, item: Any) -> None:
        self._items[str(get(item, "id"))] = item
        if len(self._items) > MAX_REALTIME_ITEMS:
            self._items.pop(next(iter(self._items)))

    def _hear(self, item_id: Any, transcript: Any) -> None:
        if item_id in self._items and isinstance(transcript, str):
            content = [{"type": "input_text", "text": transcript}]
            self._items[item_id] = {"type": "message", "role": "user", "content": content}

    def _begin(self, response: Any) -> None:
        context, started = self._asked or (None, time.perf_counter())
        self._asked = None  # The next one may be begun by the server, when the user has spoken.
        model, instructions = get(self._settings, "model"), get(self._settings, "instructions")
        span = self._tracer.start_span(
            f"chat {model}" if model else "chat", context=context, kind=SpanKind.CLIENT
        )
        set_given(
            span,
            {
                semconv.GEN_AI_OPERATION_NAME: "chat",
                semconv.GEN_AI_PROVIDER_NAME: "openai",
                semconv.GEN_AI_REQUEST_MODEL: model,
                semconv.GEN_AI_REQUEST_STREAM: True,
                semconv.GEN_AI_CONVERSATION_ID: get(response, "conversation_id"),
                semconv.GEN_AI_SYSTEM_INSTRUCTIONS: (
                    messages_json([text(instructions)]) if instructions else None
                ),
                semconv.GEN_AI_TOOL_DEFINITIONS: tool_definitions(get(self._settings, "tools")),
                semconv.GEN_AI_INPUT_MESSAGES: messages_json(messages_of(self._items.values())),
            },
        )
        self._open[str(get(response, "id"))] = _Open(span, started)

    @staticmethod
    def _note_first(opened: _Open) -> None:
        if opened.started:
            elapsed = time.perf_counter() - opened.started
            opened.span.set_attribute(semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, elapsed)
            opened.started = 0.0

    def _end(self, response: Any) -> None:
        opened = self._open.pop(str(get(response, "id")), None)
        if opened is None:
            return
        items = as_list(get(response, "output"))
        for item in items:
            self._add(item)
        try:
            set_given(opened.span, told(response, items))
            if get(response, "status") == "failed":
                error = get(get(response, "status_details"), "error")
                opened.span.set_attribute(semconv.ERROR_TYPE, str(get(error, "code") or "failed"))
                opened.span.set_status(StatusCode.ERROR, str(get(error, "message") or ""))
        finally:
            opened.span.end()

    @guarded
    def close(self) -> None:
        """No more will come: what is open ends as it is."""
        while self._open:
            self._open.popitem()[1].span.end()


_sessions: "weakref.WeakKeyDictionary[Any, _Session]" = weakref.WeakKeyDictionary()


def instrument(tracer: Tracer) -> None:
    """Listen to the connections that exist, and to those that will."""
    for owner in _connections():
        _patching.wrap(owner, "parse_event", lambda original: _parsing(original, tracer))
        _patching.wrap(owner, "send", lambda original: _sending(original, tracer))
        # Its owner has other connections too, of which no session is known.
        _patching.wrap(_patching.defining_class(owner, "close"), "close", _closing)


def uninstrument() -> None:
    """Listen no more."""
    for owner in _connections():
        for name in ("parse_event", "send", "close"):
            _patching.unwrap(_patching.defining_class(owner, name), name)


def _connections() -> list[type]:
    """Both kinds of connection; none in an SDK that has no realtime API yet."""
    try:
        from openai.resources.realtime.realtime import AsyncRealtimeConnection, RealtimeConnection
    except ImportError:
        return []
    return [RealtimeConnection, AsyncRealtimeConnection]


@guarded
def _hear(connection: Any, tracer: Tracer, listen: Callable[[_Session], None]) -> None:
    session = _sessions.get(connection)
    if session is None:
        session = _sessions[connection] = _Session(tracer)
        weakref.finalize(connection, session.close).atexit = False
    listen(session)


def _parsing(original: Callable[..., Any], tracer: Tracer) -> Callable[..., Any]:
    def parse_event(connection: Any, data: Any) -> Any:
        event = original(connection, data)
        _hear(connection, tracer, lambda session: session.received(event))
        return event

    return parse_event


def _sending(original: Callable[..., Any], tracer: Tracer) -> Callable[..., Any]:
    def send(connection: Any, event: Any) -> Any:
        _hear(connection, tracer, lambda session: session.sent(event))
        return original(connection, event)  # A coroutine, of the async one.

    return send


def _closing(original: Callable[..., Any]) -> Callable[..., Any]:
    def close(connection: Any, *args: Any, **kwargs: Any) -> Any:
        if (session := _sessions.get(connection)) is not None:
            session.close()
        return original(connection, *args, **kwargs)

    return close
