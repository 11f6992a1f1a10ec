"""Processes that belong together: started, watched, restarted a few times, ended as one.

A child runs in a session of its own, so that Ctrl-C in the terminal reaches only us and the
children end in the order that we choose.
"""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from weave_core.errors import WeaveError

__all__ = ["Child", "ChildFailed", "Supervisor", "say"]

MAX_RESTARTS = 3
"""Restarts of one child within `RESTART_WINDOW_S`; one more crash ends everything."""
RESTART_WINDOW_S = 60.0
START_TIMEOUT_S = 90.0
"""How long a child may take until it answers."""
STOP_TIMEOUT_S = 20.0
"""How long a child may take to end by itself before it is killed, unless it says otherwise."""
_POLL_S = 0.1
_WANTED_S = 5.0
"""From one question whether a child is wanted to the next."""


class ChildFailed(WeaveError):
    """Raised when a child did not start, or crashed once too often."""


@dataclass
class Child:
    """A process to keep running."""

    name: str
    argv: Sequence[str]
    url: str
    """Its address, for messages."""
    answers: Callable[[], bool]
    """Whether it serves requests now; must return within about a second."""
    env: dict[str, str] = field(default_factory=dict)
    """Added to our own environment."""
    is_quiet: bool = False
    """Whether what it prints is thrown away; what it says on stderr is always shown."""
    stop_timeout_s: float = STOP_TIMEOUT_S
    is_wanted: Callable[[], bool] | None = None
    """Asked now and then until it says yes; then the process is started.  None: at once."""
    is_essential: bool = True
    """Whether everything ends when it crashes once too often; else it is started again later."""
    process: "subprocess.Popen[bytes] | None" = None
    not_before_s: float = 0.0
    crashes: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_RESTARTS + 1))

    def start(self) -> None:
        """Start the process; its output goes where ours goes."""
        self.process = subprocess.Popen(  # noqa: S603  # Our own commands.
            self.argv,
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if self.is_quiet else None,
            start_new_session=True,
        )

    def exit_code(self) -> int | None:
        """How it ended; None while it runs or before it was started."""
        return self.process.poll() if self.process else None

    def stop(self, *, is_urgent: bool = False) -> None:
        """End the process and everything it started."""
        process = self.process
        if process is None:
            return
        if process.poll() is None and not is_urgent:
            process.terminate()
            try:
                process.wait(timeout=self.stop_timeout_s)
            except subprocess.TimeoutExpired:
                say(f"the {self.name} does not end within {self.stop_timeout_s:.0f} s, killing it")
        _kill_group(process)
        process.wait()


class Supervisor:
    """Keeps `children` running until a signal asks to stop.

    Args:
        children: In the order to start them; they end in the opposite order.
    """

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = list(children)
        self._signals = 0
        self._asked_s = 0.0

    def run(self, on_ready: Callable[[], None]) -> None:
        """Start all, call `on_ready` once each answers, watch until SIGINT, SIGTERM or SIGHUP.

        Raises:
            ChildFailed: If one did not start or crashed too often; the others are ended then.
        """
        before = {number: signal.signal(number, self._on_signal) for number in _stop_signals()}
        try:
            for child in self._children:
                if child.is_wanted is None:
                    self._start(child)
            if not self._signals:
                on_ready()
            while not self._signals:
                for child in self._children:
                    if child.exit_code() is not None and not self._signals:
                        self._restart(child)
                self._start_wanted()
                time.sleep(_POLL_S)
        finally:
            for child in reversed(self._children):
                child.stop(is_urgent=self._signals > 1)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals > 1:  # A second Ctrl-C: the user does not want to wait.
            for child in self._children:
                if child.process:
                    _kill_group(child.process)

    def _start(self, child: Child) -> None:
        """Start `child` and wait until it answers, or until a signal asks to stop."""
        if self._signals:
            return
        child.start()
        self._await_answer(child)
        if (code := child.exit_code()) is not None and not self._signals:
            raise ChildFailed(f"the {child.name} did not start ({_ending(code)})")

    def _start_wanted(self) -> None:
        """Start what is wanted by now."""
        now = time.monotonic()
        if now - self._asked_s < _WANTED_S:
            return
        self._asked_s = now
        for child in self._children:
            is_due = child.process is None and now >= child.not_before_s
            if is_due and child.is_wanted is not None and child.is_wanted():
                child.start()

    def _await_answer(self, child: Child) -> None:
        """Wait until `child` answers, ends, or a signal asks to stop."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._signals and child.exit_code() is None and not child.answers():
            if time.monotonic() > deadline:
                raise ChildFailed(
                    f"the {child.name} did not answer at {child.url} within {START_TIMEOUT_S:.0f} s"
                )
            time.sleep(_POLL_S)

    def _restart(self, child: Child) -> None:
        """Start a crashed `child` again, as often as the bound allows."""
        while (code := child.exit_code()) is not None and not self._signals:
            now = time.monotonic()
            child.crashes.append(now)
            recent = [crash for crash in child.crashes if now - crash < RESTART_WINDOW_S]
            if len(recent) > MAX_RESTARTS and not child.is_essential:
                say(
                    f"the {child.name} ended {len(recent)} times within {RESTART_WINDOW_S:.0f} s, "
                    f"last with {_ending(code)}; it is started again in {RESTART_WINDOW_S:.0f} s"
                )
                child.process, child.not_before_s = None, now + RESTART_WINDOW_S
                child.crashes.clear()
                return
            if len(recent) > MAX_RESTARTS:
                raise ChildFailed(
                    f"the {child.name} ended {len(recent)} times within {RESTART_WINDOW_S:.0f} s, "
                    f"last with {_ending(code)}; everything is stopped",
                    "its own messages are above; `weave-core doctor` looks for causes",
                )
            say(
                f"the {child.name} ended ({_ending(code)}), "
                f"starting it again ({len(recent)}/{MAX_RESTARTS})"
            )
            child.start()
            self._await_answer(child)


def say(text: str) -> None:
    """One line of ours between the lines of the children."""
    sys.stderr.write(f"weave-core: {text}\n")
    sys.stderr.flush()


def _ending(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _stop_signals() -> list[signal.Signals]:
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP.
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL to what is left of the child's session; a child leads its own (start_new_session)."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except ProcessLookupError:
        pass
    except PermissionError:  # macOS answers so for a group of zombies.
        pass
