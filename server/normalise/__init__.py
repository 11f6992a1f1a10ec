"""One meaning for every sender's span.

`skeleton` runs for each span on its way in and reads what lists and sums need; `content` runs
when a span is opened and reads the rest.  Both take the span as it was sent and never raise; what
they can't read stays None, and the attributes are there as they came.  `precedence` says whose
word counts where several senders say the same thing.
"""

import logging

from weave_core.server.normalise.contents import Content, read_content
from weave_core.server.normalise.events import event_of_log
from weave_core.server.normalise.genai_events import judgements
from weave_core.server.normalise.kinds import COUNTED_KINDS
from weave_core.server.normalise.skeletons import Skeleton, read_skeleton
from weave_core.server.otlp.records import RawSpan

__all__ = [
    "COUNTED_KINDS",
    "Content",
    "Skeleton",
    "content",
    "event_of_log",
    "judgements",
    "skeleton",
]

_log = logging.getLogger(__name__)


def skeleton(raw: RawSpan) -> Skeleton:
    """The columns of the row of `raw`; some 10 microseconds, never raises."""
    try:
        return read_skeleton(raw)
    except Exception:  # noqa: BLE001  # One span of an odd shape must not fail the batch it came in.
        _log.warning("can't read the span %r; it is kept as sent", raw.name, exc_info=True)
        return _bare_skeleton(raw)


def _bare_skeleton(raw: RawSpan) -> Skeleton:
    status = ("unset", "ok", "error")[raw.status_code] if raw.status_code in (0, 1, 2) else "unset"
    return Skeleton(status=status, status_message=raw.status_message or None)


def content(raw: RawSpan) -> Content:
    """What `raw` holds, in the shapes of `weave_core.model.Span`; never raises."""
    try:
        return read_content(raw)
    except Exception:  # noqa: BLE001  # The attributes are still shown as they were sent.
        _log.warning("can't read the content of the span %r", raw.name, exc_info=True)
        return Content()
