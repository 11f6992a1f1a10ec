"""What the program prints, for a run: heard where it is written, made into lines by our threads.

`write` of `sys.stdout` and `sys.stderr` is wrapped while a run listens, so that whoever holds the
stream, a logger too, is heard; it costs the caller less than a microsecond, and what it prints goes
where it always went.  What C code and other processes print does not come through Python: see
`console_descriptors`.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, TextIO

import orjson

from weave_core.tracing.console_lines import ConsoleLines, Told
from weave_core.tracing.failures import warn_once

__all__ = ["Console"]

MAX_WAITING_WRITES = 100_000
"""Texts that were printed and wait to become lines; a program that prints more in a fifth of a
second makes lines of them itself, so none is lost."""
_MOST_WAITING = 10 * MAX_WAITING_WRITES
"""Where it can't, for it prints while it does just that; what comes above is marked as missing."""
_MAX_BODY = 256 * 1024
_SAME_NS = 1_000_000
"""`print` writes a text and its newline one after the other."""

Heard = tuple[int, int, str]
"""Stream, time, text."""


class Console:
    """What one run hears.

    Args:
        hand_over: Takes all that was heard until now.
    """

    def __init__(self, hand_over: Callable[[], object]) -> None:
        self._hand_over = hand_over
        self.heard: list[Heard] = []
        """What was written and is not looked at yet; any thread adds."""
        self.missing = 0
        """Texts that were one too many."""
        self._lines = ConsoleLines()
        self._lock = threading.Lock()
        self._is_open = True

    def listen(self, descriptors: Iterable[int] = ()) -> None:
        """Begin; streams that write to one of `descriptors` are heard there."""
        _TAPS.add(self, frozenset(descriptors))

    def hear(self, stream: int, text: str) -> None:
        """Take a text that was written; from any thread."""
        if self._is_open:
            self.heard.append((stream, time.time_ns(), text))

    def relieve(self) -> None:
        """Hand over what was heard, in the thread that has just written."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
            try:
                self._hand_over()
            except Exception as error:  # noqa: BLE001  # Our failure must not become the program's.
                warn_once("console", "what a run printed could not be written", error=error)
        elif len(self.heard) > _MOST_WAITING:
            del self.heard[-1:]
            self.missing += 1

    def note(self, text: str) -> None:
        """Add lines of our own."""
        with self._lock:
            self._take_heard()
            self._lines.note(text, time.time_ns())

    def take(self, *, is_last: bool = False) -> Iterator[str]:
        """JSON of lines that are new or have changed, in pieces.

        Args:
            is_last: Whether nothing more will come.
        """
        with self._lock:
            self._take_heard()
            lines = self._lines.take(time.monotonic(), is_last=is_last)
        size, piece = 0, []
        for line in lines:
            piece.append(line)
            size += 40 + len(line[5])
            if size >= _MAX_BODY:
                yield _json(piece)
                size, piece = 0, []
        if piece:
            yield _json(piece)

    def stop(self) -> None:
        """Listen no more; what was heard stays to be taken."""
        _TAPS.remove(self)

    def forget(self) -> None:
        """In a forked child: what the parent prints and hears is the parent's."""
        self._is_open = False
        self.heard = []
        self._lock = threading.Lock()
        _TAPS.forget()

    def _take_heard(self) -> None:
        heard = self.heard[:]
        # The list stays the same one: a thread may have looked it up and be about to add.
        del self.heard[: len(heard)]
        for stream, time_ns, text in _joined(heard):
            self._lines.feed(stream, text, time_ns)
        if self.missing:
            missing, self.missing = self.missing, 0
            told = f"… {missing:,} texts are missing here: they came faster than they are kept"
            self._lines.note(told, time.time_ns())


def _joined(heard: list[Heard]) -> Iterator[Heard]:
    """Texts that were written to one stream at about the same time, as one."""
    texts: list[str] = []
    stream, began_ns = -1, 0
    for each, time_ns, text in heard:
        if each != stream or not 0 <= time_ns - began_ns <= _SAME_NS:
            if texts:
                yield stream, began_ns, "".join(texts)
            texts, stream, began_ns = [], each, time_ns
        texts.append(text)
    if texts:
        yield stream, began_ns, "".join(texts)


def _json(lines: list[Told]) -> str:
    try:
        return orjson.dumps(lines).decode()
    except TypeError:  # Half of a surrogate pair, which JSON can't say.
        whole = [(*line[:5], line[5].encode("utf-8", "replace").decode()) for line in lines]
        return orjson.dumps(whole).decode()


def write_wrapped(stream: Any, number: int, taps: "_Taps") -> Callable[[], None] | None:
    """Have `taps` hear all that is written to `stream`; gives what takes that back.

    None where the stream does not let itself be wrapped.
    """
    original, now_ns = stream.write, time.time_ns

    # All that a program pays for, so nothing is called that needs not be.
    def write(text: Any) -> Any:
        written = original(text)  # Whatever that raises is the program's to see.
        console = taps.newest
        if console is not None and type(text) is str:
            heard = console.heard
            heard.append((number, now_ns(), text))
            if len(heard) >= MAX_WAITING_WRITES:
                console.relieve()
        return written

    before = getattr(stream, "__dict__", {}).get("write")
    try:
        stream.write = write
    except (AttributeError, TypeError):
        return None

    def restore() -> None:
        if getattr(stream, "__dict__", {}).get("write") is not write:
            return  # Somebody has wrapped ours, who calls it still.
        with suppress(AttributeError):
            if before is None:
                del stream.write
            else:
                stream.write = before

    return restore


class _Taps:
    """Both streams of this process, wrapped while a console listens; the newest one hears."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._consoles: list[Console] = []
        self._restores: list[Callable[[], None]] = []
        self.newest: Console | None = None
        """Who hears."""

    def add(self, console: Console, descriptors: frozenset[int]) -> None:
        """Listen."""
        with self._lock:
            self._consoles.append(console)
            self.newest = console
            if not self._restores:
                self._wrap(0, sys.stdout, descriptors)
                if sys.stderr is not sys.stdout:
                    self._wrap(1, sys.stderr, descriptors)

    def remove(self, console: Console) -> None:
        """Listen no more."""
        with self._lock:
            self._consoles = [each for each in self._consoles if each is not console]
            self.newest = self._consoles[-1] if self._consoles else None
            if self.newest is None:
                restores, self._restores = self._restores, []
                for restore in restores:
                    restore()

    def forget(self) -> None:
        """In a forked child, which prints as before."""
        self._lock = threading.Lock()
        self._consoles, self.newest = [], None

    def _wrap(self, number: int, stream: TextIO | None, descriptors: frozenset[int]) -> None:
        if stream is None or _descriptor_of(stream) in descriptors:
            return
        restore = write_wrapped(stream, number, self)
        if restore is not None:
            self._restores.append(restore)


def _descriptor_of(stream: TextIO) -> int:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):  # A notebook's, or none at all.
        return -1


_TAPS = _Taps()
