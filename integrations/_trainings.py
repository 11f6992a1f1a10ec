"""The run that a framework's callback logs to: the program's own, or one that the callback begins.

Nothing here raises: a training goes on whatever happens to its record.  What somebody asked for in
the app, a stop, is a flag that each framework's callback turns into that framework's own stop.
"""

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from weave_core import tracing
from weave_core.errors import MissingExtra, RunStopped
from weave_core.tracing.disabled import is_disabled
from weave_core.tracing.failures import guarded, warn_once
from weave_core.tracing.run_outcomes import Outcome
from weave_core.tracing.run_ranks import find_rank

if TYPE_CHECKING:
    from weave_core.tracing.run_joins import LeftRun

__all__ = ["TrainingRun", "guarded", "missing", "most_important", "numbers_of", "plain_config"]

MAX_IMPORTANCES = 100
"""Features whose importance is kept, the most important ones."""
MAX_CONFIG_TEXT = 2_000
"""Characters of a framework's setting that is no plain value."""
_AXIS = "epoch"
"""What trainings with different prefixes have in common: the axis of their charts."""
_PLAIN = (str, int, float, bool, type(None))


class TrainingRun:
    """Where a callback logs to.

    Args:
        run: The run to log to; None: the one that the program has open when the training begins,
            else a new one, which ends with the training.
        every_rank: Whether programs other than the first of those that were started together log
            too; they write to one run where they name one id.
        shares: Whether the program's open run is logged to.
        travels: Whether a copy in a process that the library starts logs to this one's run.
        kind: Which library trains; of one library a thread does one training at a time.
        **options: What `weave_core.run` takes, for a new one.
    """

    def __init__(
        self,
        run: tracing.Run | None = None,
        *,
        every_rank: bool = False,
        shares: bool = True,
        travels: bool = False,
        kind: str = "",
        **options: Any,
    ) -> None:
        self._given = run
        self._shares = shares
        self._travels = travels
        self._left: LeftRun | None = None
        """The run of the process that this copy comes from."""
        self._every_rank = every_rank
        self._kind = kind
        self._options = options
        self._is_new = False
        self._shifts: dict[str, int] = {}
        """How far numbers of this training are moved, by what is counted."""
        self._reached: tuple[str, dict[str, int]] | None = None
        """The run, and what `_reached` has of it."""
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
        is_new: bool = False,
        shares: bool = True,
        **defaults: Any,
    ) -> None:
        """Find the run or begin one; again, while it goes on, only the config is taken.

        Args:
            config: What the framework is set to; the program's own values of the same names stay.
            is_first: Whether this is the first of the programs that were started together;
                default: as the environment says.
            goes_on: Whether this is a test of what was trained before: the run that was begun for
                that goes on.
            is_new: Whether the library begins a training now, so that an older one of the same kind
                that has not ended was broken off by an exception.
            shares: Whether it is a part of the program's open run, and not one of several.
            **defaults: Options of a new run where none were given.
        """
        if is_new:
            self._break_off_older()
            self._shifts, self._is_new = {}, True
        if self._run is not None and _has_ended(self._run):
            self._run = None
        if self._run is None:
            if is_first is None:
                is_first = find_rank() in (None, 0)
            if not is_first and not self._every_rank:
                return
            if goes_on and self.last_id is not None:
                defaults = {**defaults, "id": self.last_id}
            self._find(defaults, shares=shares)
        if config and self._run is not None:
            self.configure(config)

    def _find(self, defaults: Mapping[str, Any], *, shares: bool) -> None:
        found = self._given
        if found is None and self._shares and shares:
            found = _open_run()
        if found is not None and _has_ended(found):
            warn_once(
                "training run", "a run that has ended was given to a callback: nothing is logged"
            )
            return
        self._is_own = found is None
        if found is None and self._left is not None:
            found = self._left.join(find_rank() or 0)
        if found is None:
            given = {key: value for key, value in self._options.items() if value is not None}
            options = {"on_stop": "flag", **defaults, **given}
            found = tracing.run(options.pop("project", None), **options)
            self.last_id = found.id
        self._run, self._pid, self._was_stopped = found, os.getpid(), False
        self._shifts = {}
        if self._reached is not None and self._reached[0] == found.id:
            _reached[found] = self._reached[1]
        self._reached = found.id, _reached.setdefault(found, {})

    def _break_off_older(self) -> None:
        older = _under_way.trainings.pop(self._kind, None)
        if older is not None:
            older.end("the training was broken off", state="failed")
        if self._kind:
            _under_way.trainings[self._kind] = self

    def placed(self, counted: str, number: int, names: Iterable[str] = ()) -> int:
        """`number`, or behind those of earlier trainings in the same run.

        A library counts each of its trainings from 0 (`fit` called twice); in one run the second
        would stand instead of the first.

        Args:
            counted: What is counted, such as epochs.
            number: As the library counts.
            names: What has such a number; default: `counted`.
        """
        run, names = self._run, [*names] or [counted]
        if run is None:
            return number
        reached = {} if self._reached is None else self._reached[1]
        if counted not in self._shifts:
            last = max(reached.get(name, -1) for name in names)
            # What is no training, such as a test, is of the number that was trained last.
            is_taken = number <= last if self._is_new else number < last
            self._shifts[counted] = last + 1 - number if is_taken else 0
        number += self._shifts[counted]
        for name in names:
            reached[name] = max(number, reached.get(name, -1))
        return number

    def stay(self, counted: str = "step") -> None:
        """Take the library's numbers as they are: it goes on from where it was left."""
        self._shifts[counted] = 0

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
        if step is not None:
            step = self.placed("step", step, values.keys() - {_AXIS})
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
    def keep_model(
        self, file: str, write: Callable[[str], object], aliases: Sequence[str] = ()
    ) -> None:
        """Store what was trained as the artifact `model-ID`, of type `model`.

        Args:
            file: Name of a file or folder.
            write: Writes it to the path that it gets.
            aliases: Of the version, beside `latest`.
        """
        if self._run is None:
            return
        with TemporaryDirectory(prefix="weave-core-model-") as folder:
            path = str(Path(folder) / file)
            write(path)
            self.keep_files(path, aliases)

    @guarded
    def keep_files(self, path: str, aliases: Sequence[str] = ()) -> None:
        """Store a file or folder that a library has written as a version of that artifact."""
        if self._run is not None:
            name = f"model-{self._run.id}"
            self._run.log_artifact(path, name, "model", aliases=aliases)

    @guarded
    def end(self, error: str | None = None, state: Outcome | None = None) -> None:
        """The training is over: a run that was begun for it ends, the program's own goes on.

        Args:
            error: What went wrong.
            state: How it ended; default: as `error` says, and `killed` after a stop.
        """
        is_stopped = self.stop_requested
        run, self._run = self._run, None
        self._is_new = False
        if _under_way.trainings.get(self._kind) is self:
            del _under_way.trainings[self._kind]
        # A child process that was forked from the training has no say in it.
        if run is None or not self._is_own or self._pid != os.getpid():
            return
        if state is None:
            state = "killed" if is_stopped else "finished" if error is None else "failed"
        run.finish(state, error=error)

    def __getstate__(self) -> dict[str, Any]:
        """Without the open run, which belongs to this process: frameworks copy their callbacks."""
        gone: dict[str, Any] = dict.fromkeys(("_run", "_given", "_reached"))
        left = self._leave() if self._travels else None
        return {**self.__dict__, **gone, "_shifts": {}, "_left": left}

    def _leave(self) -> "LeftRun | None":
        run = self._run or self._given or (_open_run() if self._shares else None)
        if is_disabled() or run is None or _has_ended(run):
            return self._left
        from weave_core.tracing.run_joins import leave  # Not where tracing is switched off.

        return leave(run)

    def __deepcopy__(self, memo: dict[int, Any]) -> "TrainingRun":
        """Itself: a copy in the same process logs to the same run."""
        return self


class _UnderWay(threading.local):
    def __init__(self) -> None:
        self.trainings: dict[str, TrainingRun] = {}


_under_way = _UnderWay()
"""Trainings of this thread that have begun and not ended, by their library."""
_reached: "WeakKeyDictionary[tracing.Run, dict[str, int]]" = WeakKeyDictionary()
"""The largest number of each name that trainings have logged to a run."""


def _asks_for_stop(run: Any) -> bool:
    try:
        return run is not None and bool(run.stop_requested)
    except Exception as error:  # noqa: BLE001  # A training is not ended by what is broken.
        warn_once("training stop", "whether a training should stop is not known", error=error)
        return False


def _has_ended(run: Any) -> bool:
    try:
        return bool(run.state != "running")
    except Exception as error:  # noqa: BLE001  # As above.
        warn_once("training state", "whether a run goes on is not known", error=error)
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
