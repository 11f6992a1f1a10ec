"""The database comes to its tables by migrations, and a newer one is left alone."""

import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from support.raw_spans import open_store, raw_span, rows_of, store_spans

from weave_core.errors import StoreError
from weave_core.server.store.dialects import connect
from weave_core.server.store.schemas import upgrade
from weave_core.server.store.tables import METADATA


def statements(path: Path) -> dict[str, list[str]]:
    """Name to the parts of its CREATE statement, without spaces, quotes and Alembic's own table.

    The order of a table's parts is no matter: a column that is added later comes last.
    """
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        found = {
            name: sorted(re.split("[,()]", "".join(sql.replace('"', "").split())))
            for name, sql in rows
        }
    database.close()
    found.pop("alembic_version", None)
    return found


def test_migrations_yield_exactly_the_declared_tables(tmp_path: Path) -> None:
    """A table or index that is changed without a migration fails here."""
    engines = connect(f"sqlite:///{tmp_path}/migrated.db")
    upgrade(engines.writer)
    engines.dispose()
    declared = create_engine(f"sqlite:///{tmp_path}/declared.db")
    METADATA.create_all(declared)
    declared.dispose()
    assert statements(tmp_path / "migrated.db") == statements(tmp_path / "declared.db")


def test_a_second_start_migrates_nothing_and_keeps_the_data(tmp_path: Path) -> None:
    """Upgrading is safe at every start."""
    with open_store(tmp_path) as store:
        store_spans(store, raw_span(1))
    with open_store(tmp_path) as store:
        store_spans(store, raw_span(2))
        assert rows_of(store, "SELECT id FROM span ORDER BY id") == [(1,), (2,)]


def test_a_database_of_a_newer_version_is_refused_and_untouched(tmp_path: Path) -> None:
    """An old program must not write into tables that it does not know."""
    with open_store(tmp_path):
        pass
    with sqlite3.connect(tmp_path / "store.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with (
        pytest.raises(StoreError, match=r"newer weave-core \(revision 9999\)"),
        open_store(tmp_path),
    ):
        pass


def test_a_file_that_is_no_database_is_refused_with_its_name(tmp_path: Path) -> None:
    """One clear error, and the file is left as it was."""
    (tmp_path / "store.db").write_bytes(b"not a database, whatever its name says" * 100)
    with pytest.raises(StoreError, match=r"store\.db"), open_store(tmp_path):
        pass
    assert (tmp_path / "store.db").read_bytes().startswith(b"not a database")


def test_readers_cannot_write(tmp_path: Path) -> None:
    """There is one writer; the engine that routes are handed refuses."""
    with (
        open_store(tmp_path) as store,
        pytest.raises(Exception, match="readonly"),
        store.engine.begin() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM span")


def test_large_pages_are_set_before_the_first_table(tmp_path: Path) -> None:
    """The page size can't be changed later, and 4 KiB pages cost a third of the rate."""
    with open_store(tmp_path) as store:
        assert rows_of(store, "PRAGMA page_size") == [(16384,)]
        assert rows_of(store, "PRAGMA journal_mode") == [("wal",)]
