"""An ended span with some of its fields changed."""

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from weave_core.tracing.encoding import plain_attributes

__all__ = ["copied"]


def copied(span: ReadableSpan, **changed: Any) -> ReadableSpan:
    """A copy of `span`; `changed` are arguments of `ReadableSpan`."""
    same = {
        "name": span.name,
        "context": span.context,
        "parent": span.parent,
        "resource": span.resource,
        "attributes": plain_attributes(span),
        "events": span.events,
        "links": span.links,
        "kind": span.kind,
        "status": span.status,
        "start_time": span.start_time,
        "end_time": span.end_time,
        "instrumentation_scope": span.instrumentation_scope,
    }
    return ReadableSpan(**{**same, **changed})
