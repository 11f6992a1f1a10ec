"""Rows on disk, read one by one: a million of them take little memory.

The file has no name and ends with whoever holds it.
"""

import os
import tempfile
import weakref
from array import array

__all__ = ["RowFile"]

_BUFFER_BYTES = 1024 * 1024


class RowFile:
    """Texts in the order in which they were added; read by any thread, also after a fork."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=_BUFFER_BYTES)  # noqa: SIM115  # Held as long as this.
        weakref.finalize(self, self._file.close)
        self._ends = array("Q", [0])
        self._is_flushed = True

    def add(self, data: bytes) -> int:
        """Keep a text; its place."""
        self._file.write(data)
        self._is_flushed = False
        self._ends.append(self._ends[-1] + len(data))
        return len(self._ends) - 2

    def read(self, place: int) -> bytes:
        """The text at a place."""
        if not self._is_flushed:
            self._file.flush()
            self._is_flushed = True
        start, end = self._ends[place], self._ends[place + 1]
        return os.pread(self._file.fileno(), end - start, start)

    def __len__(self) -> int:
        return len(self._ends) - 1
