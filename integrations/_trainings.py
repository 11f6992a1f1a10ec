"""The run that a framework's callback logs to: the program's own, or one that the callback begins.

Nothing here raises: a training goes on whatever happens to its record.  What somebody asked for in
the app, a stop, is a flag that each framework's callback turns into that framework's own stop.
"""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from weave_core import tracing
from weave_core.errors import MissingExtra, RunStopped
from weave_core.tracing.disabled import is_disabled
from weave_core.tracing.failures import guarded, warn_once
from weave_core.tracing.launchers import find_rank

__all__ = ["TrainingRun", "guarded", "missing", "most_important", "numbers_of", "plain_config"]

MAX_IMPORTANCES = 100
"""Features whose importance is kept, the most important ones."""
MAX_CONFIG_TEXT = 2_000
"""Characters of a framework's setting that is no plain value."""
_PLAIN = (str, int, float, bool, type(None))


class TrainingRun:
    """Where a callback logs to.

    Args:
        run: The run to log to; None: the one that the program has open when the training begins,
            else a new one, which ends with the training.
        every_rank: Whether programs other than the first of those that were started together log
            too; they write to one run where they name one id.
        shares: Whether the program's open run is logged to.
        **options: What `weave_core.run` takes, for a new one.
    """

    def __init__(
        self,
        run: tracing.Run | None = None,
        *,
        every_rank: bool = False,
        shares: bool = True,
        **options: Any,
    ) -> None:
        self._given = run
        self._shares = shares
        self._every_rank = every_rank
        self._options = options
        self._run: tracing.Run | None = None
        self._is_own = False
        self.last_id: str | None = None
        """Of the run that was begun here last."""
        self._pid = os.getpid()
        self._was_stopped = False

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked for a stop in the app."""
        return self._was_stopped or _asks_for_stop(self._run)

    @property
    def run(self) -> tracing.Run | None:
        """What is logged to now; None before the training has begun and where nothing is logged."""
        return self._run

    @guarded
    def begin(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        is_first: bool | None = None,
        goes_on: bool = False,
        **defaults: Any,
    ) -> None:
        """Find the run or begin one; again, while it goes on, only the config is taken.

        Args:
            config: What the framework is set to; the program's own values of the same names stay.
            is_first: Whether this is the first of the programs that were started together;
                default: as the environment says.
            goes_on: Whether this is a test of what was trained before: the run that was begun for
                that goes on.
            **defaults: Options of a new run where none were given.
        """
        if self._run is not None and self._run.state != "running":
            self._run = None
        if self._run is None:
            if is_first is None:
                is_first = find_rank() in (None, 0)
            if not is_first and not self._every_rank:
                return
            if goes_on and self.last_id is not None:
                defaults = {**defaults, "id": self.last_id}
            self._find(defaults)
        if config:
            self.configure(config)

    def _find(self, defaults: Mapping[str, Any]) -> None:
        found = self._given
        if found is None and self._shares:
            found = _open_run()
        self._is_own = found is None
        if found is None:
            given = {key: value for key, value in self._options.items() if value is not None}
            options = {"on_stop": "flag", **defaults, **given}
            found = tracing.run(options.pop("project", None), **options)
            self.last_id = found.id
        self._run, self._pid, self._was_stopped = found, os.getpid(), False

    @guarded
    def configure(self, config: Mapping[str, Any]) -> None:
        """Take what the framework is set to; a value that the run has already stays."""
        if self._run is not None:
            known = self._run.config
            new = {key: each for key, each in plain_config(config).items() if key not in known}
            known.update(new)

    @guarded
    def log(
        self, values: Mapping[str, Any], step: int | None = None, *, commit: bool = True
    ) -> None:
        """Log numbers at a step."""
        run = self._run
        if run is None or not values:
            return
        try:
            run.log(values, step=step, commit=commit)
        except RunStopped:
            self._was_stopped = True

    @guarded
    def define(self, key: str, **options: Any) -> None:
        """Say how a key is to be shown, as `Run.define_metric` does."""
        if self._run is not None:
            self._run.define_metric(key, **options)

    @guarded
    def summarize(self, values: Mapping[str, Any]) -> None:
        """Set values of the summary."""
        if self._run is not None:
            self._run.summary.update(values)

    @guarded
    def end(self, error: str | None = None) -> None:
        """The training is over: a run that was begun for it ends, the program's own goes on."""
        is_stopped = self.stop_requested
        run, self._run = self._run, None
        # A child process that was forked from the training has no say in it.
        if run is None or not self._is_own or self._pid != os.getpid():
            return
        if is_stopped:
            run.finish("killed")
        else:
            run.finish("finished" if error is None else "failed", error=error)

    def __getstate__(self) -> dict[str, Any]:
        """Without the open run, which belongs to this process: frameworks copy their callbacks."""
        return {**self.__dict__, "_run": None, "_given": None}

    def __deepcopy__(self, memo: dict[int, Any]) -> "TrainingRun":
        """Itself: a copy in the same process logs to the same run."""
        return self


def _asks_for_stop(run: Any) -> bool:
    try:
        return run is not None and bool(run.stop_requested)
    except Exception as error:  # noqa: BLE001  # A training is not ended by what is broken.
        warn_once("training stop", "whether a training should stop is not known", error=error)
        return False


def _open_run() -> tracing.Run | None:
    if is_disabled():
        return None
    from weave_core.tracing.runs import current_run  # Not where tracing is switched off.

    return current_run()


def numbers_of(values: Mapping[str, Any]) -> dict[str, float]:
    """Those of `values` that are numbers, also arrays and tensors of one element."""
    found = {}
    for key, value in values.items():
        if isinstance(value, str | bytes) or value is None:
            continue
        try:
            found[key] = float(value)
        except (TypeError, ValueError, RuntimeError):
            continue
    return found


def most_important(pairs: Iterable[tuple[Any, Any]]) -> dict[str, float]:
    """Features, each with its importance, as values of a summary: the most important ones."""
    ordered = sorted(pairs, key=lambda each: -float(each[1]))[:MAX_IMPORTANCES]
    return {f"importance/{name}": float(score) for name, score in ordered}


def plain_config(values: Any, depth: int = 6) -> Any:
    """Settings as plain values: mappings and lists kept, other objects as their texts."""
    if isinstance(values, _PLAIN):
        return values
    if isinstance(values, Mapping) and depth:
        return {str(key): plain_config(value, depth - 1) for key, value in values.items()}
    if isinstance(values, list | tuple | set) and depth:
        return [plain_config(value, depth - 1) for value in values]
    if isinstance(values, type) or callable(values):
        return getattr(values, "__qualname__", None) or type(values).__qualname__
    try:
        item = getattr(values, "item", None)
        return item() if callable(item) else str(values)[:MAX_CONFIG_TEXT]
    except Exception as error:  # noqa: BLE001  # Whatever a foreign value raises, it is only told.
        warn_once("config value", "a setting of a training can't be told", error=error)
        return type(values).__qualname__


def missing(library: str, extra: str) -> MissingExtra:
    """The error of a module whose library is not installed."""
    return MissingExtra(
        f"the integration {extra!r} needs the package {library}, which is not installed",
        f'pip install "weave-core[{extra}]"',
    )
