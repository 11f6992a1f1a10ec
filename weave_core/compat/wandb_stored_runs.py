"""A run that is stored, with the names that `wandb.Api` has for what is in it."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from weave_core.client import Client
from weave_core.compat.wandb_artifacts import Artifact
from weave_core.compat.wandb_files import File
from weave_core.compat.wandb_missing import not_provided
from weave_core.compat.wandb_notes import SummaryView
from weave_core.errors import MissingExtra
from weave_core.flat_keys import flattened
from weave_core.foreign_runs.wandb_filters import moment
from weave_core.model import Run as RunInfo
from weave_core.settings import Settings

__all__ = ["StoredRun"]

_STEP, _TIME, _RUNTIME = "_step", "_timestamp", "_runtime"
Row = dict[str, Any]


class _Summary(SummaryView, MutableMapping[str, Any]):
    """The summary; what is set is stored at once."""

    def __init__(self, run: "StoredRun", values: Mapping[str, Any]) -> None:
        self.__dict__.update(_run=run, _told=dict(values))

    def _values(self) -> Mapping[str, Any]:
        told: dict[str, Any] = self.__dict__["_told"]
        return told

    def _store(self, changes: Mapping[str, Any]) -> None:
        run: StoredRun = self.__dict__["_run"]
        self.__dict__["_told"] = dict(run.change(summary=dict(changes)).summary)

    def __setitem__(self, key: str, value: Any) -> None:
        self._store(dict(flattened({key: value})))

    def __delitem__(self, key: str) -> None:
        self._store({key: None})

    def __setattr__(self, key: str, value: Any) -> None:
        self[key] = value

    @property
    def _json_dict(self) -> dict[str, Any]:
        """All of it, as scripts read it to be rid of wandb's own class."""
        return dict(self)


