"""The slates of one process: where each span is from its end until the journal has it.

They are files in memory (`/dev/shm`), so that the traced program never waits for a disk and what
redaction has yet to take out is on none; where there is no such place, they are in the spool's
folder.  `weave_core.tracing.rescues` reads what a killed process has left in them.
"""

import itertools
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from weave_core.digests import digest_bytes
from weave_core.tracing import snapshots
from weave_core.tracing.encoding import size_estimate
from weave_core.tracing.failures import warn_once
from weave_core.tracing.journals import folder_of
from weave_core.tracing.lean_spans import LeanSpan, Source
from weave_core.tracing.policies import RedactionPolicy, fields_of
from weave_core.tracing.slates import FIRST, HEAD_BYTES, Slate

try:
    import fcntl
except ImportError:  # Windows, where a program that was killed can't be told from one that lives.
    fcntl = None  # type: ignore[assignment]

__all__ = ["Facts", "Kept", "Ring", "of_all_homes", "places", "take_over"]

SLATE_BYTES = 1024 * 1024
MAX_RING_BYTES = 64 * 1024 * 1024
"""Ended spans of one process that SIGKILL can't take while they wait for the disk; more of them
wait in memory alone."""
_MAX_SOURCES = 64
MEMORY = Path("/dev/shm")  # noqa: S108  # Files are made anew, for this user only.

_Source = tuple[int, bytes, snapshots.Source]
"""Its number, its record, and what it is."""
Kept = tuple[ReadableSpan, int, Slate | None, int]
"""A span, its size in bytes, the slate that has it, and its record's number, from 1."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What whoever finds the slates has to know."""

    home: str
    project: str
    targets: tuple[str, ...]
    """What the journals are marked with."""
    policy: RedactionPolicy | None
    process: Mapping[str, Any] = field(default_factory=dict)
    """Attributes of the resource."""

    def to_json(self) -> str:
        """As JSON; of a hook, which is code, only that there is one."""
        policy = self.policy
        told = {
            "home": self.home,
            "project": self.project,
            "targets": self.targets,
            "process": dict(self.process),
            "policy": fields_of(policy) if policy is not None else None,
            "has_hook": policy is not None and policy.hook is not None,
        }
        return json.dumps(told)


def places(home: Path) -> list[tuple[Path, str]]:
    """Folders that may hold slates of the programs of a home, and how their names begin."""
    if fcntl is None:
        return []
    prefix = f"{_mine()}{digest_bytes(str(home.resolve()).encode())[7:23]}-"
    return [(MEMORY, prefix), (folder_of(home), prefix)]


def of_all_homes() -> list[Path]:
    """The marks of all owners in memory, of whatever home."""
    return sorted(MEMORY.glob(f"{_mine()}*.owner")) if fcntl is not None else []


def _mine() -> str:
    return f"weave-core-{os.geteuid()}-"


