"""An agent of a sweep: asks the server what to try, tries it, says what came of it, and again.

How one trial is tried is the caller's: `agent` calls a function, `command_agents` starts a program.
"""

import inspect
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, TypeVar

from weave_core import tracing
from weave_core.client import Client
from weave_core.errors import ConfigError, Overloaded, RunStopped, ServerUnreachable, WeaveError
from weave_core.model import AskedTrial, Sweep, SweepTrial, TrialAnswer, TrialQuestion, TrialResult
from weave_core.model.sweeps import LEASE_S
from weave_core.settings import OFFLINE
from weave_core.tracing.failures import logger
from weave_core.tracing.lifecycle import settings_in_force
from weave_core.tracing.trials import Trial, working_on

__all__ = [
    "MAX_FAILURES",
    "Outcome",
    "SweepAgent",
    "Worker",
    "agent",
    "open_agent",
    "place_of",
    "sweep",
]

MAX_FAILURES = 5
"""Trials that fail one after another, before an agent gives up."""
RETRY_S = 300.0
"""How long an agent goes on asking a server that does not answer."""
PATIENCE = 1.25
"""How many leases an agent stays that has nothing to do while others work: long enough to get the
trial of one that has died."""
_MAX_WAIT_S = 10.0
_FLUSH_S = 30.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended."""

    state: Literal["finished", "stopped", "failed", "waiting"]
    error: str | None = None


class Worker(Protocol):
    """Something that tries one trial at a time."""

    def work(self, sweep: Sweep, trial: AskedTrial) -> Outcome:
        """Try it; Ctrl-C comes out as it is."""

    def stop(self, reason: str) -> None:
        """End what is tried now, from another thread; may be called again."""


def sweep(
    config: Any,
    *,
    project: str | None = None,
    name: str | None = None,
    prior_runs: Sequence[str] = (),
) -> str:
    """Make a sweep; agents on any machine then try what it suggests.

    Example:
        >>> sweep_id = weave_core.sweep(
        ...     {
        ...         "method": "bayes",
        ...         "metric": {"name": "loss", "goal": "minimize"},
        ...         "parameters": {"lr": {"distribution": "log_uniform_values",
        ...                               "min": 1e-5, "max": 1e-1}},
        ...         "run_cap": 20,
        ...     }
        ... )

    Args:
        config: As wandb has it: a mapping, or YAML or JSON text of one.
        project: Where its runs go; default: where tracing goes.
        name: What it is called; default: the config's `name`, else its id.
        prior_runs: Ids of runs of the project that it learns from as from trials of its own.

    Returns:
        Its id.

    Raises:
        BadRequest: If the config can't be used; the message names the key.
        ServerUnreachable: If no server answers.
    """
    with _open_client() as client:
        where = project or settings_in_force().project
        return client.add_sweep(where, config, name=name, prior_runs=prior_runs).sweep_id


def agent(
    sweep_id: str,
    function: Callable[..., Any],
    *,
    count: int | None = None,
    project: str | None = None,
    max_failures: int = MAX_FAILURES,
    lease_s: float = LEASE_S,
) -> int:
    """Try what a sweep suggests, by calling a function for each trial, until nothing is left.

    The first run that `function` begins is the trial's: its config has the values that were
    chosen.  A function with a parameter is given that run, begun; a number that it returns is
    logged as the sweep's metric unless it has logged that itself.  A function that raises has
    failed its trial, and the next one is tried.  A trial that is not worth going on with gets
    `RunStopped` out of `run.log`.  Several agents may work on one sweep, on any machines.

    Example:
        >>> def train(run):
        ...     for step in range(100):
        ...         run.log({"loss": run.config.lr / (step + 1)})
        >>> weave_core.agent(sweep_id, train, count=10)

    Args:
        sweep_id: What `sweep` gave; `project/id` names the project too.
        function: Called for each trial.
        count: Most trials; default: as long as there are some.
        project: Where the sweep is; default: where tracing goes.
        max_failures: Give up when so many trials have failed one after another.
        lease_s: When the agent has been silent for so many seconds, as one that was killed is, its
            trial goes to another.

    Returns:
        How many trials were tried.

    Raises:
        NotFound: If there is no such sweep.
        WeaveError: If too many trials failed one after another.
    """
    opened = open_agent(sweep_id, project=project, max_failures=max_failures, lease_s=lease_s)
    with opened:
        return opened.run(_FunctionWorker(function), count=count)


def open_agent(
    sweep_id: str,
    *,
    project: str | None = None,
    max_failures: int = MAX_FAILURES,
    lease_s: float = LEASE_S,
) -> "SweepAgent":
    """An agent of the sweep that `[[entity/]project/]id` names.

    Raises:
        ConfigError: If there is no server to ask.
    """
    client = _open_client()
    named, own_id = place_of(sweep_id, project or settings_in_force().project)
    return SweepAgent(client, named, own_id, max_failures=max_failures, lease_s=lease_s)


def place_of(sweep_id: str, project: str) -> tuple[str, str]:
    """Project and id of what `[[entity/]project/]id` names."""
    *places, own_id = sweep_id.strip("/").split("/")
    return (places[-1] if places else project), own_id


def _open_client() -> Client:
    if not tracing.is_active():
        tracing.init()
    settings = settings_in_force()
    if settings.endpoint == OFFLINE:
        raise ConfigError(
            "a sweep was asked for, and tracing is offline",
            "a sweep needs a server: start `weave-core up`, or init with endpoint='embedded'",
        )
    return Client(settings.endpoint, api_key=settings.api_key)


class SweepAgent:
    """Works on one sweep; `open_agent` makes one."""

    def __init__(
        self, client: Client, project: str, sweep_id: str, *, max_failures: int, lease_s: float
    ) -> None:
        self._client = client
        self._project = project
        self._sweep_id = sweep_id
        self._max_failures = max_failures
        self._lease_s = lease_s
        self._failures = 0
        self._host = socket.gethostname()
        self._name = f"{self._host}-{os.getpid()}-{secrets.token_hex(2)}"
        self.on_begin: Callable[[AskedTrial], None] = _log_begin
        """Told of each trial."""
        self.on_end: Callable[[SweepTrial], None] = _log_end
        """Told what came of it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._client.close()

    def run(self, worker: Worker, *, count: int | None = None) -> int:
        """Try trials until nothing is left, or `count` were; gives how many.

        Raises:
            NotFound: If there is no such sweep.
            WeaveError: If too many trials failed one after another.
        """
        sweep = self._client.get_sweep(self._project, self._sweep_id)
        done, idle_from = 0, None
        while count is None or done < count:
            answer = self._ask()
            if answer.trial is not None:
                idle_from = None
                self._try(worker, sweep, answer, answer.trial)
                done += 1
                continue
            if answer.is_over:
                logger.info("sweep %s: %s", self._sweep_id, answer.reason)
                break
            now_s = time.monotonic()
            idle_from = now_s if idle_from is None or not answer.is_draining else idle_from
            if now_s - idle_from > PATIENCE * self._lease_s:
                break
            time.sleep(answer.wait_s or 1.0)
        return done

    def _try(self, worker: Worker, sweep: Sweep, answer: TrialAnswer, trial: AskedTrial) -> None:
        self.on_begin(trial)
        keeper = _Keeper(self._client, sweep, answer, trial, worker)
        keeper.start()
        try:
            outcome = worker.work(sweep, trial)
        except BaseException:
            # Ctrl-C, or the interpreter's end: somebody else is to try it.
            keeper.stop()
            with suppress(WeaveError):
                self._tell(trial, Outcome("waiting"))
            raise
        keeper.stop()
        ended = self._patiently(lambda: self._tell(trial, outcome))
        self.on_end(ended)
        self._failures = self._failures + 1 if ended.state == "failed" else 0
        if self._failures >= self._max_failures:
            raise WeaveError(
                f"{self._failures} trials of sweep {self._sweep_id!r} failed one after another,"
                f" the last one: {ended.error}",
                "mend the program, or let more fail with max_failures",
            )

    def _ask(self) -> TrialAnswer:
        question = TrialQuestion(
            ask_key=secrets.token_hex(8), agent=self._name, host=self._host, lease_s=self._lease_s
        )
        return self._patiently(
            lambda: self._client.ask_trial(self._project, self._sweep_id, question)
        )

    def _tell(self, trial: AskedTrial, outcome: Outcome) -> SweepTrial:
        result = TrialResult(token=trial.token, state=outcome.state, error=outcome.error)
        return self._client.tell_trial(self._project, self._sweep_id, trial.number, result)

    def _patiently(self, call: Callable[[], T]) -> T:
        """What a call gives, also where the server is away for a while."""
        wait_s, until = 0.2, time.monotonic() + RETRY_S
        while True:
            try:
                return call()
            except (ServerUnreachable, Overloaded) as error:
                if time.monotonic() + wait_s > until:
                    raise
                logger.info("sweep %s: %s; again in %.1f s", self._sweep_id, error, wait_s)
                time.sleep(wait_s * (0.5 + secrets.randbelow(1000) / 1000))
                wait_s = min(2 * wait_s, _MAX_WAIT_S)


