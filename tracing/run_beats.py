"""The threads behind all runs of a process: one hands over what was logged, one asks for stops.

And what happens to runs that are not finished when the program ends: at a normal exit they are, at
a SIGTERM they are marked as killed.  One that ends in another way is silent, and the server calls
it crashed after a while.
"""

import atexit
import os
import signal
import sys
import threading
from typing import Any, Protocol

from weave_core.tracing.failures import warn_once

__all__ = ["BEATS", "BeatingRun"]

GATHER_S = 0.2
"""How long logged steps stay in memory: what `kill -9` can take."""
HEARTBEAT_S = 15.0
"""A run that has nothing to say speaks so often."""
POLL_S = 5.0
"""How often a run asks whether it should stop."""
_TERM_TIMEOUT_S = 5.0


class BeatingRun(Protocol):
    """What a run has to have to be looked after."""

    id: str
    hears_stops: bool

    def beat(self, heartbeat_s: float) -> None:
        """Hand over what was logged; say that it is alive where so long nothing was."""

    def drain(self) -> bool:
        """Hand over what was logged now; whether there was something."""

    def ask(self) -> None:
        """Ask the server whether the run should stop."""

    def start_anew(self) -> None:
        """Begin as a writer of a forked child's own."""

    def finish(
        self, state: Any = "finished", *, error: str | None = None, timeout_s: float | None = None
    ) -> bool:
        """End it."""


class _Beats:
    """All runs of this process that have not ended."""

    def __init__(self) -> None:
        self._runs: list[BeatingRun] = []
        self._inherited: list[BeatingRun] = []
        """Those of another program, such as a forked child's parent, that this one logs to."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._watches = False
        self._previous: Any = None

    def add(self, run: BeatingRun) -> None:
        """Look after a run."""
        with self._lock:
            self._runs.append(run)
            if not self._watches:
                self._watches = True
                atexit.register(self.finish_all)
                if hasattr(os, "register_at_fork"):
                    os.register_at_fork(after_in_child=self._start_anew)
            self._start()
        self._watch_signal()

    def adopt(self, run: BeatingRun) -> None:
        """Look after a run that another program has begun, to whom its end belongs."""
        with self._lock:
            if run not in self._inherited:
                self._inherited.append(run)
            self._start()

    def drain_all(self) -> None:
        """Hand over what all runs have logged, as before a flush."""
        for run in (*self._runs, *self._inherited):
            try:
                run.drain()
            except Exception as error:  # noqa: BLE001  # Our failure must not become the program's.
                warn_once("run drain", "what a run logged could not be written", error=error)

    def remove(self, run: BeatingRun) -> None:
        """A run that has ended."""
        with self._lock:
            self._runs = [each for each in self._runs if each is not run]
            self._inherited = [each for each in self._inherited if each is not run]
            if not self._runs and not self._inherited:
                self._wake.set()
        self._unwatch_signal()

    @property
    def current(self) -> BeatingRun | None:
        """The run that was begun last and has not ended."""
        runs = self._runs
        return runs[-1] if runs else None

    @property
    def current_run_id(self) -> str | None:
        """Its id: what spans belong to."""
        runs = self._runs  # Asked for each span.
        return runs[-1].id if runs else None

    def finish_all(self) -> None:
        """At the program's exit: runs that nobody has finished, failed where an error ended it."""
        error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        for run in list(self._runs):
            try:
                told = None if error is None else f"{type(error).__name__}: {error}"
                run.finish("finished" if error is None else "failed", error=told)
            except Exception as broken:  # noqa: BLE001  # Our failure must not become the program's.
                warn_once("run exit", "a run could not be finished", error=broken)

    def _start(self) -> None:
        if self._thread is None:
            self._wake = threading.Event()
            for target in (self._beat, self._poll):
                self._thread = threading.Thread(
                    target=target, args=(self._wake,), name="weave-core runs", daemon=True
                )
                self._thread.start()

    def _beat(self, wake: threading.Event) -> None:
        while not wake.wait(GATHER_S):
            for run in (*self._runs, *self._inherited):
                try:
                    run.beat(HEARTBEAT_S)
                except Exception as error:  # noqa: BLE001  # As above; the other runs go on.
                    warn_once("run beat", "what a run logged could not be written", error=error)
        with self._lock:
            if self._wake is wake:
                self._thread = None
                if self._runs or self._inherited:  # One has begun meanwhile.
                    self._start()

    def _poll(self, wake: threading.Event) -> None:
        while not wake.wait(POLL_S):
            for run in (*self._runs, *self._inherited):
                if not run.hears_stops:
                    continue
                try:
                    run.ask()
                except Exception as error:  # noqa: BLE001  # As above.
                    warn_once("run poll", "whether a run should stop is not known", error=error)

    def _start_anew(self) -> None:
        """In a forked child: its runs are the parent's to finish; what it logs is sent."""
        self._lock = threading.Lock()
        runs = [*self._runs, *self._inherited]
        self._runs, self._inherited, self._thread = [], [], None
        for run in runs:
            run.start_anew()

    def _watch_signal(self) -> None:
        """Where nothing else happens at a SIGTERM, runs are marked before the program ends."""
        if threading.current_thread() is not threading.main_thread():
            return
        if self._previous is None and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            self._previous = signal.signal(signal.SIGTERM, self._terminated)

    def _unwatch_signal(self) -> None:
        is_main = threading.current_thread() is threading.main_thread()
        if self._runs or self._previous is None or not is_main:
            return
        if signal.getsignal(signal.SIGTERM) == self._terminated:
            signal.signal(signal.SIGTERM, self._previous)
        self._previous = None

    def _terminated(self, number: int, frame: object) -> None:  # noqa: ARG002  # What handlers get.
        # In a thread: the one that was interrupted may hold a lock that finishing wants.
        def finish() -> None:
            for run in list(self._runs):
                run.finish("killed", error="SIGTERM", timeout_s=_TERM_TIMEOUT_S)

        ending = threading.Thread(target=finish, daemon=True)
        ending.start()
        ending.join(_TERM_TIMEOUT_S + 1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)


BEATS = _Beats()
