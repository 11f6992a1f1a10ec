"""Passes on what is printed and keeps a copy in files: a program of its own, run by its path.

    python -I -S console_pump.py FOLDER DESCRIPTOR

A thread of the training could not do it: C code that prints more than a pipe holds while it keeps
the interpreter's lock would wait for that thread, and that thread for the lock.  It also lives as
long as anything prints, so that no other process meets a pipe without a reader.
"""

import contextlib
import os
import signal
import sys

__all__ = ["MAX_PIECES", "PIECE_BYTES", "main"]

PIECE_BYTES = 2 * 1024 * 1024
MAX_PIECES = 16
"""Files of two MiB that wait for a run to read what C code and other processes print; what comes
above is printed and not kept."""
_READ_BYTES = 64 * 1024


def main(folder: str, descriptor: int) -> None:
    """Pump until nothing can print any more."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    piece, size = 0, 0
    file = os.open(os.path.join(folder, "0"), os.O_WRONLY | os.O_CREAT, 0o600)  # noqa: PTH118  # Loads nothing it does not need.
    while True:
        try:
            data = os.read(0, _READ_BYTES)
        except OSError:  # A terminal of ours that nobody holds any more.
            return
        if not data:
            return
        left = memoryview(data)
        with contextlib.suppress(OSError):  # Whoever looked on is gone; the training goes on.
            while left:
                left = left[os.write(descriptor, left) :]
        with contextlib.suppress(OSError):  # The folder goes when the run ends.
            if size >= PIECE_BYTES and len(os.listdir(folder)) < MAX_PIECES:  # noqa: PTH208  # As above.
                os.close(file)
                piece, size = piece + 1, 0
                path = os.path.join(folder, str(piece))  # noqa: PTH118  # As above.
                file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            if size < PIECE_BYTES:
                size += os.write(file, data)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
