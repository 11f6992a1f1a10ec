"""The first words of what went in and out of spans, for lists: from the row, or from the payload.

SQLite's rows hold them only where the payload alone does not tell them.  The normaliser reads them
when they are asked for, so a better one reads old spans better too.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from weave_core.server.normalise import skeleton
from weave_core.server.store.sent_spans import read_sent_spans
from weave_core.server.store.tables import SpanRow, table_of

__all__ = ["Previews", "read_previews"]

_IN_LIST = 500
_SPAN = table_of(SpanRow)

Previews = tuple[str | None, str | None]
"""Of what went in and of what came out."""


def read_previews(connection: Connection, row_ids: Sequence[int]) -> dict[int, Previews]:
    """The previews of `row_ids`; without log records where the row holds none."""
    found: dict[int, Previews] = {}
    for start in range(0, len(row_ids), _IN_LIST):
        query = select(_SPAN.c.id, _SPAN.c.input_preview, _SPAN.c.output_preview).where(
            _SPAN.c.id.in_(row_ids[start : start + _IN_LIST])
        )
        for row_id, *told in connection.execute(query):
            if told != [None, None]:
                found[row_id] = (told[0], told[1])
    rest = [row_id for row_id in row_ids if row_id not in found]
    for row_id, raw in read_sent_spans(connection, rest, has_log_events=False):
        read = skeleton(raw)
        found[row_id] = (read.input_preview, read.output_preview)
    return found
