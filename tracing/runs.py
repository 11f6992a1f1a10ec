"""A run: a training, or any program whose numbers are logged step by step.

`log` puts a row on a list; `run_beats` has a thread that turns rows into spans, which wait on disk
for the server like all others.  So nothing here waits for a network but `finish`, which is bounded,
and a look at the server when a run goes on that was there before.
"""

import math
import os
import sys
import threading
import time
import traceback as tracebacks
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

from weave_core.errors import ConfigError, RunStopped
from weave_core.tracing import lifecycle
from weave_core.tracing.exporting import Exporter
from weave_core.tracing.failures import warn_once
from weave_core.tracing.logged_values import MAX_STEP, PLAIN_NUMBERS, checked_step, read_values
from weave_core.tracing.run_artifacts import RunArtifacts
from weave_core.tracing.run_beats import BEATS
from weave_core.tracing.run_captures import Captures, read_capture
from weave_core.tracing.run_files import Policy, RunFiles
from weave_core.tracing.run_media import RunMedia
from weave_core.tracing.run_notes import RunConfig, RunSummary, mapping_of
from weave_core.tracing.run_outcomes import Outcome, flushed, outcome_of
from weave_core.tracing.run_ranks import hand_over
from weave_core.tracing.run_spans import RunSpans
from weave_core.tracing.run_starts import (
    Start,
    find_start,
    identify,
    read_fork,
    read_rewind,
    read_signals,
)
from weave_core.tracing.step_buffers import MAX_BUFFERED_ROWS, PackedSteps, StepBuffer
from weave_core.tracing.trials import adopt, begin_of

__all__ = ["Run", "current_run", "run"]

MAX_TOLD = 100
"""Keys of a run of which it says that something was left out."""

Resume = Literal["allow", "must", "never"]
SummaryKind = Literal["last", "min", "max", "mean", "first", "best", "none"]


def run(
    project: str | None = None,
    *,
    config: Any = None,
    name: str | None = None,
    group: str | None = None,
    job_type: str | None = None,
    tags: Sequence[str] = (),
    notes: str | None = None,
    id: str | None = None,  # noqa: A002  # What everybody calls it.
    resume: Resume = "allow",
    rewind_to: int | None = None,
    fork_from: str | tuple[str, int] | None = None,
    rank: int | None = None,
    on_stop: Literal["raise", "flag"] = "raise",
    capture: bool | Sequence[str] | None = None,
) -> "Run":
    """Begin a run, or go on with one; use it with `with`, or call `finish`.

    Starts tracing where `init` was not called, with what the environment says.

    Example:
        >>> with weave_core.run("digits", config={"lr": 0.1}) as run:
        ...     for epoch in range(3):
        ...         run.log({"loss": 1 / (epoch + 1)}, step=epoch)

    Args:
        project: Where it belongs; default: where tracing goes.
        config: What it is started with: a mapping, namespace, dataclass or model.
        name: What it is called; default: `id`, else the program's file and a part of the new id.
        group: Name that runs of one experiment share.
        job_type: What it does, such as `train` or `eval`.
        tags: Words to find it by.
        notes: Text about it.
        id: Its own id; default: `WEAVE_CORE_RUN_ID`, else that of ranks that begin it alike, else
            a new one.  Programs that name the same id write to one run.
        resume: What if a run of that id is there: `allow` goes on with it, `must` wants it,
            `never` refuses it.
        rewind_to: Go on behind this step: what was logged later is taken back; -1: all of it.
        fork_from: Another run to begin with, `"ID"`, `"ID?step=100"` or `("ID", 100)`: its points
            up to that step are the first of this one.
        rank: Number of this writer where several write to one run; default: as PyTorch's process
            group or the environment (`RANK`) says.
        on_stop: What a stop that is asked for in the app does: `raise` a `RunStopped` at the next
            `log`, or only set `stop_requested`.
        capture: Some of `run_captures.CAPTURES` and `ON_REQUEST`, or False; else as the setting.

    Raises:
        ConfigError: If an argument can't be used, or `resume` does not allow it.
    """
    if not lifecycle.is_active():
        lifecycle.init(project)
    settings, project, config, id = begin_of(project, config, id)  # noqa: A001  # As above.
    captures = read_capture(capture, settings), settings.system_interval_s
    _check_word("resume", resume, Resume)
    fork, rewind_to = read_fork(fork_from), read_rewind(rewind_to)
    alike = project, name, group, job_type
    run_id, rank, is_new = identify(settings, id, rank=rank, fork=fork, alike=alike)
    asked: dict[str, Any] = {"rank": rank, "resume": resume, "rewind_to": rewind_to, "fork": fork}
    start = Start() if is_new else find_start(settings, project, run_id, **asked)
    told: dict[str, Any] = {"job_type": job_type, "notes": notes, "rewind_to": rewind_to}
    told |= {"name": name or (None if start.exists else id or f"{_program()}-{run_id[:6]}")}
    told |= {"tags": _tags(tags) or None, "group": group or settings.run_group}
    told |= {"forked_from": fork and {"run_id": fork[0], "step": fork[1]}}
    begun = Run(project, run_id, rank=rank, on_stop=on_stop, first_step=start.next_step)
    begun._begin(told, mapping_of(config), captures)  # noqa: SLF001  # Its class stands below.
    adopt(begun)
    hand_over(run_id, *alike)
    return begun