class Ring:
    """Written by the traced program's threads; `note` and `describe` are the writer's.

    Args:
        home: The home folder.
        facts: Told to whoever finds the slates.
    """

    def __init__(self, home: Path, facts: Facts) -> None:
        self._home = home
        self._facts = facts
        # Re-entrant, since a signal's handler may end a span in the middle of another's `keep`.
        self._lock = threading.RLock()
        self._is_busy = False
        self._start: str | None = None
        """How the paths of all files begin; None while there are none."""
        self._owner: int | None = None
        self._slates: list[Slate] = []
        """The last one is being written."""
        self._spare: Slate | None = None
        self._numbers = itertools.count(1)
        self._is_full = False
        self._sources: dict[tuple[int, int], _Source] = {}
        self._lean_sources: dict[Source, _Source] = {}

    def open(self) -> None:
        """Make the files; where that is not possible, spans wait in memory alone."""
        for folder, prefix in places(self._home):
            start = f"{folder}/{prefix}{os.getpid()}-{secrets.token_hex(6)}"
            try:
                if folder != MEMORY:
                    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._owner = _locked(Path(f"{start}.owner"))
                self._start = start
                self._write_facts()
                self._slates = [self._new_slate(SLATE_BYTES)]
            except OSError:
                self._give_up()
            else:
                return

    def keep(self, span: ReadableSpan, enqueue: Callable[[Kept], object]) -> int:
        """Write an ended span and pass it on in the order of the records; gives its size."""
        data = self._snapshot(span) if self._slates else None
        if data is None:
            size = size_estimate(span)
            enqueue((span, size, None, 0))
            return size
        self._guard(span, *data, len(data[1]), enqueue)
        return len(data[1])

    def keep_encoded(self, span: LeanSpan, body: bytes, enqueue: Callable[[Kept], object]) -> int:
        """As `keep`, for a span of ours with its bytes; counts what it holds beside them."""
        size = 2 * len(body)
        if not self._slates:
            enqueue((span, size, None, 0))
            return size
        made = span.tracer.source
        source = self._lean_sources.get(made)
        if source is None:
            source = self._add_lean_source(made)
        self._guard(span, source, snapshots.of_encoded(body, source[0]), size, enqueue)
        return size

    def _guard(
        self,
        span: ReadableSpan,
        source: _Source,
        record: bytes,
        size: int,
        enqueue: Callable[[Kept], object],
    ) -> None:
        with self._lock:
            if self._is_busy:  # A signal came in the middle of this, and its handler ends a span.
                enqueue((span, size, None, 0))
                return
            self._is_busy = True
            try:
                needed = len(record) + len(source[1]) + 2 * HEAD_BYTES
                slate: Slate | None = self._slates[-1] if self._slates else None
                if slate is None or slate.room_bytes < needed:
                    slate = self._slate_for(needed)
                number = 0
                if slate is not None:
                    if source[0] not in slate.known:
                        slate.known.add(source[0])
                        slate.append(source[1])
                    number = slate.append(record)
                enqueue((span, size, slate, number))
            finally:
                self._is_busy = False

    def note(self, kept: Iterable[Kept]) -> None:
        """The journal has these."""
        # Of each slate the last, as they come in the order of their records.
        numbers = {slate: number for _, _, slate, number in kept if slate is not None}
        for slate, number in numbers.items():
            slate.take(number)
        with self._lock:
            for slate in list(self._slates):
                if slate.taken == slate.written:
                    self._recycle(slate)

    def describe(self, process: Mapping[str, Any]) -> None:
        """Say more about this process."""
        self._facts = replace(self._facts, process=process)
        if self._start is not None:
            with suppress(OSError):  # The spans are worth more than what they ran with.
                self._write_facts()

    def close(self) -> None:
        """Delete the files, if the journal has all that is in them."""
        with self._lock:
            if all(slate.taken == slate.written for slate in self._slates):
                self._give_up()

    def close_inherited(self) -> None:
        """In a forked child: let go of the parent's files."""
        for slate in (*self._slates, self._spare):
            if slate is not None:
                slate.close()
        if self._owner is not None:
            os.close(self._owner)

    def _slate_for(self, needed: int) -> Slate | None:
        """A new slate with room for a span and its source; None where the bound is reached."""
        if not self._slates:
            return None
        if self._spare is not None and needed <= SLATE_BYTES - FIRST:
            slate, self._spare = self._spare, None
        else:
            size_bytes = max(SLATE_BYTES, needed + FIRST)
            used = sum(slate.size_bytes for slate in self._slates)
            if self._is_full or used + size_bytes > MAX_RING_BYTES:
                return None
            try:
                slate = self._new_slate(size_bytes)
            except OSError as error:
                self._is_full = True
                warn_once("ring", "spans that wait for the disk can't all be guarded: %s", error)
                return None
        self._slates.append(slate)
        return slate

    def _recycle(self, slate: Slate) -> None:
        self._is_full = False
        if slate is self._slates[-1]:
            if slate.written:
                slate.wipe()
            return
        self._slates.remove(slate)
        if self._spare is None and slate.size_bytes == SLATE_BYTES:
            slate.wipe()
            self._spare = slate
        else:
            slate.remove()

    def _snapshot(self, span: ReadableSpan) -> tuple[_Source, bytes] | None:
        try:
            source = self._sources.get((id(span.resource), id(span.instrumentation_scope)))
            if source is None:
                source = self._add_source((span.resource, span.instrumentation_scope))
            return source, snapshots.of_span(span, source[0])
        except Exception as error:  # noqa: BLE001  # What can't be guarded is still to be sent.
            warn_once("snapshot", "a span can't be guarded against SIGKILL", error=error)
            return None

    def _add_source(self, source: snapshots.Source) -> _Source:
        if len(self._sources) >= _MAX_SOURCES:
            self._sources = {}
        number = next(self._numbers)
        # The objects are kept, so that no other can get the same id.
        known = (number, snapshots.of_source(source, number), source)
        self._sources[id(source[0]), id(source[1])] = known
        return known

    def _add_lean_source(self, made: Source) -> _Source:
        if len(self._lean_sources) >= _MAX_SOURCES:
            self._lean_sources = {}
        source = self._lean_sources[made] = self._add_source((made.resource, made.scope))
        return source

    def _new_slate(self, size_bytes: int) -> Slate:
        return Slate(Path(f"{self._start}-{next(self._numbers):06d}.slate"), size_bytes)

    def _write_facts(self) -> None:
        path = Path(f"{self._start}.facts")
        part = Path(f"{self._start}.part")
        part.touch(mode=0o600)
        part.write_text(self._facts.to_json(), encoding="utf-8")
        part.replace(path)

    def _give_up(self) -> None:
        """Delete what there is, the mark of the owner last."""
        for slate in (*self._slates, self._spare):
            if slate is not None:
                slate.remove()
        self._slates, self._spare = [], None
        if self._owner is not None:
            for ending in (".part", ".facts", ".owner"):
                with suppress(OSError):
                    Path(f"{self._start}{ending}").unlink()
            os.close(self._owner)
        self._owner = self._start = None


def _locked(path: Path) -> int:
    """A file that is locked as long as this process lives; nobody sees it unlocked."""
    part = path.with_suffix(".new")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.rename(path)
    except OSError:
        os.close(descriptor)
        with suppress(OSError):
            part.unlink()
        raise
    return descriptor


def take_over(owner: Path) -> int | None:
    """The lock of files whose process is gone; None where it lives, or another was quicker."""
    if fcntl is None:
        return None
    try:
        descriptor = os.open(owner, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_uid == os.geteuid():
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None
