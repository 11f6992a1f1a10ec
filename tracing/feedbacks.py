"""`weave_core.feedback`: say what is thought of a span, a trace, a run or a session."""

from typing import TYPE_CHECKING

from weave_core.errors import ConfigError
from weave_core.tracing.given_feedback import give
from weave_core.tracing.spans import current_span

if TYPE_CHECKING:
    from weave_core.client import Client
    from weave_core.model import Feedback, FeedbackSource

__all__ = ["feedback"]


def feedback(
    name: str,
    value: float | None = None,
    *,
    label: str | None = None,
    text: str | None = None,
    source: "FeedbackSource" = "code",
    author: str | None = None,
    trace_id: str | None = None,
    span_id: str | None = None,
    run_id: str | None = None,
    session_id: str | None = None,
    id: str | None = None,  # noqa: A002  # What it is called in the API.
    project: str | None = None,
    client: "Client | None" = None,
) -> "Feedback | None":
    """Give feedback on the current span, or on what the ids say.

    The span need not be stored yet.  Where the server is away, feedback waits on disk as spans do.

    Example:
        >>> @weave_core.op
        ... def answer(question: str) -> str:
        ...     text = model(question)
        ...     weave_core.feedback("is_polite", "please" in text)
        ...     return text
        >>> _, span = answer.call("Where is my parcel?")
        >>> weave_core.feedback(
        ...     "thumbs", 1, trace_id=span.trace_id, source="end_user", id=f"{span.trace_id}:u-7"
        ... )

    Args:
        name: What is judged, such as `thumbs` or `correctness`.
        value: A number; True and False are 1 and 0.
        label: One of a few words, such as `wrong`.
        text: A comment, or why.
        source: Who judged: `human` (of the team), `end_user`, `llm` or `code`.
        author: Who that was.
        trace_id: On this trace as a whole, or on `span_id` of it; default: the current span.
        span_id: Which span of the trace.
        run_id: On a run.
        session_id: On a session.
        id: An id of your own: given again under it, feedback replaces what was there.
        project: Default: the one that tracing was started with, else `WEAVE_CORE_PROJECT`.
        client: Where to; default: the server that tracing was started with.

    Returns:
        What is stored, or will be; None where the span is not recorded, or tracing is disabled.

    Raises:
        ConfigError: If no span is current and no id is given, or there is no server to send to.
        BadRequest: If it can't be taken; the message says why.
        ServerUnreachable: If the server is away, and tracing is not started or `client` given.
    """
    target = _target(trace_id, span_id, run_id, session_id)
    if target is None:
        return None
    return give(
        target,
        name,
        value,
        label=label,
        text=text,
        source=source,
        author=author,
        id=id,
        project=project,
        client=client,
    )


def _target(
    trace_id: str | None, span_id: str | None, run_id: str | None, session_id: str | None
) -> dict[str, str | None] | None:
    """The target that was named; without any, the current span; None if that is not kept."""
    given = {
        "trace_id": trace_id,
        "span_id": span_id,
        "run_id": run_id,
        "session_id": session_id,
    }
    if any(given.values()):
        return given
    current = current_span()
    if current.trace_id and not current.is_recording:
        return None
    if not current.trace_id:
        raise ConfigError(
            "feedback was given on nothing: no span is current",
            "call it inside an operation, or say trace_id=, run_id= or session_id=",
        )
    return {"trace_id": current.trace_id, "span_id": current.span_id}
