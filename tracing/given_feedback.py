"""The way of feedback to the server: at once, or by the spool where it does not answer.

What is judged may be long over, and somebody else's: so it goes there at once, and the caller is
told if it can't be taken.  Where nobody answers it waits on disk with the spans, as one of them.
"""

import secrets
import time
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, TraceFlags

from weave_core import semconv
from weave_core.errors import BadRequest, ConfigError, Overloaded, ServerUnreachable
from weave_core.settings import DEFAULT_ENDPOINT, OFFLINE
from weave_core.tracing.failures import warn_once
from weave_core.tracing.lifecycle import current_exporter, settings_in_force

if TYPE_CHECKING:
    from weave_core.client import Client
    from weave_core.model import Feedback, FeedbackSource, NewFeedback

__all__ = ["give"]

_SCOPE = InstrumentationScope(semconv.FEEDBACK_SCOPE)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_TIMEOUT_S = 5.0
"""A server that is silent for longer gets the feedback later."""


def give(
    target: dict[str, str | None],
    name: str,
    value: float | None,
    *,
    label: str | None = None,
    text: str | None = None,
    source: "FeedbackSource" = "code",
    author: str | None = None,
    id: str | None = None,  # noqa: A002  # What it is called in the API.
    project: str | None = None,
    client: "Client | None" = None,
) -> "Feedback":
    """Send feedback on `target`, as `weave_core.feedback` says it."""
    from weave_core.client import Client  # Late: it loads httpx and pydantic.

    settings = settings_in_force()
    endpoint = settings.endpoint or DEFAULT_ENDPOINT
    place = project or settings.project
    # An id of ours where none is given: what the server took without our hearing of it is sent
    # again, and stored once.
    said: dict[str, Any] = {"value": value, "label": label, "text": text, "source": source}
    said |= {"author": author, "feedback_id": id or secrets.token_hex(8)}
    whole: dict[str, Any] = {**said, **target}
    if client is None and endpoint == OFFLINE:
        if current_exporter() is None:
            raise ConfigError(
                f"feedback is kept on a server, and the endpoint is {endpoint!r}",
                "start one with `weave-core up`, or give client=Client(URL)",
            )
        return _keep(place, _checked(target, name, said))
    there = client or Client(endpoint, api_key=settings.api_key, timeout_s=_TIMEOUT_S)
    try:
        return there.add_feedback(place, name, **whole)
    except (ServerUnreachable, Overloaded) as error:
        # A client that was given is the caller's business: it may lead elsewhere.
        if client is not None or current_exporter() is None:
            raise
        kept = _keep(place, _checked(target, name, said))
        warn_once("feedback later", "feedback can't be sent now and is kept: %s", error)
        return kept
    finally:
        if there is not client:
            there.close()


def _checked(target: dict[str, str | None], name: str, said: dict[str, Any]) -> "NewFeedback":
    """The feedback, as the server will take it.

    Raises:
        BadRequest: If it will not.
    """
    from pydantic import ValidationError  # Late, as above.

    from weave_core.model import FeedbackTarget, NewFeedback

    try:
        given = {key: each for key, each in target.items() if each is not None}
        return NewFeedback(target=FeedbackTarget(**given), name=name, **said)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise BadRequest(f"{where}: {problem['msg']}".removeprefix(": ")) from error


def _keep(project: str, given: "NewFeedback") -> "Feedback":
    """Let it wait with the spans."""
    from weave_core.model import Feedback  # Late, as above.

    exporter = current_exporter()
    now_ns = time.time_ns()
    context = SpanContext(
        int(given.target.trace_id or secrets.token_hex(16), 16),
        secrets.randbits(64) or 1,
        is_remote=False,
        trace_flags=_SAMPLED,
    )
    span = ReadableSpan(
        name=f"feedback {given.name}",
        context=context,
        resource=Resource.create({semconv.PROJECT: project}),
        attributes={semconv.FEEDBACK: given.model_dump_json(exclude_none=True)},
        instrumentation_scope=_SCOPE,
        start_time=now_ns,
        end_time=now_ns,
    )
    if exporter is not None:
        exporter.put(span)
    told = given.model_dump() | {"project": project, "created_ns": now_ns, "updated_ns": now_ns}
    return Feedback.model_validate(told)
