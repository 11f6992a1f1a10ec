"""Events that carry what other senders put into attributes, in a span or in a log record.

A log record of a span is turned into an event of it (`event_of_log`), so that everything here and
in `genai_events` reads one form.
"""

import datetime as dt
from typing import Any

from weave_core.server.normalise import texts
from weave_core.server.normalise.numbers import amount
from weave_core.server.normalise.precedence import Picked
from weave_core.server.otlp.records import RawEvent, RawSpan

__all__ = ["FIRST_TOKEN_EVENTS", "event_of_log", "first_token_ms"]

FIRST_TOKEN_EVENTS = frozenset(
    (
        "First Token Stream Event",
        "ai.stream.firstChunk",
        "gen_ai.content.completion.chunk",
        "llm.content.completion.chunk",
    )
)
"""Only a stream has them."""
_MAX_MS = 1e9
_MAX_ISO = 64
_BODY = "body"


def event_of_log(
    event_name: str, time_ns: int, attributes: dict[str, Any], body: Any
) -> RawEvent | None:
    """A log record that belongs to a span, as an event of it; None when it is not about GenAI.

    Older senders leave the record's own name empty and write it into `event.name`; what they say
    is the body's map, whose keys become attributes.  A body of another form sits under `body`.
    """
    name = event_name or attributes.get("event.name")
    if type(name) is not str or not name.startswith("gen_ai."):
        return None
    merged = dict(attributes)
    if type(body) is str:  # Semantic Kernel's is a JSON text.
        body = texts.decode(body)
    if type(body) is dict:
        merged.update(body)
    elif body is not None and body != "":
        merged[_BODY] = body
    return RawEvent(name, time_ns, merged)


def first_token_ms(raw: RawSpan, picked: Picked) -> float | None:
    """Milliseconds from the span's start to the first token of a stream."""
    seconds = amount(picked.get("first_token_s"))
    found = seconds * 1e3 if seconds is not None else amount(picked.get("first_token_ms"))
    if seconds is not None and raw.end_ns and seconds * 1e9 > raw.end_ns - raw.start_ns:
        found = seconds  # Longer than all of it: Strands writes milliseconds there.
    if found is None and "first_token_at" in picked:
        found = _since(picked["first_token_at"], raw.start_ns)
    if found is None and raw.events:
        first = min((e.time_ns for e in raw.events if e.name in FIRST_TOKEN_EVENTS), default=None)
        found = None if first is None else (first - raw.start_ns) / 1e6
    return found if found is not None and 0 <= found <= _MAX_MS else None


def _since(moment: Any, start_ns: int) -> float | None:
    """From an ISO time, which some senders put in quotes once more."""
    if type(moment) is not str or len(moment) > _MAX_ISO:
        return None
    try:
        at = dt.datetime.fromisoformat(moment.strip('" '))
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    try:
        return at.timestamp() * 1e3 - start_ns / 1e6
    except (OverflowError, OSError, ValueError):
        return None
