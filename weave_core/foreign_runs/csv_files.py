"""Metrics as a table: a CSV file with a column for each key and a row for each step.

As Lightning's and Keras' CSV loggers, spreadsheets, and the exports of Aim's and Neptune's tables
have it.  A column of steps, one of times and one of runs are found by their names; a table in long
form (a column of names and one of values) is read as well.
"""

import csv
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from weave_core.errors import ConfigError
from weave_core.foreign_runs.records import ForeignRun, checked_id, ns_of

__all__ = ["find", "read"]

MAX_RUNS_OF_TABLE = 10_000
"""Runs in one table; a column with more values than that is not taken for one of runs."""
_STEPS = ("step", "_step", "global_step", "trainer/global_step", "iteration", "index", "epoch")
_TIMES = ("timestamp", "_timestamp", "time", "wall_time", "date")
_RUNS = ("run_id", "run.hash", "run_hash", "run", "sys/id", "run.name")
_NAMES = ("metric", "metric.name", "metric_name", "tag", "key", "name", "attribute_path")
_VALUES = ("value", "metric.value", "float_value")
_MILLISECONDS = 1e11
"""Seconds since the epoch never got so far; what is larger is milliseconds."""


def find(path: Path) -> list[Path]:
    """The file itself; in a folder all tables."""
    if path.is_file():
        return [path] if path.suffix.lower() in (".csv", ".tsv") else []
    return sorted(each for each in path.rglob("*.csv") if each.is_file())


def read(path: Path, _root: Path) -> Iterator[ForeignRun]:
    """The runs of a table, one where no column names them.

    Raises:
        ConfigError: If it has no row of names, or nothing that is a number.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        delimiter = _delimiter(file.readline(), path)
        file.seek(0)
        table = csv.DictReader(file, delimiter=delimiter)
        heads = {head.strip().lower(): head for head in table.fieldnames or () if head}
        runs: dict[str, ForeignRun] = {}
        columns = _Columns(heads, other_ns=path.stat().st_mtime_ns, is_european=delimiter == ";")
        first = ",".join(table.fieldnames or ())
        for number, row in enumerate(table):
            name = (row.get(columns.run) or "").strip() if columns.run else ""
            if name not in runs:
                if len(runs) >= MAX_RUNS_OF_TABLE:
                    raise ConfigError(
                        f"{str(path)!r} has over {MAX_RUNS_OF_TABLE:,} runs in {columns.run!r}",
                        "name a column of runs run_id, or leave it out",
                    )
                run_id = checked_id(name) if name else checked_id(path.stem, path.name, first)
                runs[name] = ForeignRun("csv", str(path), run_id, name=name or path.stem)
            columns.take(runs[name], row, number)
    if not any(run.rows for run in runs.values()):
        raise ConfigError(
            f"{str(path)!r} has no number below a name",
            "give a table with a row of names, a column of steps and one for each metric",
        )
    for run in runs.values():
        run.state = "finished"  # A table knows no end.
        yield run


def _delimiter(heads: str, path: Path) -> str:
    """What stands between the names of columns most often."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    return max((",", ";", "\t"), key=heads.count)


class _Columns:
    """Which column is what.

    Args:
        heads: Names of columns as they are, by what they are looked for under.
        other_ns: The time of a row that does not tell its own.
        is_european: Whether a comma stands before the fraction of a number, as where columns are
            told apart by semicolons.
    """

    def __init__(self, heads: dict[str, str], *, other_ns: int, is_european: bool) -> None:
        self._other_ns = other_ns
        self._is_european = is_european

        def first(names: tuple[str, ...]) -> str | None:
            return next((heads[name] for name in names if name in heads), None)

        self.step, self.time, self.run = first(_STEPS), first(_TIMES), first(_RUNS)
        name, value = first(_NAMES), first(_VALUES)
        self.long = (name, value) if name and value else None

    def take(self, run: ForeignRun, row: dict[str, str], number: int) -> None:
        """Add a row to its run."""
        told = self._float(row.get(self.step) or "") if self.step else None
        step = number if told is None or not math.isfinite(told) else int(told)
        time_ns = (_time_ns(row.get(self.time) or "") if self.time else 0) or self._other_ns
        values = {}
        if self.long is not None:
            name, value = (row.get(column) or "" for column in self.long)
            if (found := self._float(value)) is not None and name:
                values[name] = found
        else:
            axes = {self.time, self.run}
            # An epoch that serves as the step is a metric all the same.
            axes |= set() if (self.step or "").lower() == "epoch" else {self.step}
            for key, text in row.items():
                if key is None or key in axes or not isinstance(text, str) or not text.strip():
                    continue
                found = self._float(text)
                if found is None:
                    run.problems.setdefault(key, f"{text[:60]!r} is no number: it is left out")
                else:
                    values[key] = found
        run.add(values, step, time_ns)

    def _float(self, text: str) -> float | None:
        return _float(text.replace(",", ".") if self._is_european else text)


def _float(text: str) -> float | None:
    truth = {"true": 1.0, "false": 0.0}.get(text.strip().lower())
    if truth is not None:
        return truth
    try:
        return float(text)
    except ValueError:
        return None


def _time_ns(text: str) -> int:
    seconds = _float(text)
    if seconds is not None:
        return ns_of(seconds / 1000 if seconds > _MILLISECONDS else seconds)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    return ns_of((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
