"""A run of another tracker, as all readers of this package give it."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from weave_core.flat_keys import flattened
from weave_core.model import RUN_ID_PATTERN

__all__ = [
    "MAX_IMPORTED_FILES",
    "ForeignMedium",
    "ForeignRun",
    "MediaRow",
    "Row",
    "checked_id",
    "checked_step",
    "ns_of",
    "numbers_in",
]

Row = tuple[tuple[str, ...], int, int, tuple[float, ...]]
"""Keys, step, time in nanoseconds, a value for each key."""


@dataclass(frozen=True, slots=True)
class ForeignMedium:
    """What a tracker has kept that is no number; it is read where it is sent."""

    kind: str
    """As records of media name it: `image`, `table`, `histogram`..."""
    data: Any
    """A path, bytes, a text, rows of a table; None of a histogram."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of our class for that kind."""


MediaRow = tuple[str, int, int, list[ForeignMedium]]
"""Key, step, time in nanoseconds, what was logged there."""
_RUN_ID = re.compile(RUN_ID_PATTERN)
MAX_IMPORTED_FILES = 10_000
"""Files of one run of another tracker that are taken, by name; more are told of."""
_MAX_STEP = 2**63 - 2
_MAX_NS = 2**63 - 1


@dataclass(slots=True)
class ForeignRun:
    """What one tracker says of one run; filled while its file is read."""

    source: str
    """The tracker."""
    path: str
    run_id: str
    """Its own id there, or one that follows from what never changes in the file."""
    part: str = ""
    """Tells it from other sources of the same run, each of which has a part of it."""
    name: str | None = None
    group: str | None = None
    job_type: str | None = None
    tags: list[str] = field(default_factory=list)
    notes: str | None = None
    state: Literal["running", "finished", "failed", "killed"] = "running"
    """`running`: the file does not say that it ended."""
    started_ns: int | None = None
    ended_ns: int | None = None
    host: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Definitions of keys, as `MetricDefinition` has them."""
    rows: list[Row] = field(default_factory=list)
    media: list[MediaRow] = field(default_factory=list)
    charts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """How tables are drawn, by key: arguments of `Table.with_chart`."""
    console: list[tuple[int, int, str]] = field(default_factory=list)
    """What was printed, in order: 0 for standard output and 1 for standard error, time, text."""
    files: list[tuple[str, Path]] = field(default_factory=list)
    """Names, and where they are."""
    environment: dict[str, Any] = field(default_factory=dict)
    """What it ran with, as a writer of ours tells it."""
    problems: dict[str, str] = field(default_factory=dict)
    """What could not be read, by key; `*` is of the whole file."""

    def add(self, values: Mapping[str, Any], step: int, time_ns: int) -> None:
        """Take the numbers among `values`; what is none is a problem of its key."""
        numbers = numbers_in(values, self.problems)
        if numbers and step < 0:
            told = f"it was logged at step {step}, which is before the first: it stands at step 0"
            self.problems.setdefault(next(iter(numbers)), told)
        if numbers:
            row = tuple(numbers), checked_step(step), time_ns, tuple(numbers.values())
            self.rows.append(row)

    def show(self, key: str, step: int, time_ns: int, items: list[ForeignMedium]) -> None:
        """Take what is no number."""
        if items:
            self.media.append((key, checked_step(step), time_ns, items))

    def keep_folder(self, folder: Path, *, but: frozenset[str] = frozenset()) -> None:
        """Take the files below a folder, but those below folders of it that are named."""
        found = (
            (path.relative_to(folder).as_posix(), path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.relative_to(folder).parts[0] not in but
        )
        self.files += islice(found, MAX_IMPORTED_FILES)
        if next(found, None) is not None:
            told = f"of the files the first {MAX_IMPORTED_FILES:,} are kept"
            self.problems.setdefault("(files)", told)

    def times(self) -> tuple[int, int]:
        """When it began and when it was last heard of."""
        logged = [each[2] for each in (*self.rows, *self.media)] or [self.ended_ns or 0]
        started = self.started_ns if self.started_ns is not None else min(logged)
        return started, self.ended_ns if self.ended_ns is not None else max(*logged, started)


def numbers_in(values: Mapping[str, Any], problems: dict[str, str]) -> dict[str, float]:
    """The numbers in `values` by their whole keys; other things are noted in `problems`."""
    found = {}
    for key, value in flattened(values):
        if isinstance(value, bool | int | float):
            try:
                found[key] = float(value)
            except OverflowError:
                found[key] = math.inf if value > 0 else -math.inf
        elif value in ("NaN", "Infinity", "-Infinity"):
            found[key] = float(value)
        elif value is not None:
            problems.setdefault(key, f"a {type(value).__name__} is no number: it is left out")
    return found


def ns_of(seconds: float) -> int:
    """Seconds since the epoch as nanoseconds, within what a database takes."""
    return min(max(round(seconds * 1e6) * 1000, 0), _MAX_NS) if math.isfinite(seconds) else 0


def checked_step(step: int) -> int:
    """`step` within what a run takes."""
    return min(max(step, 0), _MAX_STEP)


def checked_id(given: str, *more: str) -> str:
    """`given` as the id of a run, else one that follows from it and `more`."""
    if not more and _RUN_ID.match(given):
        return given
    digest = hashlib.sha256("\n".join((given, *more)).encode("utf-8", "replace")).hexdigest()[:12]
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", given).strip("-._")[:60]
    return f"{words}-{digest}" if words else digest
