"""A run with wandb's methods: its counter of steps, its config and summary, on a run of ours."""

import math
import os
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Literal, Self, get_args

from weave_core.compat.wandb_files import File, find_file, restored
from weave_core.compat.wandb_media import Histogram
from weave_core.compat.wandb_missing import not_provided
from weave_core.compat.wandb_names import AlertLevel
from weave_core.compat.wandb_notes import Config, Summary
from weave_core.compat.wandb_run_artifacts import RunArtifacts
from weave_core.compat.wandb_run_facts import RunFacts
from weave_core.compat.wandb_watch import Watches
from weave_core.model.runs import SummaryKind
from weave_core.tracing import lifecycle
from weave_core.tracing.failures import warn_once
from weave_core.tracing.logged_values import PLAIN_NUMBERS, checked_step, read_values
from weave_core.tracing.media import Markdown

if TYPE_CHECKING:
    from weave_core import tracing
    from weave_core.integrations.tensorboard import Patching

__all__ = ["Metric", "Run"]

ALERTS_KEY = "alerts"
"""The key that alerts are logged under."""
_ALERT_S = 60.0


class Metric:
    """What `define_metric` gives back, to be named as another one's `step_metric`."""

    def __init__(self, name: str) -> None:
        self.name = name


class Run(RunFacts, RunArtifacts):
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
        super().__init__(inner, mode, folder=folder, told=told)
        config = Config(dict(inner.config), allow_val_change=allow_val_change)
        config.take_changed()  # The run has told it already.
        config.hold(inner.config.held)
        inner.config = config
        self._synced: Patching | None = None
        self._watches = Watches()
        self._lock = threading.Lock()
        self._step = inner.step
        self._axes: dict[str, str] = {}
        self._last: dict[str, float] = {}
        self._alerted_s: dict[str, float] = {}
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
        """Log numbers and media; what can't be kept is left out, with one warning and a mark.

        A text is kept as the summary's value; an array or a list of numbers is a histogram.

        Args:
            data: Names to numbers and media, maybe nested.
            step: Default: the counter.  A larger one moves the counter there; at a smaller one the
                numbers are kept too, where wandb drops them.
            commit: Whether the step is over, so that the counter goes up; default: where `step` was
                not given.
            sync: Not read, as in wandb itself.
        """
        if self.has_ended:
            warn_once("wandb log", "wandb: run %s has ended: what it logs is left out", self.id)
            return
        if isinstance(data, Mapping) and not PLAIN_NUMBERS.issuperset(map(type, data.values())):
            data = self._prepared(data)
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

    def _prepared(self, data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
        """`data` with what wandb keeps and a point can't be as something that is kept here."""
        found: dict[str, Any] = {}
        for key, value in data.items():
            if isinstance(value, str):
                self._inner.summary[f"{prefix}{key}"] = value
            elif isinstance(value, Mapping):
                if inner := self._prepared(value, f"{prefix}{key}."):
                    found[key] = inner
            else:
                found[key] = Histogram(value) if _is_series(value) else value
        return found

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

    def watch(  # noqa: PLR0917  # As wandb has them.
        self,
        models: Any,
        criterion: object = None,  # noqa: ARG002  # wandb's, which does not read it either.
        log: Literal["gradients", "parameters", "all"] | None = "gradients",
        log_freq: int = 1000,
        idx: int | None = None,  # noqa: ARG002
        log_graph: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """Log what PyTorch models' gradients and parameters look like, until `unwatch` or the end.

        Histogram and norms of each tensor, at the step of what is logged next.

        Args:
            models: A `torch.nn.Module`, or several.
            criterion: Not read.
            log: What to look at.
            log_freq: Every how many backward passes.
            idx: Not read.
            log_graph: Has no meaning here, which is said once.

        Raises:
            ConfigError: If an argument can't be used.
            MissingExtra: If PyTorch is not installed.
        """
        self._watches.warn_of(log_graph)
        self._watches.begin(self, models, log, log_freq)

    def unwatch(self, models: Any = None) -> None:
        """Look at some models, or at all, no longer."""
        self._watches.end(models)

    def alert(
        self,
        title: str,
        text: str = "",
        level: Any = None,
        wait_duration: Any = None,
    ) -> None:
        """Note something that somebody should see: among the run's media and in its console.

        Nobody is written to; `Client().run(id).media("alerts")` reads them.

        Args:
            title: What it is about, in a few words.
            text: What happened.
            level: `INFO`, `WARN` or `ERROR`.
            wait_duration: Seconds, or a `timedelta`, within which the same title is noted once;
                default: a minute.
        """
        waits = getattr(wait_duration, "total_seconds", lambda: wait_duration)()
        now_s = time.monotonic()
        wait_s = _ALERT_S if waits is None else float(waits)
        if self.has_ended or now_s - self._alerted_s.get(title, -wait_s) < wait_s:
            return
        self._alerted_s[title] = now_s
        word = level.value if isinstance(level, AlertLevel) else str(level or "INFO").upper()
        self._inner.log({ALERTS_KEY: Markdown(f"**{word}: {title}**\n\n{text}")}, step=self._step)
        self._inner.note(f"alert, {word}: {title}: {text}\n")

    def mark_preempting(self) -> None:
        """Note that the machine is about to be taken away."""
        self._inner.note("the machine is about to be taken away\n")

    def status(self) -> Mapping[str, Any]:
        """How much waits to be sent: what is on disk is safe."""
        return {"sync_items_total": 0, "sync_items_pending": 0}

    def display(self, *_given: Any, **_options: Any) -> bool:
        """Nothing is shown in place: `url` is its page."""
        return False

    def pin_config_keys(self, keys: Iterable[str]) -> None:
        """A matter of wandb's pages."""

    def join(self, exit_code: int | None = None) -> None:
        """End the run, as older scripts have it."""
        self.finish(exit_code)

    def _label(self, **_told: Any) -> None:
        """What libraries tell W&B of themselves."""

    def finish(self, exit_code: int | None = None, quiet: object = None) -> None:  # noqa: ARG002
        """End the run: failed where `exit_code` is another than 0."""
        self._watches.end()
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


def _is_series(value: Any) -> bool:
    """Whether it is an array of several numbers, or a list of them."""
    if isinstance(value, list | tuple):
        return len(value) > 1 and PLAIN_NUMBERS.issuperset(map(type, value))
    kind = str(getattr(value, "dtype", ""))
    shape = getattr(value, "shape", None)
    is_numbers = any(word in kind for word in ("int", "float", "bool"))
    return is_numbers and isinstance(shape, tuple) and math.prod(shape) > 1


def _say_nothing(_key: str, _message: str) -> None:
    """The run itself tells it."""
