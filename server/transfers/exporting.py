"""An export: pages of spans, encoded as they are read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row

from weave_core.server.encoding import json_bytes
from weave_core.server.store.exports import Of, SpanPages, read_logs_of_spans
from weave_core.server.store.queries.payloads import FullSpans
from weave_core.server.store.sent_spans import read_sent_spans
from weave_core.server.transfers.otlp_lines import log_lines, span_lines
from weave_core.server.transfers.parquet_groups import parquet_chunks, require_pyarrow

__all__ = ["FORMATS", "Export", "Format", "open_export"]

Format = Literal["jsonl", "otlp", "parquet"]
Rows = Sequence[Row[Any]]

FORMATS: dict[Format, tuple[str, str]] = {
    "jsonl": ("application/x-ndjson", "spans.jsonl"),
    "otlp": ("application/x-ndjson", "spans.otlp.jsonl"),
    "parquet": ("application/vnd.apache.parquet", "spans.parquet"),
}
"""Format to media type and file name."""


@dataclass(frozen=True)
class Export:
    """A stream that is ready to be sent."""

    chunks: Iterator[bytes]
    media_type: str
    file_name: str


def open_export(
    engine: Engine, project: str, *, form: Format, filter_text: str | None, of: Of
) -> Export:
    """The spans of `project` as a stream; its memory does not depend on how many there are.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong.
        MissingExtra: If `form` is `parquet` and pyarrow is not installed.
    """
    pages = SpanPages(engine, project, filter_text, of)
    if form == "parquet":
        require_pyarrow()
        chunks = parquet_chunks(pages.each(_shapes_of(project)))
    elif form == "otlp":
        chunks = pages.each(_otlp)
    else:
        chunks = pages.each(_json_lines_of(project))
    return Export(chunks, *FORMATS[form])


def _shapes_of(project: str) -> Callable[[Connection, Rows], list[dict[str, Any]]]:
    def read(connection: Connection, rows: Rows) -> list[dict[str, Any]]:
        return FullSpans(connection, project).read(rows, has_previews=True)

    return read


def _json_lines_of(project: str) -> Callable[[Connection, Rows], bytes]:
    def encode(connection: Connection, rows: Rows) -> bytes:
        spans = FullSpans(connection, project, in_pieces=True)
        return b"".join(json_bytes(shape) + b"\n" for shape in spans.read(rows, has_previews=True))

    return encode


def _otlp(connection: Connection, rows: Rows) -> bytes:
    """What was sent: the spans without the events that came as log records, and those records."""
    row_ids = [row.id for row in rows]
    raws = dict(read_sent_spans(connection, row_ids, has_log_events=False))
    lines = list(span_lines(raws[row_id] for row_id in row_ids if row_id in raws))
    lines += log_lines(read_logs_of_spans(connection, row_ids))
    return b"".join(lines)
