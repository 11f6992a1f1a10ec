"""How far the sums of traces are behind their spans."""

from sqlalchemy import Connection, func, select

from weave_core.server.store.tables import ProjectRow, TraceDirtyRow, table_of

__all__ = ["count_unsettled"]

_PROJECT, _DIRTY = table_of(ProjectRow), table_of(TraceDirtyRow)


def count_unsettled(connection: Connection, project: str | None, *, most: int) -> int:
    """Traces of `project`, or of all where it is None, whose sums are behind; counted to `most`."""
    behind = select(_DIRTY.c.trace_id).limit(most)
    if project is not None:
        behind = behind.where(
            _DIRTY.c.project_id
            == select(_PROJECT.c.id).where(_PROJECT.c.name == project).scalar_subquery()
        )
    return int(connection.scalar(select(func.count()).select_from(behind.subquery())) or 0)
