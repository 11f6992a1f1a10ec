"""What the public names are while `WEAVE_CORE_DISABLED=1`: the same shapes, doing nothing.

Nothing of OpenTelemetry is imported here, and nothing is sent, written or started.
"""

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import cache
from types import TracebackType
from typing import Any, Self

from weave_core.settings import Settings
from weave_core.tracing.handles import SpanHandle
from weave_core.tracing.run_notes import RunConfig, RunSummary, mapping_of

__all__ = [
    "attached",
    "attributes",
    "carried",
    "carrier",
    "current_span",
    "environment",
    "feedback",
    "flush",
    "init",
    "is_active",
    "is_disabled",
    "plain_call",
    "run",
    "session",
    "shutdown",
    "span",
]

_VARIABLE = "WEAVE_CORE_DISABLED"


@cache
def is_disabled() -> bool:
    """Whether this process was told to trace nothing; read from the environment once.

    Raises:
        ConfigError: If `WEAVE_CORE_DISABLED` is neither yes nor no.
    """
    return Settings.from_env({_VARIABLE: os.environ.get(_VARIABLE, "")}).disabled


def plain_call(func: Callable[..., Any]) -> Callable[..., Any]:
    """`op(...).call` without tracing: (result, a handle that leads nowhere)."""
    import inspect

    if inspect.iscoroutinefunction(func):

        async def call_async(*args: Any, **kwargs: Any) -> tuple[Any, SpanHandle]:
            return await func(*args, **kwargs), SpanHandle(None)

        return call_async

    def call(*args: Any, **kwargs: Any) -> tuple[Any, SpanHandle]:
        return func(*args, **kwargs), SpanHandle(None)

    return call


class _Nothing(AbstractContextManager[SpanHandle], AbstractAsyncContextManager[SpanHandle]):
    """Enters, leaves, and has an inert handle to give."""

    def __enter__(self) -> SpanHandle:
        return SpanHandle(None)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    async def __aenter__(self) -> SpanHandle:
        return SpanHandle(None)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None


class _Inert:
    """The handle that `init` gives back: every method is there and says that all is done."""

    project = ""
    endpoint = "disabled"

    def flush(self, timeout_s: float = 10.0, *, is_patient: bool = True) -> bool:
        """Nothing waits, so all was sent."""
        return flush(timeout_s, is_patient=is_patient)

    def shutdown(self, timeout_s: float = 5.0) -> bool:
        """Nothing runs, so all has ended."""
        return shutdown(timeout_s)


def init(*_args: Any, **_options: Any) -> Any:
    """Start nothing."""
    return _Inert()


def is_active() -> bool:
    """Never."""
    return False


def flush(timeout_s: float = 10.0, *, is_patient: bool = True) -> bool:  # noqa: ARG001  # The real one's signature.
    """Nothing waits, so all was sent."""
    return True


def shutdown(timeout_s: float = 5.0, *, is_patient: bool = True) -> bool:  # noqa: ARG001
    """Nothing runs, so all has ended."""
    return True


def current_span() -> SpanHandle:
    """A handle that leads nowhere."""
    return SpanHandle(None)


def feedback(*_args: Any, **_options: Any) -> None:
    """Give none: what it would be of is not stored."""


def span(*_args: Any, **_options: Any) -> _Nothing:
    """A block that records nothing."""
    return _Nothing()


def attributes(*_args: Any, **_options: Any) -> _Nothing:
    """A block that marks nothing."""
    return _Nothing()


def session(*_args: Any, **_options: Any) -> _Nothing:
    """A block that marks nothing."""
    return _Nothing()


def attached(*_args: Any, **_options: Any) -> _Nothing:
    """A block that goes on in no trace."""
    return _Nothing()


def carried(func: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself."""
    return func


def carrier() -> dict[str, str]:
    """No trace, no texts."""
    return {}


def environment() -> dict[str, str]:
    """No trace, no variables."""
    return {}


class _InertRun:
    """A run that takes everything and keeps nothing."""

    def __init__(self, project: str | None = None, **options: Any) -> None:
        self.id = str(options.get("id") or "disabled")
        self.name = str(options.get("name") or self.id)
        self.project = project or ""
        self.rank = 0
        self.config = RunConfig(mapping_of(options.get("config")))
        self.summary = RunSummary({})
        self.state = "running"
        self.stop_requested = False
        self.step = 0
        self.url = ""

    def log(self, data: Any, step: int | None = None, *, commit: bool = True) -> None:
        """Keep nothing."""

    def define_metric(self, key: str, **_options: Any) -> None:
        """Say nothing."""

    def describe(self, **_options: Any) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def save(self, _path: Any, **_options: Any) -> list[str]:
        """Keep nothing."""
        return []

    def log_artifact(self, artifact: Any, name: str | None = None, *_: Any, **options: Any) -> Any:
        """Keep nothing; gives the artifact, which stays a draft."""
        from weave_core.artifacts import Artifact  # Late: most programs log none.

        if isinstance(artifact, Artifact):
            return artifact
        return Artifact(name or "disabled", str(options.get("type") or "file"))

    def drain(self) -> bool:
        """Nothing was kept, so nothing is handed over."""
        return False

    def finish(self, state: str = "finished", **_options: Any) -> bool:
        """Nothing waits, so all is stored."""
        self.state = state
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.finish()


def run(project: str | None = None, **options: Any) -> _InertRun:
    """A run that keeps nothing."""
    return _InertRun(project, **options)
