"""What C code and other processes print: the program's own descriptors 1 and 2, redirected.

Not done unless it is asked for: it takes a small process for each of both (`console_pump`).
"""

import codecs
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from weave_core.tracing import console_pump
from weave_core.tracing.failures import warn_once

__all__ = ["Descriptors"]

_END_S = 1.0
"""How long the end of a run waits for what is still in the pipe."""


class Descriptors:
    """Both descriptors, until `stop`.

    Args:
        hear: Takes a stream, 0 or 1, and a text.
    """

    def __init__(self, hear: Callable[[int, str], None]) -> None:
        self._hear = hear
        self._pumps: list[_Pump] = []

    def start(self) -> frozenset[int]:
        """Redirect; gives those that were."""
        if os.name != "posix":
            warn_once("descriptors", "what C code prints is only captured on Linux and macOS")
            return frozenset()
        _flush()
        for stream in (0, 1):
            try:
                self._pumps.append(_Pump(stream, stream + 1))
            except OSError as error:
                warn_once("descriptors", "descriptor %d is not captured", stream + 1, error=error)
        return frozenset(pump.descriptor for pump in self._pumps)

    def read(self) -> None:
        """Hear what was printed since."""
        for pump in self._pumps:
            text = pump.read()
            if text:
                self._hear(pump.stream, text)

    def stop(self) -> None:
        """Print as before, and hear the rest."""
        if self._pumps:
            _flush()
        for pump in self._pumps:
            pump.restore()
        for pump in self._pumps:
            pump.wait()
        self.read()
        for pump in self._pumps:
            pump.close()
        self._pumps = []

    def forget(self) -> None:
        """In a forked child, whose output the parent goes on to hear."""
        self._pumps = []


class _Pump:
    """One descriptor: a pipe, or a terminal where it was one, and the process that reads it."""

    def __init__(self, stream: int, descriptor: int) -> None:
        self.stream = stream
        self.descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._piece = self._place = 0
        self._saved = os.dup(descriptor)
        self._folder = Path(tempfile.mkdtemp(prefix="weave-core-console-"))
        source, target = _terminal_like(descriptor) if os.isatty(descriptor) else os.pipe()
        command = [sys.executable, "-I", "-S", console_pump.__file__]
        self._process = subprocess.Popen(  # noqa: S603  # A file of ours, by this Python.
            [*command, str(self._folder), str(self._saved)],
            stdin=source,
            # Not those of this process: it would be one that prints into the other's pipe.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._saved,),
        )
        os.close(source)
        os.dup2(target, descriptor)
        os.close(target)

    def read(self) -> str:
        """What was printed since the last time."""
        found = b""
        with suppress(FileNotFoundError):
            while True:
                path = self._folder / str(self._piece)
                # Asked first: nothing is added to a piece once there is the next.
                is_whole = (self._folder / str(self._piece + 1)).exists()
                with path.open("rb") as file:
                    file.seek(self._place)
                    data = file.read()
                found += data
                self._place += len(data)
                if not is_whole:
                    break
                path.unlink()
                self._piece, self._place = self._piece + 1, 0
        return self._decoder.decode(found)

    def restore(self) -> None:
        """Have the descriptor be what it was."""
        os.dup2(self._saved, self.descriptor)

    def wait(self) -> None:
        """Wait for what is in the pipe; not for processes that hold on to it."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)

    def close(self) -> None:
        """Give back what was taken."""
        os.close(self._saved)
        shutil.rmtree(self._folder, ignore_errors=True)


def _terminal_like(descriptor: int) -> tuple[int, int]:
    """Both ends of a terminal of the same size, which passes on what it is given."""
    import fcntl
    import termios
    import tty

    source, target = os.openpty()
    tty.setraw(target)
    with suppress(OSError):
        size = fcntl.ioctl(descriptor, termios.TIOCGWINSZ, b"\0" * 8)
        fcntl.ioctl(target, termios.TIOCSWINSZ, size)
    return source, target


def _flush() -> None:
    """Hand over what Python and the C library still hold back."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # A stream of somebody's own may raise anything.
            stream.flush()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).fflush(None)
