"""Where a run begins: anew, behind what it has logged before, or behind another run's steps."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from weave_core.errors import ConfigError, WeaveError
from weave_core.model import RUN_ID_PATTERN, RunSignals
from weave_core.settings import OFFLINE, Settings
from weave_core.tracing.failures import warn_once
from weave_core.tracing.logged_values import MAX_STEP
from weave_core.tracing.run_ranks import find_rank, share
from weave_core.tracing.run_spans import new_run_id

__all__ = [
    "Identity",
    "Start",
    "find_start",
    "identify",
    "read_fork",
    "read_rewind",
    "read_signals",
]

ASK_TIMEOUT_S = 3.0
"""How long a run that was there before waits for the server to say where it was left."""
_RUN_ID = re.compile(RUN_ID_PATTERN)
_FORK = re.compile(rf"({RUN_ID_PATTERN[1:-1]})(?:\?_?step=(\d{{1,18}}))?")


@dataclass(frozen=True, slots=True)
class Start:
    """Where a run begins."""

    next_step: int = 0
    exists: bool = False
    """Whether something of it is stored."""


class Identity(NamedTuple):
    """Which run it is, and which of its writers this is."""

    run_id: str
    rank: int
    is_new: bool
    """Whether nothing of it can be stored."""


def checked_id(run_id: str) -> str:
    """`run_id`, if it can be the id of a run.

    Raises:
        ConfigError: If it can't.
    """
    if _RUN_ID.match(run_id) is None:
        raise ConfigError(
            f"the id of a run is {run_id[:200]!r}",
            "give 1 to 128 letters, digits, dots, dashes, underlines; the first a letter or digit",
        )
    return run_id


def identify(
    settings: Settings,
    given: str | None,
    *,
    rank: int | None,
    fork: object,
    alike: tuple[str | None, ...],
) -> Identity:
    """The id of a run and the number of its writer: as named, as other ranks have it, or new.

    Raises:
        ConfigError: If one can't be used.
    """
    named = given or settings.run_id
    is_free = named is None and fork is None
    shared = share(*alike) if is_free and rank is None else None
    found = named if shared is None else shared.run_id
    is_new = is_free and not (shared is not None and shared.is_again)
    number = read_rank(rank, is_named=found is not None)
    return Identity(checked_id(found or new_run_id()), number, is_new)


def read_fork(given: str | tuple[str, int] | None) -> tuple[str, int | None] | None:
    """The run, and the step of it, to begin with.

    Raises:
        ConfigError: If `given` names none.
    """
    if given is None:
        return None
    if isinstance(given, tuple):
        run_id, step = given
        text = f"{run_id}?step={step}"
    else:
        text = given
    found = _FORK.fullmatch(str(text))
    if found is None:
        raise ConfigError(f"fork_from is {given!r}", "give 'ID', 'ID?step=100' or ('ID', 100)")
    return found[1], None if found[2] is None else int(found[2])


def read_rewind(given: int | None) -> int | None:
    """The step to go back to.

    Raises:
        ConfigError: If it is no whole number of at least -1, which is before the first step.
    """
    if given is not None and (type(given) is not int or not -1 <= given <= MAX_STEP):
        raise ConfigError(f"rewind_to is {given!r}", "give a step that was logged, or -1 for none")
    return given


def read_rank(given: int | None, *, is_named: bool) -> int:
    """The number of this writer.

    Raises:
        ConfigError: If it is no whole number of at least 0.
    """
    if given is None:
        return (find_rank() or 0) if is_named else 0
    if type(given) is not int or not 0 <= given < 2**31:
        raise ConfigError(f"rank is {given!r}", "give a whole number of at least 0")
    return given


def find_start(
    settings: Settings,
    project: str,
    run_id: str,
    *,
    rank: int,
    resume: str,
    rewind_to: int | None,
    fork: tuple[str, int | None] | None,
) -> Start:
    """Where a run goes on that may have been there before.

    Raises:
        ConfigError: If `resume` does not allow what is found.
    """
    known = read_signals(settings, project, run_id, rank)
    if known is None:
        warn_once(
            f"resume {run_id}",
            "the server can't say where run %s was left: give `log` a step, or its steps count"
            " from %d",
            run_id,
            0 if rewind_to is None else rewind_to + 1,
        )
        known = RunSignals(exists=resume == "must")
    if known.exists and resume == "never":
        raise ConfigError(
            f"project {project!r} has a run {run_id!r}, and resume is 'never'",
            "leave the id out for a new run, or say resume='allow'",
        )
    if not known.exists and resume == "must":
        raise ConfigError(
            f"project {project!r} has no run {run_id!r}, and resume is 'must'",
            "say resume='allow' to begin it",
        )
    if rewind_to is not None:
        return Start(rewind_to + 1, known.exists)
    last_step = known.last_step
    if fork is not None and last_step is None:
        parent = read_signals(settings, project, fork[0], rank)
        if parent is not None and not parent.exists:
            raise ConfigError(
                f"project {project!r} has no run {fork[0]!r} to fork from",
                "`weave-core runs list` shows what there is",
            )
        last_step = fork[1]
        if last_step is None and parent is not None:
            last_step = parent.last_step
    return Start(0 if last_step is None else last_step + 1, known.exists)


def read_signals(settings: Settings, project: str, run_id: str, rank: int) -> RunSignals | None:
    """What the server knows of a run; None where it can't be asked now."""
    if settings.endpoint == OFFLINE:
        return None
    from weave_core.client import Client  # Loads all nouns of the API: not for `import`.

    try:
        with Client(settings.endpoint, api_key=settings.api_key, timeout_s=ASK_TIMEOUT_S) as client:
            return client.get_run_signals(project, run_id, rank=rank)
    except WeaveError:
        return None
