"""What a run captures by itself, in threads of ours: figures, environment, code, what is printed.

A training never waits for it and never fails by it; what can't be read is missing.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from weave_core.errors import ConfigError
from weave_core.points import group_of
from weave_core.settings import Settings
from weave_core.tracing.consoles import Console
from weave_core.tracing.failures import warn_once
from weave_core.tracing.step_buffers import PackedSteps
from weave_core.tracing.system_metrics import SystemMetrics

if TYPE_CHECKING:
    from weave_core.tracing.console_descriptors import Descriptors

__all__ = ["CAPTURES", "ON_REQUEST", "CapturedRun", "Captures", "read_capture"]

CAPTURES = frozenset({"system", "environment", "code", "console"})
"""What is captured where nobody says what."""
ON_REQUEST = frozenset({"descriptors"})
"""What is captured where it is named: what C code and other processes print, too."""
FIRST_SAMPLE_S = 0.5
"""When a run measures its machine first, so that a short one has figures too."""
_STOP_S = 2.0
"""How long the end of a run waits for what is being read of the machine and of the code."""


class CapturedRun(Protocol):
    """What takes what was captured."""

    id: str

    def drain(self) -> bool:
        """Hand over all that waits."""

    def put_steps(self, steps: PackedSteps) -> None:
        """Hand over points."""

    def tell_environment(self, environment: dict[str, Any]) -> None:
        """Say what the run runs with."""

    def clean(self, text: str) -> str:
        """A text without secrets."""

    def keep(self, text: str) -> str:
        """Store a text without secrets as a blob; gives its digest."""


def read_capture(given: bool | Sequence[str] | None, settings: Settings) -> frozenset[str]:  # noqa: FBT001  # As in `run`.
    """What to capture: what was said, else what the settings say.

    Raises:
        ConfigError: If a word is none.
    """
    if isinstance(given, bool):
        return CAPTURES if given else frozenset()
    words = settings.capture.split(",") if given is None else given
    if isinstance(words, str):
        words = words.split(",")
    named = {str(word).strip() for word in words} - {""}
    if given is None:
        named = _from_settings(named, settings)
    if unknown := named - CAPTURES - ON_REQUEST:
        raise ConfigError(
            f"capture names {', '.join(sorted(map(repr, unknown)))}",
            f"give {', '.join(sorted(CAPTURES | ON_REQUEST))}, or False for nothing (the setting:"
            " all, off)",
        )
    return frozenset(named)


def _from_settings(named: set[str], settings: Settings) -> set[str]:
    if not named or "all" in named:
        named = {*CAPTURES, *named} - {"all"}
    elif named == {"off"}:
        named = set()
    if not settings.record_environment:
        named -= {"environment", "code"}
    return named if settings.record_code else named - {"code"}


class Captures:
    """Captures for one run, until `stop`.

    Args:
        run: Takes what is found.
        chosen: Which of `CAPTURES`.
        interval_s: How long from one look at the machine to the next.
    """

    def __init__(self, run: CapturedRun, chosen: frozenset[str], interval_s: float) -> None:
        self._run = run
        self._chosen = chosen
        self._interval_s = interval_s
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._console: Console | None = None
        self._descriptors: Descriptors | None = None

    def start(self) -> None:
        """Begin, where there is something to capture."""
        if self._chosen & {"console", "descriptors"}:
            self._console = Console(self._run.drain)
            redirected: frozenset[int] = frozenset()
            if "descriptors" in self._chosen:
                # Only who wants it needs ctypes and subprocess.
                from weave_core.tracing.console_descriptors import Descriptors

                self._descriptors = Descriptors(self._console.hear)
                redirected = self._descriptors.start()
            self._console.listen(redirected)
        if "system" in self._chosen:
            self._begin(self._measure)
        if self._chosen & {"environment", "code"}:
            self._begin(self._describe)

    def end(self) -> None:
        """Measure once more and end, in our own threads; `stop` waits for them."""
        self._stopped.set()

    def stop(self) -> None:
        """As `end`, and wait for at most `_STOP_S`."""
        self.end()
        if self._descriptors is not None:
            self._descriptors.stop()
        if self._console is not None:
            self._console.stop()
        deadline_s = time.monotonic() + _STOP_S
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline_s - time.monotonic()))
        self._threads = []

    def forget(self) -> None:
        """In a forked child, which has no such threads: the parent goes on with it."""
        self._threads = []
        if self._descriptors is not None:
            self._descriptors.forget()
        if self._console is not None:
            self._console.forget()

    def printed(self, *, is_last: bool = False) -> Iterator[str]:
        """JSON of what was printed since, in pieces.

        Args:
            is_last: Whether nothing more will come.
        """
        if self._descriptors is not None:
            self._descriptors.read()
        if self._console is not None:
            yield from self._console.take(is_last=is_last)

    def note(self, text: str) -> None:
        """Put a word of our own among what is printed."""
        if self._console is not None:
            self._console.note(text)

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="weave-core captures", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _measure(self) -> None:
        metrics = _metrics()
        wait_s = min(FIRST_SAMPLE_S, self._interval_s)
        while metrics is not None:
            is_last = self._stopped.wait(wait_s)
            try:
                self._sample(metrics.sample())
            except Exception as error:  # noqa: BLE001  # Our failure must not become the training's; the next look may work.
                warn_once("run system", "the machine could not be measured", error=error)
            if is_last:
                return
            wait_s = self._interval_s

    def _describe(self) -> None:
        # Only who captures it needs to load it.
        from weave_core.tracing.run_environments import keep_code, read_environment

        found: dict[str, Any] = {}
        try:
            if "environment" in self._chosen:
                found = read_environment(self._run.clean)
                self._run.tell_environment(found)
                metrics = _metrics()
                found["machine"] = metrics.inventory() if metrics is not None else None
                self._run.tell_environment(found)
            if "code" in self._chosen:
                # Apart, since git may take seconds, and a short run is over by then.
                self._run.tell_environment({**found, "code": keep_code(self._run.keep)})
        except OSError as error:  # The disk, or a system that tells less.
            warn_once("run environment", "not all of what a run ran with is kept: %s", error)
        except Exception as error:  # noqa: BLE001  # As above.
            warn_once("run environment", "what a run ran with is not recorded", error=error)

    def _sample(self, found: Mapping[str, float]) -> None:
        if found:
            now_ns = time.time_ns()
            row = (now_ns // 1_000_000, now_ns, tuple(found.values()))
            self._run.put_steps(PackedSteps([group_of(tuple(found), [row])]))


def _metrics() -> SystemMetrics | None:
    """None without psutil, which is of the extra `runs`."""
    try:
        return SystemMetrics()
    except ImportError:
        return None
    except Exception as error:  # noqa: BLE001  # As above.
        warn_once("run system", "the machine can't be measured", error=error)
        return None
