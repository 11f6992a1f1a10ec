"""How a run ended, by the exception that has left its block."""

from collections.abc import Iterator
from typing import Literal

from weave_core.errors import RunStopped

__all__ = ["Outcome", "outcome_of"]

Outcome = Literal["finished", "failed", "killed"]
MAX_CAUSES = 20
"""Exceptions that are looked at for the stop that an exception was raised from."""


def outcome_of(error: BaseException | None) -> tuple[Outcome, str | None]:
    """The state of a run whose block was left by `error`, or by none, and what went wrong."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return "finished", None
    if any(isinstance(each, RunStopped) for each in _causes(error)):
        return "killed", "a stop was asked for"
    told = f"{type(error).__name__}: {error}"
    return ("killed" if isinstance(error, KeyboardInterrupt) else "failed"), told


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, and those that it says it was raised from.

    Libraries that carry an exception from one process to another (Ray) keep it as an attribute,
    since `__cause__` does not survive pickling.
    """
    found = [error]
    for each in found:
        yield each
        more = (each.__cause__, *vars(each).values())
        found += [cause for cause in more if isinstance(cause, BaseException)]
        if len(found) > MAX_CAUSES:
            return
