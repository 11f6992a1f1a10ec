"""Give what is free in SQLite's file back to the disk, when nothing else waits.

Packing, merging and deletions leave pages free, which the next spans fill; a store that grows
slowly would keep them for long.  Only files that were made by a version that asked for it can
shrink so; others do by `VACUUM`.
"""

from sqlalchemy import Connection

from weave_core.server.store.dialects import Dialect

__all__ = ["FreePages"]

_KEPT = 16
"""Free pages that are left for the next spans: 256 KiB.  A store of 100,000 spans has 70 MB."""
_PAGES_A_STEP = 128
"""Pages that one step moves from the end of the file into free ones, in some 10 ms."""

_COUNT = "PRAGMA freelist_count"
_MODE = "PRAGMA auto_vacuum"
_INCREMENTAL = 2
_GIVE_ONE = "PRAGMA incremental_vacuum(1)"


class FreePages:
    """Gives pages back; used by the writer's thread."""

    def __init__(self, dialect: Dialect) -> None:
        self._is_here = dialect.name == "sqlite"

    def step(self, connection: Connection) -> bool:
        """Give some back, in the caller's transaction; whether there are more."""
        if not self._is_here or connection.exec_driver_sql(_MODE).scalar() != _INCREMENTAL:
            return False
        free = connection.exec_driver_sql(_COUNT).scalar_one() - _KEPT
        if free <= 0:
            return False
        # One each: the driver takes the rows without columns, one a page, for none, and stops.
        for _ in range(min(free, _PAGES_A_STEP)):
            connection.exec_driver_sql(_GIVE_ONE)
        return bool(free > _PAGES_A_STEP)
