"""Whether a span failed, and how.

An `exception` event on a span that says it is OK was handled: it stays an event.  Parents do not
inherit the errors of their children.
"""

import re
from typing import Any, NamedTuple

from weave_core import semconv
from weave_core.server.normalise import texts
from weave_core.server.normalise.precedence import Picked
from weave_core.server.otlp.records import RawEvent, RawSpan

__all__ = ["Outcome", "has_failed", "outcome_of"]

_EXCEPTIONS = ("exception", "gen_ai.client.operation.exception")
_UNSET, _OK, _ERROR = 0, 1, 2
_TRACEBACK = "Traceback (most recent call last)"
"""LangChain and LangSmith write the stack into the message."""
_SHOWN = re.compile(r"([A-Za-z_][\w.]{0,200})\(('.*'|\".*\")\)", re.DOTALL)
"""How Python shows an exception; LangSmith calls every type `Exception`."""


class Outcome(NamedTuple):
    """How a span ended."""

    status: str
    message: str | None
    error_type: str | None
    stack: str | None


def has_failed(raw: RawSpan, picked: Picked) -> bool:
    """Whether the span's status is `error`."""
    return (
        raw.status_code == _ERROR
        or picked.get("level") == "ERROR"
        or (
            raw.status_code != _OK
            and ("error_type" in picked or _last_exception(raw.events) is not None)
        )
    )


def outcome_of(raw: RawSpan, picked: Picked) -> Outcome:
    """Status and error; the error's fields are None unless the status is `error`."""
    message = raw.status_message or texts.as_text(picked.get("level_message"))
    if not has_failed(raw, picked):
        return Outcome(_quiet_status(raw, picked), message or None, None, None)
    exception = _last_exception(raw.events)
    detail: dict[str, Any] = exception.attributes if exception else {}
    message = message or texts.as_text(detail.get(semconv.EXCEPTION_MESSAGE))
    name = _bare_type(detail.get(semconv.EXCEPTION_TYPE)) or _bare_type(picked.get("error_type"))
    stack = texts.as_text(detail.get(semconv.EXCEPTION_STACKTRACE))
    if message and _TRACEBACK in message:
        message, _, found = message.partition(_TRACEBACK)
        message, stack = message.strip(), stack or _TRACEBACK + found
        shown = _SHOWN.fullmatch(message)
        if shown and name in (None, "Exception"):
            name = shown[1]
            message = shown[2][1:-1]
    return Outcome("error", message, name, stack)


def _quiet_status(raw: RawSpan, picked: Picked) -> str:
    if picked.get("is_pending") is True or picked.get("logfire_type") == "pending_span":
        return "pending"
    if not raw.end_ns:
        return "pending"
    return "ok" if raw.status_code == _OK else "unset"


def _last_exception(events: list[RawEvent]) -> RawEvent | None:
    for event in reversed(events):
        if event.name in _EXCEPTIONS:
            return event
    return None


def _bare_type(word: Any) -> str | None:
    """The type's name; some senders write `<class 'openai.RateLimitError'>`."""
    name = texts.as_text(word)
    if name and name.startswith("<class '") and name.endswith("'>"):
        return name[8:-2]
    return name
