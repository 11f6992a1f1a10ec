"""What readers of another tracker's client may change of a run, beside what ours may."""

from itertools import islice
from typing import Any

from sqlalchemy import Connection, delete, select, update

from weave_core.flat_keys import flattened
from weave_core.server.filters.vocabularies import RUN
from weave_core.server.store.blob_links import orphan_one
from weave_core.server.store.queries.runs import find_run
from weave_core.server.store.run_files import files_owner
from weave_core.server.store.run_tables import RunFileRow
from weave_core.server.store.runs import MAX_CONFIG_KEYS
from weave_core.server.store.tables import table_of

__all__ = ["delete_file", "replace_config"]

_FILE = table_of(RunFileRow)


def replace_config(
    connection: Connection, *, project: str, run_id: str, config: dict[str, Any]
) -> None:
    """Give a run another config, in the caller's transaction.

    Raises:
        NotFound: If there is no such project or run.
    """
    row_id = find_run(connection, project, run_id).id
    flat = dict(islice(flattened(config), MAX_CONFIG_KEYS))
    change = update(RUN).where(RUN.c.id == row_id).values(config=config, config_flat=flat)
    connection.execute(change)


def delete_file(connection: Connection, *, project: str, run_id: str, name: str) -> None:
    """Delete a file of a run, in the caller's transaction; one that is not there is no error.

    Raises:
        NotFound: If there is no such project or run.
    """
    of_run = _FILE.c.run_row_id == find_run(connection, project, run_id).id
    digest = connection.scalar(select(_FILE.c.digest).where(of_run, _FILE.c.name == name))
    if digest is None:
        return
    connection.execute(delete(_FILE).where(of_run, _FILE.c.name == name))
    if connection.scalar(select(_FILE.c.name).where(of_run, _FILE.c.digest == digest)) is None:
        orphan_one(connection, files_owner(project, run_id), digest)
