"""What one span tells of a run, in plain values: the way from spans to `runs`.

The span of a writer comes when it begins and when it has ended; between the two come spans that
stand for many logged steps each, or for none where the writer only says that it is alive.
"""

from typing import NamedTuple

from weave_core import semconv
from weave_core.server.otlp.records import RawSpan

__all__ = ["RunWord", "run_word"]


_MAX_RANK = 2**31 - 1
_MAX_NS = 2**63 - 1
"""OTLP's times have a bit more than databases take."""


class RunWord(NamedTuple):
    """What one span tells of a run."""

    run_id: str
    writer_id: str
    rank: int
    trace_id: bytes
    span_id: bytes
    start_ns: int
    end_ns: int
    """0: the span has not ended."""
    record: str | None
    """JSON text of a `RunRecord`."""
    points: bytes | None
    """As `weave_core.points` packs them."""
    console: str | None = None
    """JSON text of printed lines."""
    media: str | None = None
    """JSON text of what was logged that is no number."""
    files: str | None = None
    """JSON text of files that the run keeps."""


def run_word(raw: RawSpan) -> RunWord:
    """What `raw` tells, as it was sent; nothing is checked yet."""
    attributes = raw.attributes
    rank, record, points, console, media, files = (
        attributes.get(key)
        for key in (
            semconv.RUN_RANK, semconv.RUN_RECORD, semconv.RUN_POINTS, semconv.RUN_CONSOLE,
            semconv.RUN_MEDIA, semconv.RUN_FILES,
        )
    )  # fmt: skip
    return RunWord(
        str(attributes.get(semconv.RUN_ID, "")),
        str(attributes.get(semconv.RUN_WRITER, "")),
        rank if type(rank) is int and 0 <= rank <= _MAX_RANK else 0,
        raw.trace_id,
        raw.span_id,
        min(raw.start_ns, _MAX_NS),
        min(raw.end_ns, _MAX_NS),
        record if isinstance(record, str) else None,
        points if isinstance(points, bytes) else None,
        console if isinstance(console, str) else None,
        media if isinstance(media, str) else None,
        files if isinstance(files, str) else None,
    )
