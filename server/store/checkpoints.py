"""Carry what was committed from SQLite's log into the database file, beside the writer.

A commit goes to the log; from there its pages have to be copied now and then, or the log grows.
SQLite does that in the commit that makes the log too long, whose senders then wait for hundreds of
pages and two flushes of the disk.  Here a thread does it, while the writer goes on.  What comes in
meanwhile is left over, so the log would never be found empty, and only an empty one begins anew:
that little rest the writer carries over itself, when nobody waits.
"""

import logging
import os
import sqlite3
import struct
import threading
from pathlib import Path

__all__ = ["MAX_LOG_PAGES", "Checkpoints"]

_log = logging.getLogger(__name__)

_PAGES = 400
"""New in the log, 6 MiB, before it is worth it.  With 4,000 the flush of so much at a time held up
the commits beside it."""
_WORTH_PAGES = 4_000
"""With so many, 64 MiB, the writer carries over the rest when nobody waits."""
_REST_PAGES = 64
"""Of which there may be so many, 1 MiB: more are left to the thread once more."""
_LONG_PAGES = 8_000
"""With so many it does although senders wait."""
MAX_LOG_PAGES = 16_000
"""With so many, 256 MiB, the commit itself carries them over, as SQLite does."""
# https://sqlite.org/walformat.html, "The WAL-Index Header": the index is a file of memory that all
# connections share, and says how many pages are in the log.
_LAST_FRAME = struct.Struct("=I")
_LAST_FRAME_AT = 16


class Checkpoints:
    """The thread, and what the one that writes has to ask it between two transactions.

    Args:
        path: The database file, which is open already.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._index = path.with_name(f"{path.name}-shm")
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._index_file: int | None = None
        self._is_due = threading.Event()
        self._done = 0
        """Pages of the log that are carried over."""
        self._is_closing = self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="weave-core-log", daemon=True)

    def start(self) -> None:
        """Begin to look after the log."""
        self._connection = sqlite3.connect(
            # Never waits for a reader, or the writer would wait for it.
            *(self._path, 0.0),
            isolation_level=None,
            check_same_thread=False,
        )
        self._thread.start()

    def close(self) -> None:
        """End the thread; what is in the log goes with the last connection."""
        self._is_closing = True
        self._is_due.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._connection is not None:
            self._connection.close()

    def release(self) -> None:
        """Let the index go, once no connection of this process has the database open any more.

        A process that closes a file loses every lock that it holds on it, by whatever it took them.
        SQLite's on the index say that the database is in use: without them the next program that
        opens it takes the index for a left one, empties it below us, and the kernel ends us.
        """
        if self._index_file is not None:
            os.close(self._index_file)
            self._index_file = None

    def look(self, *, is_free: bool) -> None:
        """Between two transactions of the writer: see that the log does not become too long.

        Args:
            is_free: Whether no sender waits.
        """
        pages = self._log_pages()
        if pages < self._done:  # It has begun anew.
            self._done = 0
        left = pages - self._done
        is_worth_it = is_free and pages >= _WORTH_PAGES
        if left and (pages >= _LONG_PAGES or (is_worth_it and left <= _REST_PAGES)):
            self._carry_over()
        elif left >= (_REST_PAGES if is_worth_it else _PAGES):
            self._is_due.set()

    def _log_pages(self) -> int:
        """Pages in the log; 0 where that can't be read."""
        try:
            if self._index_file is None:  # And stays open: see `release`.
                self._index_file = os.open(self._index, os.O_RDONLY | os.O_CLOEXEC)
            read = os.pread(self._index_file, _LAST_FRAME.size, _LAST_FRAME_AT)
            return int(_LAST_FRAME.unpack(read)[0])
        except (OSError, struct.error):
            return 0

    def _run(self) -> None:
        while True:
            self._is_due.wait()
            # Before it is done, not after: what is asked meanwhile, the end too, must not be lost.
            self._is_due.clear()
            if self._is_closing:
                return
            self._carry_over()

    def _carry_over(self) -> None:
        with self._lock:
            if self._connection is None:
                return
            try:
                row = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            except sqlite3.Error as error:  # A full disk, mostly; it is tried again.
                if not self._is_failing:
                    _log.warning("the log can't be carried over now: %s", error)
                self._is_failing = True
            else:
                self._done = int(row[2])
                self._is_failing = False
