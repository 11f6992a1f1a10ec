"""How a run ended, by the exception that has left its block; and the wait for the server then."""

from collections.abc import Iterator
from typing import Literal

from weave_core.errors import RunStopped
from weave_core.tracing.exporting import Exporter
from weave_core.tracing.failures import warn_once

__all__ = ["FINISH_TIMEOUT_S", "Outcome", "flushed", "outcome_of"]

FINISH_TIMEOUT_S = 5.0
"""How long `finish` waits for the server; what is not there by then is sent later."""
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


def flushed(exporter: Exporter, run_id: str, timeout_s: float | None) -> bool:
    """Wait until all that was told is stored; says so where it is not.

    Args:
        exporter: Has taken it.
        run_id: Whose end it is.
        timeout_s: Longest wait; None: `FINISH_TIMEOUT_S`, and less for a server that is silent.
    """
    if timeout_s is None:
        is_stored = exporter.flush(FINISH_TIMEOUT_S, is_patient=False)
    else:
        is_stored = exporter.flush(timeout_s)
    if not is_stored:
        told = "the server has not taken all of run %s in time: what is on disk is sent later"
        warn_once(f"run {run_id} left", told, run_id)
    return is_stored
