"""How a user's function is called: by the names of its parameters, in a thread where it blocks."""

import asyncio
import contextvars
import inspect
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from weave_core.errors import ConfigError
from weave_core.evals.versions import name_of, version_of
from weave_core.model import Subject

__all__ = ["Call", "call_of"]


@dataclass(frozen=True)
class Call:
    """A function with its name, its version, and which values it takes."""

    func: Callable[..., Any]
    subject: Subject
    wanted: tuple[str, ...]
    """Parameters without a default."""
    known: tuple[str, ...]
    """All parameters."""
    takes_all: bool
    """Whether it has `**kwargs`."""
    whole: str | None = None
    """A parameter that gets the whole row, since it is the only one and no column has its name."""
    is_async: bool = False
    provider: str | None = None
    """Whose rate limit it shares; None: one of its own."""

    @property
    def name(self) -> str:
        """What its scores or spans are called."""
        return self.subject.name

    def arguments(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What to call it with, of `values` by name."""
        if self.whole is not None:
            return {self.whole: values["row"]}
        if self.takes_all:
            return {key: value for key, value in values.items() if key != "row"}
        return {key: values[key] for key in self.known if key in values}

    async def __call__(self, values: Mapping[str, Any]) -> Any:
        """Call it: a coroutine function here, any other in a thread of its own."""
        arguments = self.arguments(values)
        if self.is_async:
            return await self.func(**arguments)
        return await _in_thread(self.func, arguments)

    def timed(self, tell: Callable[[float], None]) -> "Call":
        """The same, telling how many seconds each call takes, without what its thread takes."""
        func = self.func

        def told(**arguments: Any) -> Any:
            began_s = time.perf_counter()
            try:
                return func(**arguments)
            finally:
                tell(time.perf_counter() - began_s)

        return replace(self, func=told)

    def inline(self, values: Mapping[str, Any]) -> Any:
        """Call it right here; what it gives may be a coroutine."""
        return self.func(**self.arguments(values))


def call_of(
    func: Any, *, role: str, columns: set[str], name: str | None = None, version: str | None = None
) -> Call:
    """How to call `func` with `columns`.

    Args:
        func: A function, an operation, a partial, or an object with `predict`, `score` or a call.
        role: `task` or `scorer`, for messages.
        columns: The names that there are values for.
        name: Instead of its own.
        version: Instead of one made of its source.

    Raises:
        ConfigError: If it can't be called, or wants something that there is no column for.
    """
    target = _target(func, role)
    try:
        parameters = [*inspect.signature(target).parameters.values()]
    except (TypeError, ValueError):
        parameters = [inspect.Parameter("row", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    takes_all = any(each.kind is each.VAR_KEYWORD for each in parameters)
    plain = [
        each for each in parameters if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
    ]
    known = tuple(each.name for each in plain)
    wanted = tuple(each.name for each in plain if each.default is each.empty)
    shown = name or name_of(func)
    missing = [each for each in wanted if each not in columns]
    whole = None
    if role == "task" and missing and len(wanted) == 1:
        whole, missing = wanted[0], []
    if missing:
        raise ConfigError(
            f"{role} {shown!r} takes {', '.join(map(repr, missing))}, which no column is called",
            f"there are {', '.join(sorted(columns))}",
        )
    return Call(
        func=target,
        subject=Subject(
            name=shown,
            version=version or _own_version(func),
            rectifier=getattr(func, "rectifier", None),
        ),
        wanted=wanted,
        known=known,
        takes_all=takes_all,
        whole=whole,
        is_async=getattr(target, "is_async", False) is True
        or inspect.iscoroutinefunction(target)
        or inspect.iscoroutinefunction(getattr(target, "__call__", None)),  # noqa: B004  # Its kind, not whether it is there.
        provider=getattr(func, "provider", None),
    )


def _own_version(func: Any) -> str:
    said = getattr(func, "version", None)
    return said if isinstance(said, str) and said else version_of(func)


def _target(func: Any, role: str) -> Callable[..., Any]:
    method = getattr(func, "predict" if role == "task" else "score", None)
    if not isinstance(func, type) and callable(method) and not inspect.isfunction(func):
        return method  # type: ignore[no-any-return]  # The user's.
    if isinstance(func, type) or not callable(func):
        raise ConfigError(
            f"the {role} is {func!r}",
            f"give a function, or an object with {'predict' if role == 'task' else 'score'}()",
        )
    return func  # type: ignore[no-any-return]  # As above.


async def _in_thread(func: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """`func` in a thread that may be left behind.

    Not in an executor: Python waits for its threads at exit, and a task that hangs would hang the
    program after its time has run out.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            result = context.run(func, **arguments)
        except BaseException as error:  # noqa: BLE001  # It belongs to whoever waits.
            _tell(loop, future, error=error)
        else:
            _tell(loop, future, result=result)

    threading.Thread(target=work, name="weave-core-task", daemon=True).start()
    result = await future
    return await result if inspect.isawaitable(result) else result


def _tell(
    loop: asyncio.AbstractEventLoop,
    future: "asyncio.Future[Any]",
    *,
    result: Any = None,
    error: BaseException | None = None,
) -> None:
    def settle() -> None:
        if future.done():  # Nobody waits any more.
            return
        if error is None:
            future.set_result(result)
        elif isinstance(error, StopIteration):  # A future can't hold it.
            future.set_exception(RuntimeError(f"StopIteration: {error}"))
        else:
            future.set_exception(error)

    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:  # The loop is closed: the time of this call had run out.
        return
