"""Files that a run keeps: what its program saves, as it is now, while it changes, or at the end.

A file is copied piece by piece into the outbox of blobs, from where it is sent like media; the
record says its name, digest and size.
"""

import glob
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import orjson

from weave_core.tracing.failures import warn_once
from weave_core.tracing.logged_values import Tell

__all__ = ["Policy", "RunFiles"]

Policy = Literal["now", "live", "end"]

MAX_RUN_FILES = 10_000
"""Files that one program keeps for a run; what comes above is left out, and the run says so."""
MAX_FILE_NAME = 500
"""Characters of the name of a run's file, with its folders."""
LIVE_EVERY_S = 5.0
"""How often files that are kept live are looked at."""
_REST = 10.0
"""After files were copied they are left alone for so many times as long: large ones that change all
the time would else keep disk and network busy."""
_A_PIECE = 500
"""Files of one span; a server remembers a thousand blobs of each."""

Keep = Callable[[Path], tuple[str, int]]
"""Copies a file to where blobs wait; gives its digest and size."""
_Stamp = tuple[int, int]
"""When a file was changed, and its size."""


@dataclass(slots=True)
class _Saved:
    """What one call of `save` named."""

    pattern: str
    base: Path
    policy: Policy
    stamps: dict[str, _Stamp] = field(default_factory=dict)
    """By name, of what is kept."""


class RunFiles:
    """Files of one writer between the program and the exporter.

    Args:
        tell: Hears of what is left out.
        keep: Copies a file.
    """

    def __init__(self, tell: Tell, keep: Keep) -> None:
        self._tell = tell
        self._keep = keep
        self._saved: list[_Saved] = []
        self._names: set[str] = set()
        self._start()

    def _start(self) -> None:
        self._kept: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        """Held while files are copied: by the program, by the thread, by the end."""
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start_anew(self) -> None:
        """In a forked child: what was saved is the parent's to look after."""
        self._saved = []
        self._start()

    def save(self, pattern: str, base: str | None, policy: Policy) -> list[str]:
        """Keep what `pattern` names; the names of the files that it names now."""
        saved = _Saved(pattern, _base_of(pattern) if base is None else _placed(base), policy)
        found = [*self._files(saved)]
        if policy != "now":
            self._saved.append(saved)
        elif not found and not Path(pattern).is_dir():
            self._tell(pattern, "no file is there to be saved")
        if policy != "end":
            self._copy(saved, found)
        if policy == "live" and self._thread is None:
            self._thread = threading.Thread(
                target=self._watch, name="weave-core files", daemon=True
            )
            self._thread.start()
        return [name for name, _ in found]

    def stop(self) -> None:
        """Keep what is to be kept at the end; returns when it is copied."""
        self._stopped.set()
        for saved in self._saved:
            found = [*self._files(saved)]
            if not found and not Path(saved.pattern).is_dir():
                self._tell(saved.pattern, "no file was there to be saved")
            self._copy(saved, found)
        self._saved = []

    def take(self) -> Iterator[str]:
        """JSON of what is kept since, in pieces."""
        waiting = self._kept[:]
        del self._kept[: len(waiting)]
        rest = iter(waiting)
        while piece := [*islice(rest, _A_PIECE)]:
            yield orjson.dumps(piece).decode()

    def _watch(self) -> None:
        wait_s = LIVE_EVERY_S
        while not self._stopped.wait(wait_s):
            began_s = time.monotonic()
            for saved in self._saved:
                if saved.policy == "live" and not self._stopped.is_set():
                    try:
                        self._copy(saved, self._files(saved))
                    except Exception as error:  # noqa: BLE001  # Our failure must not become the program's; the next look may work.
                        warn_once("run files", "files could not be looked at", error=error)
            wait_s = max(LIVE_EVERY_S, _REST * (time.monotonic() - began_s))

    def _files(self, saved: _Saved) -> Iterator[tuple[str, Path]]:
        """Name and path of each file that is there."""
        for found in _matches(saved.pattern):
            for path in sorted(found.rglob("*")) if found.is_dir() else (found,):
                try:
                    name = _placed(path).relative_to(saved.base).as_posix()
                except ValueError:
                    self._tell(str(path), f"it is not saved: it does not lie below {saved.base}")
                    continue
                if path.is_file() and self._has_room(name):
                    yield name, path

    def _has_room(self, name: str) -> bool:
        if name in self._names:
            return True
        if len(name) > MAX_FILE_NAME:
            self._tell(name[:MAX_FILE_NAME], "it is not saved: its name is too long")
        elif len(self._names) >= MAX_RUN_FILES:
            self._tell("files", f"of the files to be saved the first {MAX_RUN_FILES:,} are kept")
        else:
            self._names.add(name)
            return True
        return False

    def _copy(self, saved: _Saved, found: Iterable[tuple[str, Path]]) -> None:
        """Keep those that have changed since they were kept."""
        with self._lock:
            for name, path in found:
                try:
                    stamp = _stamp_of(path)
                    if saved.stamps.get(name) == stamp:
                        continue
                    digest, size_bytes = self._keep(path)
                except OSError as error:
                    self._tell(name, f"the file could not be kept: {error}")
                    continue
                # One that changed meanwhile has the old stamp, and is kept again at the next look.
                saved.stamps[name] = stamp
                told = {"name": name, "digest": digest, "size_bytes": size_bytes}
                self._kept.append({**told, "time_ns": time.time_ns()})


def _matches(pattern: str) -> list[Path]:
    # A name may have brackets of its own.
    if Path(pattern).exists():
        return [Path(pattern)]
    return [Path(each) for each in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207  # That takes no absolute one.


def _base_of(pattern: str) -> Path:
    """What names are told from: where the program runs; elsewhere the folder above, as in wandb."""
    path = _placed(pattern)
    if path.is_relative_to(Path.cwd()):
        return Path.cwd()
    return path.parent if path.is_dir() else path.parent.parent


def _placed(path: str | Path) -> Path:
    """With its folders, without `..`; links stay what they are called."""
    return Path(os.path.normpath(Path.cwd() / path))


def _stamp_of(path: Path) -> _Stamp:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
