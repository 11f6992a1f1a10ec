"""How a span ends: what failed, told the way OpenTelemetry tells it."""

import traceback
from types import TracebackType
from typing import TYPE_CHECKING

from opentelemetry.trace import Status, StatusCode

from weave_core import semconv

if TYPE_CHECKING:
    from opentelemetry.trace import Span

__all__ = ["error_type", "record_error"]

_MAX_MESSAGE = 10_000
_MAX_FRAMES = 100
_OUR_FRAMES = __name__.rpartition(".")[0] + "."


def record_error(span: "Span", error: BaseException) -> None:
    """Add OTel's exception event and the error status.

    The stack begins at the first frame that is not ours.  `KeyboardInterrupt` and
    `asyncio.CancelledError` count as errors too: the call did not do what it was asked for.
    """
    if isinstance(error, SystemExit) and error.code in (0, None):
        return
    name, message = error_type(error), _message(error)
    event = {
        semconv.EXCEPTION_TYPE: name,
        semconv.EXCEPTION_MESSAGE: message,
        semconv.EXCEPTION_STACKTRACE: _stack(error),
    }
    span.set_attribute(semconv.ERROR_TYPE, name)
    span.add_event("exception", event)
    span.set_status(Status(StatusCode.ERROR, f"{name}: {message}" if message else name))


def error_type(error: BaseException) -> str:
    """`module.Class`, without the module for built-in ones."""
    kind = type(error)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception as broken:  # noqa: BLE001  # A user's __str__ may raise anything.
        return f"<{type(broken).__name__} while reading the message>"
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}… <cut>"


def _stack(error: BaseException) -> str:
    try:
        first = _users_frames(error.__traceback__)
        shown = traceback.TracebackException(
            type(error), error, first, limit=-_MAX_FRAMES, compact=True
        )
        return "".join(shown.format()).encode("utf-8", "replace").decode()
    except Exception as broken:  # noqa: BLE001  # As above: formatting runs the user's __str__ and __repr__.
        return f"<{type(broken).__name__} while formatting the stack>"


def _users_frames(tb: TracebackType | None) -> TracebackType | None:
    """`tb` from the first frame that is not ours; all of it where every frame is ours."""
    first = tb
    while first is not None and first.tb_frame.f_globals.get("__name__", "").startswith(
        _OUR_FRAMES
    ):
        first = first.tb_next
    return first or tb