class _Keeper(threading.Thread):
    """Says now and then that a trial is worked on, and stops the work where it is told to."""

    def __init__(
        self, client: Client, sweep: Sweep, answer: TrialAnswer, trial: AskedTrial, worker: Worker
    ) -> None:
        super().__init__(name="weave-core sweep agent", daemon=True)
        self._client = client
        self._sweep = sweep
        self._every_s = answer.heartbeat_s
        self._trial = trial
        self._worker = worker
        self._end = threading.Event()

    def run(self) -> None:
        """Until the trial has ended."""
        while not self._end.wait(self._every_s):
            try:
                heard = self._client.beat_trial(
                    self._sweep.project, self._sweep.sweep_id, self._trial.number, self._trial.token
                )
                if (heard.stop or heard.is_lost) and not self._end.is_set():
                    self._worker.stop(heard.reason or "")
            except WeaveError as error:  # The next beat may get through; else the trial is lost.
                logger.info("trial %d: no heartbeat: %s", self._trial.number, error)

    def stop(self) -> None:
        """The trial has ended."""
        self._end.set()
        self.join()


class _FunctionWorker:
    """Calls a function for each trial."""

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise ConfigError(
                f"function is {function!r}", "give a function that trains, or begin a command agent"
            )
        self._function = function
        self._wants_run = _takes_run(function)
        self._trial: Trial | None = None

    def work(self, sweep: Sweep, trial: AskedTrial) -> Outcome:
        """Call it."""
        own = Trial(sweep.project, trial.run_id, sweep.sweep_id, trial.params)
        self._trial = own
        try:
            with working_on(own):
                if self._wants_run:
                    with tracing.run() as run:
                        _log_result(run, sweep, self._function(run))
                else:
                    self._function()
            outcome = Outcome("finished")
        except RunStopped as error:
            outcome = Outcome("stopped", error.message)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # It is the function's own; the sweep goes on.
            if isinstance(error, SystemExit) and error.code in {None, 0}:
                outcome = Outcome("finished")
            else:
                logger.warning("trial %d has failed", trial.number, exc_info=error)
                outcome = Outcome("failed", f"{type(error).__name__}: {error}")
        except BaseException:
            _end_run(own, Outcome("waiting", "KeyboardInterrupt"))
            raise
        _end_run(own, outcome)
        return outcome

    def stop(self, reason: str) -> None:  # noqa: ARG002  # The server tells it of the trial.
        """Let the run hear that it is to stop: its next `log` raises."""
        for run in self._trial.runs if self._trial is not None else ():
            run.ask()


def _takes_run(function: Callable[..., Any]) -> bool:
    """Whether a function wants to be given something."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(each.kind in kinds and each.default is each.empty for each in parameters)


def _log_result(run: tracing.Run, sweep: Sweep, result: Any) -> None:
    """A number that the function returned is its result, where it has logged none."""
    run.drain()
    is_number = isinstance(result, int | float) and not isinstance(result, bool)
    if sweep.metric is not None and is_number and sweep.metric not in run.summary:
        run.log({sweep.metric: result})


def _end_run(trial: Trial, outcome: Outcome) -> None:
    """End the run that the function left open, and see that all of it arrives."""
    states: dict[str, Any] = {"stopped": "killed", "waiting": "killed"}
    for run in trial.runs:
        run.finish(states.get(outcome.state, outcome.state), error=outcome.error)
    tracing.flush(_FLUSH_S, is_patient=False)


def _log_begin(trial: AskedTrial) -> None:
    logger.info("trial %d begins: %s", trial.number, trial.params)


def _log_end(trial: SweepTrial) -> None:
    logger.info("trial %d %s: %s", trial.number, trial.state, trial.error or trial.value)
