"""What a program that goes on with a run is told: where it stands, and who wrote to it last."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from weave_core.errors import NotFound
from weave_core.server.store.queries.runs import FoundRun, find_run
from weave_core.server.store.run_tables import RunConsoleRow, RunWriterRow
from weave_core.server.store.tables import table_of

__all__ = ["RunSession", "count_console_lines", "find_session"]

_WRITER, _CONSOLE = table_of(RunWriterRow), table_of(RunConsoleRow)


class RunSession(NamedTuple):
    """A run, and the writer that spoke last."""

    row: FoundRun
    writer_id: str | None
    started_ns: int
    """When that writer began."""
    environment: dict[str, Any]
    """What it runs with."""


def find_session(connection: Connection, project: str, run_id: str) -> RunSession | None:
    """The run with its latest writer; None where nothing of the run has come."""
    try:
        row = find_run(connection, project, run_id)
    except NotFound:
        return None
    query = select(_WRITER).where(_WRITER.c.run_row_id == row.id)
    writer = connection.execute(query.order_by(_WRITER.c.told_ns.desc()).limit(1)).first()
    if writer is None:
        return RunSession(row, None, row.started_ns, {})
    return RunSession(row, writer.writer_id, writer.started_ns, writer.environment or {})


def count_console_lines(connection: Connection, row: FoundRun, writer_id: str) -> int:
    """The number that the next printed line of a writer gets."""
    query = select(func.max(_CONSOLE.c.last_line)).where(
        _CONSOLE.c.run_row_id == row.id, _CONSOLE.c.writer_id == writer_id
    )
    last = connection.scalar(query)
    return 0 if last is None else int(last) + 1
