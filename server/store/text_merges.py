"""Merge the pieces of SQLite's full-text index when it has grown and nothing else waits.

FTS5 keeps what each transaction put in as a piece of its own and merges four of a size.  A word
stands in every piece that has it, so one piece takes a sixth less than what is left of them, and
answers sooner.  PostgreSQL's index has no pieces.
"""

import time

from sqlalchemy import Connection

from weave_core.server.store.dialects import Dialect
from weave_core.server.store.pacing import StepSize
from weave_core.server.store.rollup_tables import TEXT_CURSOR

__all__ = ["TextMerges"]

_CURSOR = "texts merged"
_VERSION = 1
_FIRST_AFTER = 5_000
"""Spans of an index that is not worth it yet."""
_GROWTH = 1.5
"""An index that has so many times the spans of the last time is merged again, which makes three
times 4 us a span in all."""
_PAGES_A_STEP, _LEAST_PAGES_A_STEP = 400, 50
"""Pages of the index that one step writes, at most and at least."""

_POSITION = "SELECT position FROM background_cursor WHERE name = ?"
_MERGE = "INSERT INTO span_text (span_text, rank) VALUES ('merge', ?)"
_CHANGES = "SELECT total_changes()"
_NOTHING = 2
"""Fewer changes than that mean that there was nothing to merge, FTS5's manual says."""


class TextMerges:
    """Merges the index; used by the writer's thread."""

    def __init__(self, dialect: Dialect) -> None:
        self._is_here = dialect.name == "sqlite"
        self._save = dialect.upsert("background_cursor", ("name", "position", "version"), ("name",))
        self._is_merging = False
        self._size = StepSize(150, least=_LEAST_PAGES_A_STEP, most=_PAGES_A_STEP)

    def step(self, connection: Connection, turn_s: float) -> bool:
        """Merge some pages, in the caller's transaction; whether more wait."""
        if not self._is_here:
            return False
        indexed = self._position(connection, TEXT_CURSOR)
        if not self._is_merging:
            merged = self._position(connection, _CURSOR)
            if merged > indexed:  # The index was made anew.
                merged = 0
            if indexed < max(_FIRST_AFTER, merged * _GROWTH):
                return False
        before = connection.exec_driver_sql(_CHANGES).scalar_one()
        # A negative number says to merge all pieces into one; a later one goes on with that.
        pages = self._size.of(turn_s)
        began = time.perf_counter()
        connection.exec_driver_sql(_MERGE, (pages if self._is_merging else -pages,))
        self._size.learn(pages, time.perf_counter() - began)
        changes = connection.exec_driver_sql(_CHANGES).scalar_one() - before
        self._is_merging = changes >= _NOTHING
        if not self._is_merging:
            connection.exec_driver_sql(self._save, (_CURSOR, indexed, _VERSION))
        return self._is_merging

    def _position(self, connection: Connection, name: str) -> int:
        return connection.exec_driver_sql(_POSITION, (name,)).scalar() or 0
