"""Questions about files of runs: those whose names begin alike, by name, and one."""

from typing import Any

from sqlalchemy import Connection, func, select

from weave_core.errors import NotFound
from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.store.queries.runs import find_run
from weave_core.server.store.run_tables import RunFileRow
from weave_core.server.store.tables import table_of

__all__ = ["MAX_FILE_PAGE", "get_file", "list_files"]

MAX_FILE_PAGE = 5_000
"""Files of a run of one answer."""
_FILE = table_of(RunFileRow)
_LIST = "files"
_SHOWN = (_FILE.c.name, _FILE.c.digest, _FILE.c.size_bytes, _FILE.c.time_ns, _FILE.c.rank)


def list_files(
    connection: Connection,
    project: str,
    run_id: str,
    *,
    prefix: str = "",
    limit: int,
    cursor: str | None = None,
) -> dict[str, Any]:
    """The files of a run, by name.

    Args:
        connection: To read from.
        project: Its name.
        run_id: Which run.
        prefix: Only those whose names begin so: a folder, with a slash at its end.
        limit: Most items.
        cursor: Where the page before ended.

    Raises:
        NotFound: If there is no such project or run.
        BadCursor: If the cursor is not of this list.
    """
    query = select(*_SHOWN).where(_FILE.c.run_row_id == find_run(connection, project, run_id).id)
    if prefix:
        # Letter by letter: LIKE would take small letters for large ones in one of the databases.
        query = query.where(func.substr(_FILE.c.name, 1, len(prefix)) == prefix)
    if cursor is not None:
        place = decode_cursor(cursor, _LIST, "name", types=(str,), tie_type=str)
        query = query.where(_FILE.c.name > place.tie)
    found = connection.execute(query.order_by(_FILE.c.name).limit(limit + 1)).mappings()
    items = [_shown(row) for row in found]
    last = items[limit - 1]["name"] if len(items) > limit else None
    after = None if last is None else encode_cursor(_LIST, "name", Place(last, last))
    return {"items": items[:limit], "next_cursor": after}


def get_file(connection: Connection, project: str, run_id: str, name: str) -> dict[str, Any]:
    """One file of a run.

    Raises:
        NotFound: If there is no such project, run or file.
    """
    of_run = _FILE.c.run_row_id == find_run(connection, project, run_id).id
    row = connection.execute(select(*_SHOWN).where(of_run, _FILE.c.name == name)).mappings().first()
    if row is None:
        raise NotFound(
            f"the run {run_id!r} keeps no file {name[:300]!r}",
            "client.run(id).files() lists those that it keeps",
        )
    return _shown(row)


def _shown(row: Any) -> dict[str, Any]:
    return {**row, "digest": f"sha256:{row['digest'].hex()}"}
