"""A run with wandb's methods: its counter of steps, its config and summary, on a run of ours."""

import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Literal, Self, get_args

from weave_core.compat.wandb_artifacts import Artifact, given_aliases, inner_of
from weave_core.compat.wandb_files import File, find_file, restored
from weave_core.compat.wandb_missing import not_provided
from weave_core.errors import ConfigError
from weave_core.model.runs import SummaryKind
from weave_core.tracing import lifecycle
from weave_core.tracing.failures import warn_once
from weave_core.tracing.logged_values import checked_step, read_values
from weave_core.tracing.run_notes import RunConfig

if TYPE_CHECKING:
    from weave_core import tracing
    from weave_core.integrations.tensorboard import Patching

__all__ = ["Config", "Metric", "Run", "Summary"]


class Config(RunConfig):
    """What a run was started with, with wandb's further methods."""

    def __init__(self, given: Mapping[str, Any], *, allow_val_change: bool = False) -> None:
        super().__init__(given)
        self._allows_change = allow_val_change

    def as_dict(self) -> dict[str, Any]:
        """A copy as a dictionary."""
        return dict(self)

    def setdefaults(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Set those values that are not set yet; gives all of them."""
        self.update({key: value for key, value in given.items() if key not in self})
        return self.as_dict()

    def _set(self, key: str, value: Any, *, allow_val_change: bool) -> None:
        super()._set(key, value, allow_val_change=allow_val_change or self._allows_change)


class Summary(MutableMapping[str, Any]):
    """One value a key, by item and by attribute; what is set stands instead of what was logged."""

    def __init__(self, inner: "tracing.Run") -> None:
        self.__dict__["_inner"] = inner

    def _values(self) -> MutableMapping[str, Any]:
        inner: tracing.Run = self.__dict__["_inner"]
        inner.drain()  # What was logged a moment ago is not counted yet.
        return inner.summary

    def __getitem__(self, key: str) -> Any:
        return self._values()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values()[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__") or key not in self:
            raise AttributeError(f"the summary of this run has no {key!r}")
        return self[key]

    def __setattr__(self, key: str, value: Any) -> None:
        self[key] = value

    def __repr__(self) -> str:
        return f"Summary({dict(self)!r})"


class Metric:
    """What `define_metric` gives back, to be named as another one's `step_metric`."""

    def __init__(self, name: str) -> None:
        self.name = name


class Run:
    """A run of ours behind wandb's methods; `init` makes one.

    Example:
        >>> with wandb.init(project="digits", config={"lr": 0.1}) as run:
        ...     run.log({"loss": 0.5})
    """

    def __init__(
        self,
        inner: "tracing.Run",
        mode: str,
        *,
        folder: str,
        told: Mapping[str, Any],
        allow_val_change: bool,
    ) -> None:
        config = Config(dict(inner.config), allow_val_change=allow_val_change)
        config.take_changed()  # The run has told it already.
        config.hold(inner.config.held)
        inner.config = config
        self._inner = inner
        self._mode = mode
        self._folder = folder
        self._told = dict(told)
        self._synced: Patching | None = None
        self._name = inner.name
        self._lock = threading.Lock()
        self._step = inner.step
        self._axes: dict[str, str] = {}
        self._last: dict[str, float] = {}
        self.id = inner.id
        self.project = inner.project
        self.config = config
        """What it was started with."""
        self.summary = Summary(inner)
        """One value a key."""

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,  # noqa: FBT001  # As wandb has it.
        sync: object = None,  # noqa: ARG002
    ) -> None:
        """Log numbers; what can't be kept is left out, with one warning and a mark on the run.

        Args:
            data: Names to numbers, maybe nested.
            step: Default: the counter.  A larger one moves the counter there; at a smaller one the
                numbers are kept too, where wandb drops them.
            commit: Whether the step is over, so that the counter goes up; default: where `step` was
                not given.
            sync: Not read, as in wandb itself.
        """
        if self.has_ended:
            warn_once("wandb log", "wandb: run %s has ended: what it logs is left out", self.id)
            return
        if self._axes:
            data = self._with_axes(data)
        with self._lock:
            if step is None:
                at = self._step
                self._step = at + (commit is None or bool(commit))
            else:
                checked = checked_step(step, _say_nothing)
                # A step that is none goes through as it is: the run tells it and leaves it out.
                at = step if checked is None else checked
                if checked is not None:
                    self._step = max(self._step, checked + bool(commit))
        self._inner.log(data, step=at)

    def _with_axes(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """`data` with the last value of each x-axis that its keys have and it does not."""
        found = read_values(data, _say_nothing)
        axes = set(self._axes.values())
        self._last.update({key: found[key] for key in axes & found.keys()})
        wanted = {axis for key in found if (axis := self._axis_of(key)) is not None}
        added = {key: self._last[key] for key in wanted - found.keys() if key in self._last}
        return {**data, **added} if added else data

    def _axis_of(self, key: str) -> str | None:
        if key in self._axes:
            return self._axes[key]
        fits = (p for p in self._axes if p.endswith("*") and key.startswith(p[:-1]))
        pattern = next(fits, None)
        return None if pattern is None else self._axes[pattern]

    def define_metric(
        self,
        name: str,
        step_metric: str | Metric | None = None,
        *,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,  # noqa: ARG002
    ) -> Metric:
        """Say how a key, or all that begin alike (`val/*`), are shown.

        Args:
            name: The key or pattern.
            step_metric: The key that is its x-axis.
            step_sync: Whether its last value is logged along; default: yes.
            hidden: Has no meaning here, which is said once.
            summary: `min`, `max`, `mean`, `last`, `first`, `best`, `none`; of several the first.
            goal: What `best` means.
            overwrite: Not read: the newest definition stands.
        """
        axis = step_metric.name if isinstance(step_metric, Metric) else step_metric
        if hidden:
            warn_once("wandb hidden", "wandb: define_metric(hidden=True) has no meaning here")
        kinds = [word.strip() for word in (summary or "last").replace("copy", "last").split(",")]
        if len(kinds) > 1:
            warn_once(
                f"wandb summary {summary}", "wandb: summary=%r: only %s is kept", summary, kinds[0]
            )
        if kinds[0] not in get_args(SummaryKind):
            warn_once(f"wandb summary {summary}", "wandb: summary=%r is not known: last", summary)
            kinds = ["last"]
        goal = None if goal is None else {"min": "minimize", "max": "maximize"}.get(goal[:3])
        if kinds[0] == "best" and goal is None:
            goal = "minimize"  # As wandb reads it.
        asked: dict[str, Any] = {"step_metric": axis, "summary": kinds[0], "goal": goal}
        self._inner.define_metric(name, **asked)
        if axis is not None and axis != name and step_sync is not False:
            self._axes[name] = axis
        return Metric(name)

    def save(
        self,
        glob_str: str | os.PathLike[str],
        base_path: str | os.PathLike[str] | None = None,
        policy: Literal["live", "now", "end"] = "live",
    ) -> list[str]:
        """Keep files with the run; gives their names.

        Args:
            glob_str: A path, a folder, or a pattern.
            base_path: The folder from which names are told; default: `run.dir` for what is in it,
                else where the program runs.
            policy: `live`: now and whenever they change; `now`; `end`: when the run ends.
        """
        own = self.__dict__.get("dir")  # It is not made for this.
        if base_path is None and own is not None and Path(glob_str).is_relative_to(own):
            base_path = own
        return self._inner.save(glob_str, base_path=base_path, policy=policy)

    def restore(
        self,
        name: str,
        run_path: str | None = None,
        replace: bool = False,  # noqa: FBT001, FBT002  # As wandb has it.
        root: str | os.PathLike[str] | None = None,
    ) -> IO[str]:
        """A file of this run or of another, in place and opened to read.

        Args:
            name: Its name.
            run_path: `RUN`, `PROJECT/RUN` or `ENTITY/PROJECT/RUN`.
            replace: Whether one that is there is replaced; else it is taken as it is.
            root: Where to; default: `run.dir`.

        Raises:
            NotFound: If there is none.
        """
        before, _, run_id = (run_path or self.id).rpartition("/")
        project = before.rpartition("/")[2] or self.project
        return restored(project, run_id, name, root=root or self.dir, replace=replace)

    def file(self, name: str) -> File:
        """A file that the run keeps.

        Raises:
            NotFound: If it keeps none of that name.
        """
        lifecycle.flush()  # What was saved just now, and the run itself, may be on the way.
        return find_file(self.project, self.id, name)

    def log_artifact(
        self,
        artifact_or_path: Any,
        name: str | None = None,
        type: str | None = None,  # noqa: A002  # wandb's name.
        aliases: str | Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact:
        """Store an artifact, or a file or folder as one, that this run has made.

        Args:
            artifact_or_path: What to store; its files are read before this returns.
            name: Of a path: what it is called.
            type: Of a path: what it is.
            aliases: Names that lead to this version; `latest` always does.
            tags: Words to find it by.
        """
        options: dict[str, Any] = {"aliases": given_aliases(aliases), "tags": tags or ()}
        kept = self._inner.log_artifact(inner_of(artifact_or_path), name, type, **options)
        is_given = isinstance(artifact_or_path, Artifact)
        return artifact_or_path if is_given else Artifact.of(kept)

    def use_artifact(
        self,
        artifact_or_name: Any,
        type: str | None = None,  # noqa: A002  # wandb's name.
        aliases: object = None,  # noqa: ARG002
        use_as: object = None,  # noqa: ARG002
    ) -> Artifact:
        """A version that this run uses, by `NAME:VERSION` or as it is; of what type it has to be.

        `aliases` and `use_as` are not read.
        """
        return Artifact.of(self._inner.use_artifact(inner_of(artifact_or_name), type))

    def log_model(
        self,
        path: str | Path,
        name: str | None = None,
        aliases: str | Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact:
        """Store a file or a folder as an artifact of type `model`."""
        return self.log_artifact(path, name, "model", aliases, tags)

    def use_model(self, name: str) -> str:
        """Download a model that this run uses; gives its file, or its folder."""
        found = self._inner.use_artifact(name)
        return str(found.file() if found.file_count == 1 else found.download())

    def finish(self, exit_code: int | None = None, quiet: object = None) -> None:  # noqa: ARG002
        """End the run: failed where `exit_code` is another than 0."""
        synced, self._synced = self._synced, None
        if synced is not None:
            synced.stop()
        if exit_code:
            self._inner.finish("failed", error=f"exit code {exit_code}")
        else:
            self._inner.finish()

    def sync_tensorboard(self) -> None:
        """Log what this program's `SummaryWriter`s write, until the end."""
        from weave_core.integrations.tensorboard import patch  # Only for who asks for it.

        self._synced = self._synced or patch(run=self._inner)

    @property
    def step(self) -> int:
        """The step that `log` takes next where none is given."""
        return self._step

    @property
    def name(self) -> str:
        """What it is called; may be set."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = str(name)
        self._inner.describe(name=self._name)

    @property
    def tags(self) -> tuple[str, ...]:
        """Words to find it by; may be set."""
        return tuple(self._told["tags"])

    @tags.setter
    def tags(self, tags: Sequence[str]) -> None:
        self._told["tags"] = [str(tag) for tag in tags]
        self._inner.describe(tags=self._told["tags"])

    @property
    def notes(self) -> str | None:
        """Text about it; may be set."""
        notes: str | None = self._told["notes"]
        return notes

    @notes.setter
    def notes(self, notes: str) -> None:
        self._told["notes"] = str(notes)
        self._inner.describe(notes=self._told["notes"])

    @property
    def group(self) -> str | None:
        """Name that runs of one experiment share."""
        group: str | None = self._told["group"]
        return group

    @property
    def job_type(self) -> str | None:
        """What it does."""
        job_type: str | None = self._told["job_type"]
        return job_type

    @property
    def entity(self) -> str:
        """Empty: there are no entities here."""
        return ""

    @property
    def url(self) -> str:
        """Its page in the app."""
        return self._inner.url

    def get_url(self) -> str:
        """Its page in the app."""
        return self.url

    @property
    def has_ended(self) -> bool:
        """Whether nothing more can be logged to it."""
        return self._inner.state != "running"

    @property
    def offline(self) -> bool:
        """Whether it is kept on disk until `weave-core sync`."""
        return self._mode == "offline"

    @property
    def disabled(self) -> bool:
        """Whether nothing of it is kept."""
        return self._mode == "disabled"

    @cached_property
    def dir(self) -> str:
        """A folder for its files, which are kept with the run when it ends."""
        if self.disabled:
            return tempfile.mkdtemp(prefix="wandb-")
        folder = Path(self._folder) / "wandb" / f"run-{self.id}" / "files"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"the folder {str(folder)!r} for files of a run can't be made: {error}",
                "give wandb.init(dir=...) or WANDB_DIR",
            ) from error
        self._inner.save(folder.absolute(), base_path=folder.absolute(), policy="end")
        return str(folder.absolute())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._inner.__exit__(kind, error, traceback)

    def __getattr__(self, name: str) -> Any:
        raise not_provided("wandb.run", name)

    def __repr__(self) -> str:
        return f"<wandb run {self.id} on {self._inner!r}>"


def _say_nothing(_key: str, _message: str) -> None:
    """The run itself tells it."""
