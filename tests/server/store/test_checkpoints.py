"""The log of SQLite: carried over beside the writer, bounded, and flushed before an answer."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from support.raw_spans import open_store, raw_span, read_trace
from support.raw_spans import store_spans as store_them

from weave_core.server.store.checkpoints import MAX_LOG_PAGES, Checkpoints

PAGE_BYTES = 512


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database in the mode of ours, which would not carry anything over by itself."""
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("CREATE TABLE given (body BLOB)")
        yield connection


def test_the_log_stays_short_under_a_writer_that_never_rests(
    tmp_path: Path, writer: sqlite3.Connection
) -> None:
    """It begins anew again and again, so the file does not grow with what is written."""
    checkpoints = Checkpoints(tmp_path / "store.db")
    checkpoints.start()
    pages = 0
    body = bytes(100 * PAGE_BYTES)
    while pages < 2 * MAX_LOG_PAGES:
        writer.execute("INSERT INTO given VALUES (?)", (body,))
        writer.execute("DELETE FROM given")
        pages += 100
        checkpoints.look(is_free=False)
    checkpoints.close()
    checkpoints.release()
    assert (tmp_path / "store.db-wal").stat().st_size < MAX_LOG_PAGES * PAGE_BYTES * 0.9


def test_the_end_is_not_missed_while_something_is_carried_over(
    tmp_path: Path, writer: sqlite3.Connection
) -> None:
    """A server that stops under load stops."""
    body = bytes(1_000 * PAGE_BYTES)
    for _ in range(10):
        checkpoints = Checkpoints(tmp_path / "store.db")
        checkpoints.start()
        writer.execute("INSERT INTO given VALUES (?)", (body,))
        checkpoints.look(is_free=False)
        end = threading.Thread(target=checkpoints.close, daemon=True)
        end.start()
        end.join(20)
        assert not end.is_alive()
        checkpoints.release()


def test_another_program_finds_the_database_in_use(
    tmp_path: Path, writer: sqlite3.Connection
) -> None:
    """It would empty the index below us otherwise, and the kernel would end the server."""
    writer.execute("INSERT INTO given VALUES (?)", (bytes(100),))
    checkpoints = Checkpoints(tmp_path / "store.db")
    checkpoints.start()
    checkpoints.look(is_free=False)
    # https://sqlite.org/src/file/src/os_unix.c, "DMS": whoever gets this byte alone may empty it.
    takes = (
        "import fcntl, sys; index = open(sys.argv[1], 'r+b')\n"
        "fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 128)"
    )
    command = [sys.executable, "-c", takes, str(tmp_path / "store.db-shm")]
    asked = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "BlockingIOError" in asked.stderr
    checkpoints.close()
    writer.close()
    checkpoints.release()


def test_what_is_answered_was_flushed_and_what_can_be_done_again_was_not(tmp_path: Path) -> None:
    """Spans wait for the disk; sums, whose marks would still be there, do not."""
    levels: dict[str, set[int]] = {"span": set(), "trace": set()}

    def listen(_c: Any, cursor: Any, statement: str, *_: Any) -> None:
        for table, seen in levels.items():
            if statement.startswith(f"INSERT INTO {table} "):
                seen.add(cursor.connection.execute("PRAGMA synchronous").fetchone()[0])

    with open_store(tmp_path) as store:
        event.listen(store._engines.writer, "before_cursor_execute", listen)
        for number in range(1, 4):
            store_them(store, raw_span(number, trace=number))
            read_trace(store, number)
        event.remove(store._engines.writer, "before_cursor_execute", listen)
    full, normal = 2, 1
    assert levels == {"span": {full}, "trace": {normal}}
