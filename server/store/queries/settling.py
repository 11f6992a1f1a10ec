"""How far sums are behind: of traces behind their spans, of runs behind their points."""

from sqlalchemy import Connection, func, select

from weave_core.server.store.run_tables import RunRow, RunTailRow
from weave_core.server.store.tables import ProjectRow, TraceDirtyRow, table_of

__all__ = ["count_unpacked", "count_unsettled"]

_PROJECT, _DIRTY = table_of(ProjectRow), table_of(TraceDirtyRow)
_RUN, _TAIL = table_of(RunRow), table_of(RunTailRow)


def count_unsettled(connection: Connection, project: str | None, *, most: int) -> int:
    """Traces of `project`, or of all where it is None, whose sums are behind; counted to `most`."""
    behind = select(_DIRTY.c.trace_id).limit(most)
    if project is not None:
        behind = behind.where(
            _DIRTY.c.project_id
            == select(_PROJECT.c.id).where(_PROJECT.c.name == project).scalar_subquery()
        )
    return int(connection.scalar(select(func.count()).select_from(behind.subquery())) or 0)


def count_unpacked(connection: Connection, project: str | None, *, most: int) -> int:
    """Runs of `project` that have ended and whose last points are in no sum; counted to `most`."""
    behind = select(_TAIL.c.run_row_id).join(_RUN, _RUN.c.id == _TAIL.c.run_row_id)
    behind = behind.where(_RUN.c.state != "running").distinct().limit(most)
    if project is not None:
        behind = behind.join(_PROJECT, _PROJECT.c.id == _RUN.c.project_id)
        behind = behind.where(_PROJECT.c.name == project)
    return int(connection.scalar(select(func.count()).select_from(behind.subquery())) or 0)
