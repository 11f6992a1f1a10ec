"""Runs over HTTP: lists, one run, and its points as JSON, Arrow, pandas or polars."""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from weave_core.client.connection import listed, root_of
from weave_core.client.run_consoles import FOLLOWED_LINES, RunConsoleCalls, followed
from weave_core.client.run_files import RunFileCalls, StoredFile
from weave_core.client.run_media import RunMediaCalls, StoredMedium
from weave_core.errors import MissingExtra
from weave_core.flat_keys import flattened
from weave_core.model import (
    ConsoleLine,
    ConsoleStream,
    Page,
    Run,
    RunChanges,
    RunGroups,
    RunHistory,
    RunKeys,
    RunSignals,
)
from weave_core.points import EVEN_STEPS, SYSTEM_PREFIX
from weave_core.statistics.importances import Importance, importances

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # As in `sql`.
    import polars as pl  # Only who wants it has it.
    import pyarrow as pa  # type: ignore[import-untyped]  # It ships no types.

__all__ = ["RunCalls", "StoredPoints", "StoredRun"]

MAX_JUDGED_RUNS = 2_000
"""Runs out of which is told what their config values have to do with a metric, the newest."""
_LONG_S = 120.0
"""For all points of long runs."""


class StoredPoints:
    """The points of a run as a table: a row for each step, a column for each key.

    Example:
        >>> client.run("a1b2c3").history(["loss"]).to_pandas().plot(x="step")
    """

    def __init__(self, table: "pa.Table") -> None:
        self.table = table
        """Arrow; null is "not logged at this step", NaN was logged."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        columns = ", ".join(self.table.column_names)
        return f"<points of a run: {len(self):,} steps of {columns}>"

    def to_arrow(self) -> "pa.Table":
        """As an Arrow table."""
        return self.table

    def to_pandas(self) -> "pd.DataFrame":
        """As a pandas data frame."""
        return self.table.to_pandas()

    def to_polars(self) -> "pl.DataFrame":
        """As a polars data frame; polars is yours to install."""
        try:
            import polars as pl
        except ImportError as error:
            raise MissingExtra("polars is not installed", "pip install polars") from error
        return pl.DataFrame(self.table)


class StoredRun:
    """One run as the server has it, and what can be asked of it.

    Example:
        >>> run = client.run("a1b2c3")
        >>> run.info.state, run.info.summary["loss"]
        >>> run.history(["loss", "val.loss"]).to_polars()
    """

    def __init__(self, calls: "RunCalls", project: str, run_id: str) -> None:
        self._calls = calls
        self.project = project
        self.id = run_id

    @property
    def info(self) -> Run:
        """Everything but its points, as it is now."""
        return self._calls.get_run(self.project, self.id)

    def keys(self, prefix: str = "") -> RunKeys:
        """The keys that it logged, or those that begin with `prefix`, with their sums."""
        return self._calls.list_run_keys(self.project, self.id, prefix=prefix)

    def history(
        self, keys: Sequence[str] = (), *, x: str = "step", points: int | None = None
    ) -> StoredPoints:
        """Its points: all of them, exactly.

        Args:
            keys: Which; none: all.
            x: One more column: `time`, `runtime` or a key.
            points: At most so many of each key instead, least and largest among them.
        """
        return self._calls.read_run_table(self.project, self.id, keys, x=x, points=points)

    def system(self, *, points: int | None = None) -> StoredPoints:
        """What was measured of its machine, by time: CPU, memory, disk, network, GPUs.

        Args:
            points: At most so many of each key, least and largest among them; None: all.
        """
        keys = sorted({each.key for each in self.keys(SYSTEM_PREFIX).items})
        # No key at all would mean what was logged.
        return self.history(keys or [SYSTEM_PREFIX], x="time", points=points)

    def console(
        self,
        *,
        text: str | None = None,
        stream: ConsoleStream | None = None,
        rank: int | None = None,
    ) -> Iterator[ConsoleLine]:
        """What its programs printed until now, line by line, oldest first.

        Args:
            text: Only lines with this in them, small letters or large.
            stream: Only of this one: `stdout`, `stderr`, or `note` for what weave-core says.
            rank: Only of this writer.
        """
        asked: dict[str, Any] = {"text": text, "stream": stream, "rank": rank}
        return self._calls.run_console(self.project, self.id, **asked)

    def follow(
        self,
        *,
        last: int = FOLLOWED_LINES,
        stream: ConsoleStream | None = None,
        rank: int | None = None,
    ) -> Iterator[ConsoleLine]:
        """The last lines that it printed and what it prints from now on, until it has ended.

        Args:
            last: Lines to begin with.
            stream: As for `console`.
            rank: Likewise.
        """
        asked: dict[str, Any] = {"stream": stream, "rank": rank}
        read = partial(self._calls.read_run_console, self.project, self.id, **asked)
        return followed(read, lambda: self.info.state != "running", last=last)

    def media(self, key: str) -> Iterator[StoredMedium]:
        """What it logged under `key` that is no number, by step: pictures, tables, histograms.

        Args:
            key: One of `media_keys`.
        """
        return self._calls.run_media(self.project, self.id, key)

    @property
    def media_keys(self) -> list[str]:
        """The keys under which it logged media."""
        return [each.key for each in self._calls.list_media_keys(self.project, self.id).items]

    def files(self, prefix: str = "") -> Iterator[StoredFile]:
        """The files that it keeps, by name.

        Example:
            >>> for file in client.run("a1b2c3").files("checkpoints/"):
            ...     file.download("restored")

        Args:
            prefix: Only names that begin so.
        """
        return self._calls.run_files(self.project, self.id, prefix)

    def file(self, name: str) -> StoredFile:
        """One file that it keeps.

        Raises:
            NotFound: If it keeps none of that name.
        """
        return StoredFile(self._calls, self._calls.get_run_file(self.project, self.id, name))

    @property
    def environment(self) -> dict[str, Any]:
        """What it ran with, as its first writer says; empty where that was not captured."""
        writers = sorted(self.info.writers, key=lambda each: (each.rank, each.started_ns))
        return next((each.environment for each in writers if each.environment), {})

    def update(self, **changes: Any) -> Run:
        """Change name, group, job_type, tags, notes or summary; `stop=True` asks it to stop."""
        return self._calls.change_run(self.project, self.id, RunChanges(**changes))

    def delete(self) -> None:
        """Delete it with all that is its own."""
        self._calls.delete_run(self.project, self.id)


class RunCalls(RunConsoleCalls, RunMediaCalls, RunFileCalls):
    """Runs over HTTP."""

    def run(self, run_id: str, project: str | None = None) -> StoredRun:
        """A run by its id.

        Args:
            run_id: Which; nothing is asked yet.
            project: Where it is; default: `WEAVE_CORE_PROJECT`, else `default`.
        """
        return StoredRun(self, project or self._default_project(), run_id)

    def runs(
        self,
        project: str | None = None,
        *,
        filter: str | None = None,  # noqa: A002  # The API's name.
        order_by: str = "-started_ns",
        keys: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Iterator[Run]:
        """The runs of a project, page after page.

        Args:
            project: Its name; default as for `run`.
            filter: Such as `state = 'finished' and metrics['loss'] < 1`.
            order_by: Such as `metrics['loss']`.
            keys: Which keys the summaries have.
            limit: Stop after so many.
        """
        cursor, given = None, 0
        while limit is None or given < limit:
            page = self.list_runs(
                project or self._default_project(),
                filter=filter,
                order_by=order_by,
                keys=keys,
                limit=min(500, 500 if limit is None else limit - given),
                cursor=cursor,
            )
            yield from page.items
            given += len(page.items)
            cursor = page.next_cursor
            if cursor is None:
                return

    def group_runs(
        self,
        project: str | None = None,
        *,
        by: str = "group",
        keys: Sequence[str] = (),
        filter: str | None = None,  # noqa: A002  # The API's name.
    ) -> RunGroups:
        """The runs of a project put together by what they share, with the spread of some metrics.

        Example:
            >>> for each in client.group_runs("digits", by="config.lr", keys=["loss"]).items:
            ...     print(each.value, each.count, each.metrics["loss"].mean)

        Args:
            project: Its name; default as for `run`.
            by: `group`, `job_type`, `state`, or a config value as `config.KEY`.
            keys: Metrics to tell of, up to 20.
            filter: A condition, as for `runs`.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the filter is wrong, or `by` is none.
        """
        path = f"{root_of(project or self._default_project())}/run-groups"
        query = {"by": by, "keys": listed(keys), "filter": filter}
        return RunGroups.model_validate_json(self._read(path, query))

    def run_importances(
        self,
        metric: str,
        project: str | None = None,
        *,
        filter: str | None = None,  # noqa: A002  # The API's name.
    ) -> list[Importance]:
        """What the config values of runs have to do with what came of them, the strongest first.

        Rank correlations with intervals, one value at a time: what matters only together with
        another is not seen, and what goes along is not always the cause.

        Args:
            metric: The key of what came of them.
            project: Its name; default as for `run`.
            filter: A condition, as for `runs`; of more than 2,000 runs the newest count.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the filter is wrong.
        """
        runs = list(self.runs(project, filter=filter, keys=[metric], limit=MAX_JUDGED_RUNS))
        configs = [dict(flattened(run.config)) for run in runs]
        return importances(configs, [_finite(run.summary.get(metric)) for run in runs])

    def list_runs(
        self,
        project: str,
        *,
        filter: str | None = None,  # noqa: A002  # The API's name.
        order_by: str = "-started_ns",
        keys: Sequence[str] | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Run]:
        """One page of the runs of `project`.

        Args:
            project: Its name.
            filter: A condition such as `config['lr'] = 0.1 and metrics['loss'] < 1`.
            order_by: A field, `metrics['loss']` or `config['lr']`; `-` in front: largest first.
            keys: Which keys the summaries have; None: the first hundred by name.
            limit: Most wanted, up to 500.
            cursor: `next_cursor` of the page before.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the filter or the order is wrong.
        """
        query = {"filter": filter, "order_by": order_by, "limit": limit, "cursor": cursor}
        return self._page(Run, f"{root_of(project)}/runs", {**query, "keys": listed(keys)})

    def get_run(self, project: str, run_id: str) -> Run:
        """One run with its writers and its whole summary.

        Raises:
            NotFound: If the project or the run does not exist.
        """
        return Run.model_validate_json(self._read(_path(project, run_id)))

    def change_run(self, project: str, run_id: str, changes: RunChanges) -> Run:
        """Change what a reader may; gives the run as it is then.

        Raises:
            NotFound: If the project or the run does not exist.
        """
        body = changes.model_dump(exclude_unset=True)
        return Run.model_validate_json(
            self._send("PATCH", _path(project, run_id), json=body).content
        )

    def delete_run(self, project: str, run_id: str) -> None:
        """Delete a run with all that is its own; its traces stay.

        Raises:
            NotFound: If the project or the run does not exist.
        """
        self._send("DELETE", _path(project, run_id))

    def get_run_signals(self, project: str, run_id: str, *, rank: int | None = None) -> RunSignals:
        """What a running program asks for; a run that is not there yet is no error."""
        path = f"{_path(project, run_id)}/signals"
        return RunSignals.model_validate_json(self._read(path, {"rank": rank}))

    def list_run_keys(
        self, project: str, run_id: str, *, prefix: str = "", limit: int = 1_000
    ) -> RunKeys:
        """The keys of a run with the sums of their points.

        Raises:
            NotFound: If the project or the run does not exist.
        """
        query = {"prefix": prefix, "limit": limit}
        return RunKeys.model_validate_json(self._read(f"{_path(project, run_id)}/keys", query))

    def read_run_history(
        self,
        project: str,
        run_ids: Sequence[str],
        keys: Sequence[str] = (),
        *,
        points: int = 1_000,
        x: str = "step",
        x_from: float | None = None,
        x_to: float | None = None,
        rank: int | None = None,
    ) -> RunHistory:
        """Points of one run or several, for charts.

        Args:
            project: Its name.
            run_ids: Which runs.
            keys: Which keys; none: all.
            points: Most of each key and run; least and largest are among them.
            x: `step`, `time`, `runtime`, a key, or empty for what `define_metric` said.
            x_from: Least x.
            x_to: Largest x.
            rank: Only of this rank.

        Raises:
            NotFound: If the project or a run does not exist.
        """
        query = {"points": points, "x": x, "x_from": x_from, "x_to": x_to, "rank": rank}
        query |= {"run_ids": listed(run_ids), "keys": listed(keys)}
        return RunHistory.model_validate_json(self._read(f"{root_of(project)}/run-history", query))

    def read_run_table(
        self,
        project: str,
        run_id: str,
        keys: Sequence[str] = (),
        *,
        x: str = "step",
        points: int | None = None,
    ) -> StoredPoints:
        """Points of a run as a table.

        Raises:
            NotFound: If the project or the run does not exist.
            MissingExtra: If pyarrow is not installed (extra `data`).
        """
        try:
            import pyarrow as pa
        except ImportError as error:
            raise MissingExtra(
                "points of runs come as Arrow, and pyarrow is not installed",
                'pip install "weave-core[data]"',
            ) from error
        query = {"keys": listed(keys), "x": x, "points": points, "format": "arrow"}
        if hasattr(pa, "arange"):  # From pyarrow 21 on.
            query["tells_even_steps"] = True
        path = f"{_path(project, run_id)}/history"
        answer = self._send("GET", path, query, timeout_s=_LONG_S)
        table = pa.ipc.open_stream(answer.content).read_all()
        if EVEN_STEPS.encode() in (told := table.schema.metadata or {}):
            first, stride = map(int, told[EVEN_STEPS.encode()].split(b","))
            last = first + stride * (table.num_rows - 1)
            steps = pa.arange(first, last + 1, stride)
            table = table.add_column(0, "step", steps).replace_schema_metadata()
        return StoredPoints(table)


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _path(project: str, run_id: str) -> str:
    return f"{root_of(project)}/runs/{quote(run_id, safe='')}"
