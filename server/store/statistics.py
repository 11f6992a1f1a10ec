"""What SQLite's planner knows of the sizes of things: measured anew whenever a store has grown.

Without it every index of a project looks as good as any other.  Only a sample is read, so a million
spans take 30 ms.  PostgreSQL does this by itself.
"""

from sqlalchemy import Connection

from weave_core.server.store.dialects import Dialect

__all__ = ["Statistics", "forget_statistics"]

_CURSOR = "statistics"
_VERSION = 1
_FIRST_AFTER = 20_000
"""Spans below which any plan will do."""
_GROWTH = 4
"""A store that has so many times the spans of the last time is measured again."""
_SAMPLED_ROWS = 1_000
"""Of each index."""

_LAST = "SELECT MAX(id) FROM span"
_POSITION = "SELECT position FROM background_cursor WHERE name = ?"


def forget_statistics(connection: Connection) -> None:
    """Have everything measured anew: an index that was made again has lost its figures."""
    connection.exec_driver_sql(f"DELETE FROM background_cursor WHERE name = '{_CURSOR}'")  # noqa: S608


class Statistics:
    """Keeps the planner's statistics; used by the writer's thread."""

    def __init__(self, dialect: Dialect) -> None:
        self._is_here = dialect.name == "sqlite"
        self._save = dialect.upsert("background_cursor", ("name", "position", "version"), ("name",))

    def step(self, connection: Connection) -> None:
        """Measure where it is time to, in the caller's transaction."""
        if not self._is_here:
            return
        last = connection.exec_driver_sql(_LAST).scalar() or 0
        position = connection.exec_driver_sql(_POSITION, (_CURSOR,)).scalar() or 0
        if last < max(_FIRST_AFTER, position * _GROWTH):
            return
        connection.exec_driver_sql(f"PRAGMA analysis_limit = {_SAMPLED_ROWS}")
        connection.exec_driver_sql("ANALYZE")
        connection.exec_driver_sql(self._save, (_CURSOR, last, _VERSION))
