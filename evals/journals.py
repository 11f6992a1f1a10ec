"""What was already run, on disk: outputs and scores by task version, item and epoch.

One file of JSON lines for each version of a task.  An evaluation that was broken off leaves a
beginning without an end there, and the same evaluation goes on from it; with `cache=True` an output
is never asked for twice.  Only what is JSON is kept: an output of another kind would come back as
something else.
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from weave_core.model import EvaluatedItem, Span

__all__ = ["Journal", "Remembered"]

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
    scorers: str = ""
    is_ended: bool = False
    lines: list[bytes] = field(default_factory=list)
    """Of its examples."""


class Journal:
    """The journal of one task version; written by one evaluation at a time.

    Args:
        path: Its file.
        plan: What the evaluation is: name, dataset and epochs, as a digest.
        scorers: Names and versions of what judges it, as a digest.
        uses_finished: Whether outputs of evaluations that came to their end are used too.
    """

    def __init__(self, path: Path, *, plan: str, scorers: str, uses_finished: bool) -> None:
        self._path = path
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
        told = {"plan": self._plan, "pid": os.getpid(), "scorers": self._scorers}
        self._put({"begin": evaluation_id, **told})
        self.flush()

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
        self._put({"end": self._evaluation_id})
        self.flush()

    def flush(self) -> None:
        """Write what waits; at once, so that two processes don't mix lines."""
        if not self._buffer:
            return
        data, self._buffer, self._size = b"".join(self._buffer), [], 0
        self._flushed_s = time.monotonic()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(file, view) :]
        finally:
            os.close(file)

    def _put(self, entry: dict[str, Any]) -> None:
        line = orjson.dumps(entry, option=_STRICT | orjson.OPT_APPEND_NEWLINE)
        self._buffer.append(line)
        self._size += len(line)

    def _read(self, *, uses_finished: bool) -> None:
        begun: dict[bytes, _Begun] = {}
        try:
            if self._path.stat().st_size > MAX_JOURNAL_BYTES:
                self._path.unlink()
            with self._path.open("rb") as file:
                for line in file:
                    _sort(line, begun)
        except FileNotFoundError:
            return
        for each in begun.values():
            if each.is_ended:  # With the same task, rows and scorers there is nothing to run anew.
                is_mine = uses_finished and each.scorers == self._scorers
            else:
                is_mine = not _is_alive(each.pid)
            is_mine = is_mine and each.plan == self._plan
            if is_mine:
                self.resumed_id = each.evaluation_id
            if is_mine or uses_finished:
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
        except (ValueError, KeyError, TypeError):  # The last line of a killed program may be half.
            return
        self._entries[item.item, item.epoch] = known


def _sort(line: bytes, begun: dict[bytes, _Begun]) -> None:
    """Put a line to its evaluation; lines of examples are not parsed, as most are never asked."""
    if line.startswith(_EXAMPLE):
        found = begun.get(line[len(_EXAMPLE) :].partition(b'"')[0])
        if found is not None:
            found.lines.append(line)
        return
    try:
        entry = orjson.loads(line)
        key = str(entry.get("begin") or entry["end"]).encode()
        if "end" in entry:
            begun[key].is_ended = True
        elif key in begun:
            begun[key].pid, begun[key].is_ended = entry["pid"], False
        else:
            begun[key] = _Begun(
                entry["begin"], entry["plan"], entry["pid"], entry.get("scorers", "")
            )
    except (ValueError, KeyError, TypeError):  # As above.
        return


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
