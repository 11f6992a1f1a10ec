"""Which objects a call has used or made: their refs, on the span that is running."""

from weave_core import semconv
from weave_core.refs import Ref
from weave_core.tracing.spans import current_span

__all__ = ["note_used"]

MAX_REFS = 50
"""Objects that one call is told to have used, the first ones."""


def note_used(ref: Ref) -> Ref:
    """`ref`, which the call that is running now has used, as its span says from now on."""
    span = current_span()
    if span.is_recording:
        known = getattr(span.otel_span, "attributes", None) or {}
        refs = dict.fromkeys([*str(known.get(semconv.REFS, "")).split(), str(ref)])
        span.set_attribute(semconv.REFS, " ".join([*refs][:MAX_REFS]))
    return ref