class StoredRun:
    """A run that is stored."""

    def __init__(self, client: Client, info: RunInfo) -> None:
        self._client = client
        self._info = info
        self.id = info.run_id
        self.storage_id = info.run_id
        self.project = info.project
        self.entity = ""
        self.user = self.username = ""
        self.config: dict[str, Any] = dict(info.config)
        """What it was started with."""
        self.name = info.name
        self.tags: list[str] = list(info.tags)
        self.notes = self.description = info.notes
        self.group = info.group
        self.job_type = self.jobType = info.job_type
        self.created_at = self.createdAt = moment(info.started_ns)
        self.heartbeat_at = self.heartbeatAt = moment(info.heartbeat_ns)

    @property
    def display_name(self) -> str:
        """What it is called."""
        return self.name

    @property
    def state(self) -> str:
        """`running`, `finished`, `failed`, `crashed` or `killed`, as it is now."""
        if self._info.state == "running":
            self.load()
        return self._info.state

    @property
    def path(self) -> list[str]:
        """Entity, project and id."""
        return [self.entity, self.project, self.id]

    @property
    def url(self) -> str:
        """Its page in the app."""
        query = urlencode({"project": self.project, "run": self.id})
        return f"{Settings.from_env().app_url.rstrip('/')}/run?{query}"

    @property
    def lastHistoryStep(self) -> int:  # noqa: N802  # wandb's name.
        """The last step that it logged; -1 where there is none."""
        return -1 if self._info.last_step is None else self._info.last_step

    @cached_property
    def summary(self) -> Any:
        """One value a key; what is set is stored at once."""
        # A list of runs tells the first hundred keys of each.
        return _Summary(self, self._client.get_run(self.project, self.id).summary)

    @property
    def summary_metrics(self) -> dict[str, Any]:
        """The summary as a dictionary."""
        return dict(self.summary)

    @property
    def metadata(self) -> dict[str, Any]:
        """What it ran with: `git`, `command`, `python`, `packages`, `machine`..."""
        return self._client.run(self.id, self.project).environment

    @property
    def sweep(self) -> Any:
        """The id of the sweep whose trial it is, by the group that such a run has."""
        return self._info.group

    def history(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = _STEP,
        pandas: bool = True,  # noqa: FBT001, FBT002  # As wandb has it.
        stream: str = "default",
    ) -> Any:
        """Its points: a data frame, or a list of rows.

        Args:
            samples: Rows at most; of more the evenly chosen ones, first and last among them.
            keys: Only rows that have all of these.
            x_axis: The column that comes first.
            pandas: Whether a data frame is wanted.
            stream: `default`, or `system` for what was measured of the machine.

        Raises:
            MissingExtra: If pyarrow, or pandas where a frame is wanted, is not installed.
        """
        rows = list(self._rows(keys, is_system=stream in {"system", "systemMetrics"}))
        if len(rows) > samples > 1:
            last = len(rows) - 1
            rows = [rows[round(place * last / (samples - 1))] for place in range(samples)]
        if not pandas:
            return rows
        try:
            import pandas as pd  # type: ignore[import-untyped]  # It ships no types.
        except ImportError as error:
            raise MissingExtra(
                "a data frame needs pandas", "pip install pandas, or give pandas=False"
            ) from error
        frame = pd.DataFrame(rows)
        first = [x_axis] if x_axis in frame.columns else []
        return frame[[*first, *(name for name in frame.columns if name not in first)]]

    def scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = 1000,  # noqa: ARG002
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> Iterator[Row]:
        """All of its points, row by row, exactly.

        Args:
            keys: Only rows that have all of these, and only these.
            page_size: Not read.
            min_step: From this step on.
            max_step: Up to before this step.

        Raises:
            MissingExtra: If pyarrow is not installed.
        """
        for row in self._rows(keys):
            is_late = min_step is None or row[_STEP] >= min_step
            if is_late and (max_step is None or row[_STEP] < max_step):
                yield row if keys is None else {key: row[key] for key in keys}

    beta_scan_history = scan_history

    def _rows(self, keys: Sequence[str] | None, *, is_system: bool = False) -> Iterator[Row]:
        own = {_STEP, _TIME, _RUNTIME}
        wanted = [key for key in keys or () if key not in own]
        stored = self._client.run(self.id, self.project)
        if is_system:
            points = stored.system()
        elif keys is not None and set(wanted) - {each.key for each in stored.keys().items}:
            return  # No row has a key that was never logged.
        else:
            points = stored.history(wanted, x="time")
        began_s = self._info.started_ns / 1e9
        table = points.to_arrow()
        if "time" in table.column_names:  # As a number: not every reader has nanoseconds.
            place = table.column_names.index("time")
            table = table.set_column(place, "time", table.column(place).cast("int64"))
        for told in table.to_pylist():
            row = {_STEP: told.pop("step"), **{key: v for key, v in told.items() if v is not None}}
            time_ns = row.pop("time", None)
            if time_ns is not None:
                at_s = float(time_ns) / 1e9
                row |= {_TIME: at_s, _RUNTIME: at_s - began_s}
            if all(key in row for key in wanted):
                yield row

    @property
    def system_metrics(self) -> dict[str, Any]:
        """The last of what was measured of its machine."""
        found: dict[str, Any] = {}
        for row in self._rows(None, is_system=True):
            found |= {key: value for key, value in row.items() if not key.startswith("_")}
        return found

    def files(self, names: Sequence[str] | None = None, per_page: int = 50) -> list[File]:
        """The files that it keeps, or those of these names."""
        del per_page
        found = self._client.run_files(self.project, self.id)
        return [File(each.info) for each in found if not names or each.name in names]

    def file(self, name: str) -> File:
        """A file that it keeps.

        Raises:
            NotFound: If it keeps none of that name.
        """
        return File(self._client.get_run_file(self.project, self.id, name))

    def logged_artifacts(self, per_page: int = 100) -> list[Artifact]:
        """The versions of artifacts that it made."""
        del per_page
        return self._artifacts("made")

    def used_artifacts(self, per_page: int = 100) -> list[Artifact]:
        """The versions of artifacts that it used."""
        del per_page
        return self._artifacts("used")

    def _artifacts(self, role: str) -> list[Artifact]:
        uses = self._client.list_run_artifacts(self.project, self.id)
        names = [f"{each.name}:v{each.version}" for each in uses if each.role == role]
        return [Artifact.of(self._client.artifact(name, project=self.project)) for name in names]

    def change(self, **changes: Any) -> RunInfo:
        """Change it on the server; gives it as it is then."""
        return self._client.run(self.id, self.project).update(**changes)

    def update(self) -> None:
        """Store what was set of name, tags, notes and group."""
        told = {"name": self.name, "tags": list(self.tags), "notes": self.notes or ""}
        grouped = {} if self.group is None else {"group": self.group}
        self._info = self.change(**told, **grouped)

    save = update

    def load(self, force: bool = False) -> None:  # noqa: FBT001, FBT002  # As wandb has it.
        """Read it again."""
        del force
        self._info = self._client.get_run(self.project, self.id)
        self.__dict__.pop("summary", None)

    def delete(self, delete_artifacts: bool = False) -> None:  # noqa: FBT001, FBT002
        """Delete it with all that is its own; its artifacts stay."""
        del delete_artifacts
        self._client.delete_run(self.project, self.id)

    def stop(self) -> None:
        """Ask its program to stop."""
        self.change(stop=True)

    def get(self, name: str, default: Any = None) -> Any:
        """What it has under a name, else `default`."""
        return getattr(self, name, default)

    def __getattr__(self, name: str) -> Any:
        raise not_provided("a run of wandb.Api", name)

    def __repr__(self) -> str:
        return f"<Run {self.project}/{self.id} ({self._info.state})>"