def current_run() -> "Run | None":
    """The run of this program that was begun last and has not ended."""
    found = BEATS.current
    return found if isinstance(found, Run) else None


def _check_word(name: str, given: str, words: Any) -> None:
    if given not in get_args(words):
        raise ConfigError(f"{name} is {given!r}", f"give one of {', '.join(get_args(words))}")


def _tags(given: Sequence[str]) -> list[str]:
    return [given] if isinstance(given, str) else [str(tag) for tag in given]


def _program() -> str:
    name = Path(sys.argv[0] if sys.argv and sys.argv[0] else "").stem
    return name if name and not name.startswith("-") else "run"


class Run(AbstractContextManager["Run"], RunArtifacts):
    """A run that this program writes to; `weave_core.run` makes one.

    Example:
        >>> run = weave_core.run("digits")
        >>> run.log({"loss": 0.5, "val": {"accuracy": 0.9}})
        >>> run.summary["best"] = 0.9
        >>> run.finish()
    """

    def __init__(
        self, project: str, run_id: str, *, rank: int, on_stop: str, first_step: int
    ) -> None:
        self.id = run_id
        self.project = project
        self.rank = rank
        self.name = run_id
        self.config = RunConfig({})
        """What it was started with."""
        self.stop_requested = False
        """Whether somebody asked for a stop in the app."""
        self.state = "running"
        self._raises_on_stop = on_stop == "raise"
        self._has_ended = False
        """Whether its end was told, behind which nothing may say that it runs."""
        self.is_inherited = False
        """Whether its end belongs to another program, such as a forked child's parent."""
        self.hears_stops = True
        """Whether it is asked for this program if it should stop."""
        self._has_news = False
        """Whether `log` has something else to do first."""
        self._next_step = first_step
        self._lock = threading.Lock()
        self._spans = RunSpans(project=project, run_id=run_id, rank=rank)
        self._captures: Captures | None = None
        self._problems: dict[str, str] = {}
        self._untold: dict[str, str] = {}
        self._buffer = StepBuffer(self._tell)
        self._rows, self._add = self._buffer.rows, self._buffer.add
        self._media = RunMedia(self._tell)
        self._files = RunFiles(self._tell, self._keep_file)
        self._metrics: dict[str, dict[str, Any]] = {}
        self._changes: dict[str, Any] = {}
        self._told_s = time.monotonic()
        self._dropped = 0
        self.summary = RunSummary(self._buffer.last)
        """One value a key; what is set here stands instead of what was logged."""

    # What a training loop calls.

    def log(self, data: Mapping[str, Any], step: int | None = None, *, commit: bool = True) -> None:
        """Log numbers and media at a step; never waits and never fails, whatever is in `data`.

        Steps may come in any order; of two values of one key at one step the later one stays.
        Nested mappings become keys with dots.  NaN and infinity are kept.  What is neither a number
        nor a medium is left out, with one warning for each key.

        Args:
            data: Names to numbers, also tensors and arrays of one element; to an `Image`, `Audio`,
                `Histogram`, `Table` and the like, or a list of them; to figures of matplotlib and
                plotly, Pillow images and pandas data frames.
            step: A whole number of at least 0; default: one more than the last.
            commit: Whether the step is over; False: what is logged next without a step joins it.

        Raises:
            RunStopped: If a stop was asked for and the run was not told to leave that to you.
        """
        if self._has_news and not self._heed():
            return
        now_ns = time.time_ns()
        if step is None:
            with self._lock:
                step = self._next_step
                self._next_step = step + commit
        elif type(step) is int and 0 <= step <= MAX_STEP:
            if step >= self._next_step:
                self._next_step = step + commit
        else:
            checked = checked_step(step, self._tell)
            if checked is None:
                return
            step = checked
            self._next_step = max(self._next_step, step + commit)
        if type(data) is dict:
            values = tuple(data.values())
            if PLAIN_NUMBERS.issuperset(map(type, values)):
                self._add(tuple(data), step, now_ns, values)
                if len(self._rows) >= MAX_BUFFERED_ROWS:
                    self.drain()
                return
        keep = partial(self._media.add, step=step, time_ns=now_ns)
        found = read_values(data, self._tell, keep)
        if found:
            self._add(tuple(found), step, now_ns, tuple(found.values()))

    def define_metric(
        self,
        key: str,
        *,
        step_metric: str | None = None,
        summary: SummaryKind = "last",
        goal: Literal["minimize", "maximize"] | None = None,
    ) -> None:
        """Say how a key is to be shown.

        Example:
            >>> run.define_metric("val.*", step_metric="epoch")
            >>> run.define_metric("val.loss", step_metric="epoch", summary="min")

        Args:
            key: A key, or a pattern with `*`; a key's own definition goes before a pattern's.
            step_metric: The key whose values are its x-axis.
            summary: Which of its values stands for it in lists; `best` with a `goal`.
            goal: What `best` means.

        Raises:
            ConfigError: If `summary` or `goal` is none that there is.
        """
        _check_word("summary", summary, SummaryKind)
        if goal not in (None, "minimize", "maximize"):
            raise ConfigError(f"goal is {goal!r}", "give minimize or maximize")
        if summary == "best" and goal is None:
            raise ConfigError("summary='best' has no goal", "give goal='minimize' or 'maximize'")
        self._metrics[str(key)] = {"step_metric": step_metric, "summary": summary, "goal": goal}
        self._change({"metrics": dict(self._metrics)})

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        base_path: str | os.PathLike[str] | None = None,
        policy: Policy = "now",
    ) -> list[str]:
        """Keep files with the run; they are on its page, and `client.run(id).files()` lists them.

        What can't be kept is left out with a warning and a note on the run.  Bytes are stored once;
        a file that is saved again under its name stands instead of the older one.

        Example:
            >>> run.save("checkpoints/*.pt")  # Kept as checkpoints/...
            >>> run.save("out/report.html", base_path="out", policy="end")

        Args:
            path: A file, a folder with all that is in it, or a pattern with `*`, `**`, `?`.
            base_path: The folder from which the names are told; default: where the program runs,
                and for files elsewhere the folder above theirs.
            policy: `now` keeps them as they are; returns when they are copied.  `live` keeps them
                again whenever they have changed, new ones too.  `end` keeps them when the run ends.

        Returns:
            The names of the files that are there now.

        Raises:
            ConfigError: If `policy` is none that there is.
        """
        _check_word("policy", policy, Policy)
        if self.state != "running":
            self._tell(os.fspath(path), "it is not saved: the run has ended")
            return []
        base = None if base_path is None else os.fspath(base_path)
        return self._files.save(os.fspath(path), base, policy)

    def describe(
        self,
        *,
        name: str | None = None,
        tags: Sequence[str] | None = None,
        notes: str | None = None,
    ) -> None:
        """Change what the run is called, its tags or its notes.

        Args:
            name: What it is called from now on.
            tags: All of its tags.
            notes: Text about it.
        """
        self.name = self.name if name is None else name
        told = {"name": name, "tags": None if tags is None else _tags(tags), "notes": notes}
        self._change({key: value for key, value in told.items() if value is not None})

    def note(self, text: str) -> None:
        """Put a word among what the program prints, which its console marks as no output of it.

        Example:
            >>> run.note("the learning rate was halved by hand")

        Args:
            text: What to note; nothing is kept where the console is not captured.
        """
        if self._captures is not None:
            self._captures.note(text)

    @property
    def step(self) -> int:
        """The step that `log` takes next where none is given."""
        return self._next_step

    @property
    def url(self) -> str:
        """Its page in the app."""
        return lifecycle.page_url("run", project=self.project, run=self.id)

    def finish(
        self,
        state: Outcome = "finished",
        *,
        error: str | None = None,
        timeout_s: float | None = None,
    ) -> bool:
        """End the run; waits for the server for at most `timeout_s` seconds.

        Called again it does nothing.

        Args:
            state: How it ended.
            error: What went wrong.
            timeout_s: What is not stored by then stays on disk and is sent later; default: five
                seconds, in which a server that has been silent for so long is not waited for.

        Returns:
            Whether all of it is stored; offline, whether it is on disk.

        Raises:
            ConfigError: If `state` is none that there is.
        """
        _check_word("state", state, Outcome)
        with self._lock:
            if self.state != "running":
                return True
            self.state = state
            self._has_news = True
        if self._captures is not None:
            self._captures.end()
        self.drain()  # On its way to the server while the captures come to an end.
        if self._captures is not None:
            self._captures.stop()
        self._files.stop()
        BEATS.remove(self)
        self.drain()
        exporter = lifecycle.current_exporter()
        if self.is_inherited:
            self.beat(math.inf)  # Its config and summary.
            return exporter is None or flushed(exporter, self.id, timeout_s)
        if exporter is None:
            warn_once("run end", "the run %s ends after tracing was shut down", self.id)
            return False
        self._put_printed(exporter, is_last=True)
        for key in self.config.changed_in_place():
            self._tell(f"config[{key!r}]", "it was changed after it was set: kept as it was set")
        for changing in (self.config, self.summary):
            changing.watch(self._tell_late)
        record = {**self._identity(), **self._news(), "state": state, "error": error}
        record["ended_ns"] = record["told_ns"]
        self._has_ended = True
        exporter.put(self._spans.ended(self.name, record, error))
        is_stored = flushed(exporter, self.id, timeout_s)
        if (missing := exporter.dropped - self._dropped) > 0:
            told = f"{missing:,} pieces of what it logged found no room on disk and are missing"
            self._tell("(spool)", told)
            self._tell_late()
        return is_stored

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        outcome, told = outcome_of(error)
        if outcome == "failed" and error is not None:
            # Python prints it when the run is over.
            self.note("".join(tracebacks.format_exception(error)))
        self.finish(outcome, error=told)

    def __repr__(self) -> str:
        return (
            f"<weave_core run {self.id}: {self.name!r} of project {self.project!r}, {self.state}>"
        )

    # What the thread of `run_beats` calls.

    def beat(self, heartbeat_s: float) -> None:
        """Hand over what was logged and what has changed; say so where there was neither."""
        sent = self.drain()
        news = self._news()
        now_s = time.monotonic()
        if sent or news:
            self._told_s = now_s
        if not news and now_s - self._told_s < heartbeat_s:
            return
        self._told_s = now_s
        exporter = lifecycle.current_exporter()
        if exporter is not None:
            record = {"told_ns": self._spans.now_ns(), **news} if news else None
            exporter.put(self._spans.word(record))

    def drain(self) -> bool:
        """Hand over what was logged; whether there was something."""
        exporter = lifecycle.current_exporter()
        packed = self._buffer.take()
        if exporter is None:
            if packed:
                warn_once("run drain", "the run %s logs after tracing was shut down", self.id)
            return False
        for steps in packed:
            exporter.put(self._spans.steps(steps))
        has_more = self._put_printed(exporter)
        for media, time_ns in self._media.take():
            has_more = True
            exporter.put(self._spans.media(media, time_ns))
        for kept in self._files.take():
            has_more = True
            exporter.put(self._spans.files(kept))
        return has_more or bool(packed)

    def _put_printed(self, exporter: Exporter, *, is_last: bool = False) -> bool:
        pieces = () if self._captures is None else self._captures.printed(is_last=is_last)
        has_any = False
        for lines in pieces:
            has_any = True
            exporter.put(self._spans.printed(lines))
        return has_any

    def ask(self) -> None:
        """Ask the server whether somebody wants the run to stop."""
        found = read_signals(lifecycle.settings_in_force(), self.project, self.id, self.rank)
        if found is not None:
            self.stop_requested = self._has_news = found.stop_requested

    def start_anew(self) -> None:
        """In a forked child: a writer of its own, which has logged nothing yet."""
        self._lock = threading.Lock()
        self._buffer.start_anew()
        self._media.start_anew()
        self._files.start_anew()
        self._spans = RunSpans(project=self.project, run_id=self.id, rank=self.rank)
        self.is_inherited = self._has_news = True
        self.hears_stops = False  # Its parent does, to whom the training belongs.
        if self._captures is not None:
            self._captures.forget()

    # What the thread of `run_captures` calls.

    def put_steps(self, steps: PackedSteps) -> None:
        """Hand over points that have an axis of their own."""
        exporter = lifecycle.current_exporter()
        if exporter is not None:
            exporter.put(self._spans.steps(steps))

    def tell_environment(self, environment: dict[str, Any]) -> None:
        """Say what this writer runs with."""
        exporter = lifecycle.current_exporter()
        if exporter is not None:
            # Behind its end nothing may say that it runs.
            told = {"told_ns": self._spans.now_ns()} if self._has_ended else self._identity()
            exporter.put(self._spans.word({**told, "environment": environment}))

    def clean(self, text: str) -> str:
        """A text without secrets."""
        exporter = lifecycle.current_exporter()
        return "" if exporter is None else exporter.clean(text)

    def keep(self, text: str) -> str:
        """Store a text without secrets as a blob; gives its digest."""
        exporter = lifecycle.current_exporter()
        return "" if exporter is None else exporter.keep_text(text)

    def _keep_file(self, path: Path) -> tuple[str, int]:
        exporter = lifecycle.current_exporter()
        if exporter is None:
            raise OSError("tracing was shut down")
        return exporter.keep_file(path)

    def _heed(self) -> bool:
        """What `log` has to do now and then before it logs; whether it may."""
        if self.state != "running":
            told = "run %s has ended: what is logged to it now is left out"
            warn_once(f"run {self.id} is over", told, self.id)
            return False
        if self.is_inherited:
            BEATS.adopt(self)
        self._has_news = self.stop_requested
        if self.stop_requested and self._raises_on_stop:
            raise RunStopped(
                f"a stop of run {self.id!r} was asked for",
                "weave_core.run(on_stop='flag') only sets run.stop_requested instead",
            )
        return True

    def _begin(
        self, told: dict[str, Any], config: dict[str, Any], captures: tuple[frozenset[str], float]
    ) -> None:
        self.name = told["name"] or self.id
        self.config = RunConfig(config)
        record = {**self._identity(), **told, **self._news()}
        exporter = lifecycle.current_exporter()
        if exporter is not None:
            self._dropped = exporter.dropped
            exporter.put(self._spans.begun(self.name, record))
        BEATS.add(self)
        self._captures = Captures(self, *captures)
        self._captures.start()

    def _identity(self) -> dict[str, Any]:
        return {
            "state": "running",
            "started_ns": self._spans.started_ns,
            "told_ns": self._spans.now_ns(),
            "host": os.uname().nodename if hasattr(os, "uname") else None,
            "pid": os.getpid(),
        }

    def _change(self, changes: dict[str, Any]) -> None:
        self._changes |= changes
        if self.state != "running":
            self._tell_late()

    def _tell_late(self) -> None:
        """What is changed behind the end is told at once: no thread looks after the run then."""
        exporter = lifecycle.current_exporter()
        if exporter is not None:
            exporter.put(self._spans.word({"told_ns": self._spans.now_ns(), **self._news()}))
        else:
            told = "run %s was changed after tracing was shut down: client.run(id).update() does it"
            warn_once(f"run {self.id} late", told, self.id)

    def _news(self) -> dict[str, Any]:
        """What has changed since it was last told."""
        changes, self._changes = self._changes, {}
        problems, self._untold = self._untold, {}
        news = {
            **changes,
            "config": self.config.take_changed(),
            "summary": self.summary.take_changed(),
            "problems": problems or None,
        }
        return {key: value for key, value in news.items() if value is not None}

    def _tell(self, key: str, message: str) -> None:
        """Note once for each key why something was left out."""
        if key in self._problems or len(self._problems) >= MAX_TOLD:
            return
        self._problems[key] = self._untold[key] = message
        warn_once(f"run {self.id} {key}", "run %s: %s: %s", self.id, key, message)
