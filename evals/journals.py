"""What was already run, on disk: outputs and scores by task version, item and epoch.

Two files of JSON lines for each version of a task: its examples, and which evaluations began and
ended, so that the first need not be read by an evaluation that wants none of them.  One that was
broken off leaves a beginning without an end, and the same evaluation goes on from it; with
`cache=True` an output is never asked for twice.  Only what is JSON is kept: an output of another
kind would come back as something else.
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from weave_core.model import EvaluatedItem, Span
from weave_core.tracing.failures import warn_once

__all__ = ["Journal", "Remembered", "warn_unwritable"]

MAX_JOURNAL_BYTES = 256 * 1024 * 1024
"""Largest journal of a task's outputs; a larger one begins anew."""
_FLUSH_BYTES = 64 * 1024
_FLUSH_S = 0.25
_STRICT = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)

_EXAMPLE = b'{"e":"'
"""How the line of an example begins; its evaluation's id follows."""

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Remembered:
    """An example that was run before."""

    output: Any
    item: EvaluatedItem
    scorers: dict[str, str]
    """Versions by name."""
    evaluation_id: str
    spans: list[Span] | None = None
    """What the task did, where a scorer wanted to see it."""


@dataclass
class _Begun:
    evaluation_id: str
    plan: str
    pid: int
    scorers: str
    at: int = 0
    """Where its first example is, or one of another evaluation before it."""
    is_ended: bool = False
    lines: list[bytes] = field(default_factory=list)
    """Of its examples, where they are wanted."""

    def is_mine(self, plan: str, scorers: str, *, uses_finished: bool) -> bool:
        """Whether it is the evaluation that begins now: broken off, or the very same, finished."""
        if self.plan != plan:
            return False
        # With the same task, rows and scorers there is nothing to run anew.
        return (
            uses_finished and self.scorers == scorers if self.is_ended else not _is_alive(self.pid)
        )


class Journal:
    """The journal of one task version; written by one evaluation at a time.

    Args:
        path: The file of its examples.
        plan: What the evaluation is: name, dataset and epochs, as a digest.
        scorers: Names and versions of what judges it, as a digest.
        uses_finished: Whether outputs of evaluations that came to their end are used too.
    """

    def __init__(self, path: Path, *, plan: str, scorers: str, uses_finished: bool) -> None:
        self._path, self._index = path, path.with_suffix(".begun.jsonl")
        self._plan, self._scorers = plan, scorers
        self._buffer: list[bytes] = []
        self._size = 0
        self._flushed_s = time.monotonic()
        self._entries: dict[Key, Remembered] = {}
        self.resumed_id: str | None = None
        """The evaluation that goes on now: it was broken off, or is the very same, finished."""
        self._read(uses_finished=uses_finished)

    def find(self, item: str, epoch: int) -> Remembered | None:
        """What is known of an item in an epoch."""
        return self._entries.get((item, epoch))

    def begin(self, evaluation_id: str) -> None:
        """Say that an evaluation begins, or goes on."""
        self._evaluation_id = evaluation_id
        told = {"plan": self._plan, "scorers": self._scorers, "at": _size_of(self._path)}
        self._append(self._index, _line({"begin": evaluation_id, "pid": os.getpid(), **told}))

    def add(
        self,
        item: EvaluatedItem,
        output: Any,
        scorers: dict[str, str],
        spans: list[Span] | None = None,
    ) -> None:
        """Keep an example that was run."""
        entry = {
            "e": self._evaluation_id,
            "output": output,
            "item": item.model_dump(exclude_defaults=True),
            "scorers": scorers,
        }
        if spans is not None:
            entry["spans"] = [span.model_dump(exclude_defaults=True) for span in spans]
        try:
            self._put(entry)
        except TypeError:  # Not JSON: it is run again.
            return
        if self._size > _FLUSH_BYTES or time.monotonic() - self._flushed_s > _FLUSH_S:
            self.flush()

    def end(self) -> None:
        """Say that the evaluation came to its end."""
        self.flush()
        self._append(self._index, _line({"end": self._evaluation_id}))

    def flush(self) -> None:
        """Write what waits."""
        if not self._buffer:
            return
        data, self._buffer, self._size = b"".join(self._buffer), [], 0
        self._flushed_s = time.monotonic()
        self._append(self._path, data)

    def _append(self, path: Path, data: bytes) -> None:
        try:
            _append(path, data)
        except OSError as error:  # The results are worth more than that they can be used again.
            warn_unwritable(path, error)

    def _put(self, entry: dict[str, Any]) -> None:
        line = _line(entry)
        self._buffer.append(line)
        self._size += len(line)

    def _read(self, *, uses_finished: bool) -> None:
        if _size_of(self._path) > MAX_JOURNAL_BYTES:
            self._index.unlink(missing_ok=True)
            self._path.unlink()
        wanted: dict[bytes, _Begun] = {}
        for key, each in _read_index(self._index).items():
            is_mine = each.is_mine(self._plan, self._scorers, uses_finished=uses_finished)
            if is_mine:
                self.resumed_id = each.evaluation_id
            if is_mine or uses_finished:
                wanted[key] = each
        if wanted and _size_of(self._path):
            self._load(wanted)

    def _load(self, wanted: dict[bytes, _Begun]) -> None:
        """Read the examples of some evaluations, those that began last on top."""
        with self._path.open("rb") as file:
            file.seek(min(each.at for each in wanted.values()))
            for line in file:
                found = wanted.get(line[len(_EXAMPLE) :].partition(b'"')[0])
                if found is not None and line.startswith(_EXAMPLE):
                    found.lines.append(line)
        for each in wanted.values():
            for line in each.lines:
                self._remember(line)

    def _remember(self, line: bytes) -> None:
        try:
            entry = orjson.loads(line)
            item = EvaluatedItem.model_validate(entry["item"])
            spans = entry.get("spans")
            known = Remembered(
                entry["output"],
                item,
                entry["scorers"],
                entry["e"],
                None if spans is None else [Span.model_validate(each) for each in spans],
            )
        except (ValueError, KeyError, TypeError):  # As below.
            return
        self._entries[item.item, item.epoch] = known


def warn_unwritable(path: Path, error: OSError) -> None:
    """Say that what is run can't be used again."""
    warn_once(
        "journal",
        "%s can't be written (%s): the evaluation is run, but can't go on where it was if it is"
        " broken off; set WEAVE_CORE_HOME to a folder that can be written",
        path.parent,
        error.strerror,
    )


def _line(entry: dict[str, Any]) -> bytes:
    return orjson.dumps(entry, option=_STRICT | orjson.OPT_APPEND_NEWLINE)


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _append(path: Path, data: bytes) -> None:
    """Write `data` at once, so that two processes don't mix lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
    finally:
        os.close(file)


def _read_index(path: Path) -> dict[bytes, _Begun]:
    """The evaluations that began, in that order."""
    begun: dict[bytes, _Begun] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            entry = orjson.loads(line)
            key = str(entry.get("begin") or entry["end"]).encode()
            if "end" in entry:
                begun[key].is_ended = True
            elif key in begun:
                begun[key].pid, begun[key].is_ended = entry["pid"], False
            else:
                told = (entry[name] for name in ("begin", "plan", "pid", "scorers", "at"))
                begun[key] = _Begun(*told)
        except (ValueError, KeyError, TypeError):  # The last line of a killed program may be half.
            continue
    return begun


def _is_alive(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
