"""One server per data folder: a lock that ends with its process, however that ends."""

import os
from pathlib import Path
from typing import IO

from weave_core.errors import StoreError

try:
    import fcntl
except ImportError:  # Windows; there SQLite's own locks must do.
    fcntl = None  # type: ignore[assignment]

__all__ = ["FileLock"]


class FileLock:
    """An exclusive lock on a file.

    The kernel holds it, so a file that a killed process left behind blocks nobody.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            StoreError: If another process has it, or the file can't be made.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise StoreError(
                f"can't write to {self._path.parent}: {error.strerror or error}",
                "choose a folder that is writable with --home or WEAVE_CORE_HOME",
            ) from error
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                holder = file.read().strip() or "unknown"
                file.close()
                raise StoreError(
                    f"{self._path.parent} is in use by another weave-core server"
                    f" (process {holder})",
                    "stop that one, or choose another folder with --home",
                ) from error
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back; the file stays, since removing it would race with the next taker."""
        if self._file is not None:
            self._file.close()
            self._file = None
