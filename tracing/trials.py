"""The trial of a sweep that this program works on: the run that it begins next is the trial's.

An agent that calls a function says so in the context of the call, one that starts a program in its
environment (`WEAVE_CORE_RUN_ID`, `WEAVE_CORE_TRIAL`).
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from weave_core.errors import ConfigError
from weave_core.settings import Settings
from weave_core.tracing import lifecycle
from weave_core.tracing.run_beats import BeatingRun
from weave_core.tracing.run_notes import RunConfig, mapping_of

__all__ = ["Begin", "Trial", "TrialRun", "adopt", "begin_of", "merged", "working_on"]


class TrialRun(BeatingRun, Protocol):
    """What is asked of the run of a trial."""

    config: RunConfig


@dataclass(slots=True)
class Trial:
    """What the next run of this context is."""

    project: str
    run_id: str
    group: str
    params: Mapping[str, Any]
    """What goes before the program's own config."""
    runs: list[TrialRun] = field(default_factory=list)
    """The run, once it has begun."""


class Begin(NamedTuple):
    """What a run begins with."""

    settings: Settings
    project: str
    config: Any
    run_id: str | None


_trial: ContextVar[Trial | None] = ContextVar("weave_core_trial", default=None)


@contextmanager
def working_on(trial: Trial) -> Iterator[None]:
    """Let the first run that the block begins be the trial's."""
    token = _trial.set(trial)
    try:
        yield
    finally:
        _trial.reset(token)


def begin_of(project: str | None, config: Any, run_id: str | None) -> Begin:
    """What a run begins with: what was given, but for what the trial says, where it is one.

    Raises:
        ConfigError: If an argument or setting can't be used.
    """
    settings = lifecycle.settings_in_force()
    trial = _waiting()
    if trial is not None:
        settings = replace(settings, run_id=trial.run_id, run_group=trial.group)
        return Begin(settings, trial.project, merged(mapping_of(config), trial.params), None)
    if settings.trial is not None and run_id in {None, settings.run_id}:
        config = merged(mapping_of(config), _params_of(settings.trial))
    project = settings.project if project is None else lifecycle.checked_project(project)
    return Begin(settings, project, config, run_id)


def adopt(begun: TrialRun) -> None:
    """Note that a run has begun; the values that a trial sets stay as they are in it."""
    trial = _waiting()
    if trial is not None and begun.id == trial.run_id:
        trial.runs.append(begun)
        begun.config.hold(trial.params)
        return
    settings = lifecycle.settings_in_force()
    if settings.trial is not None and begun.id == settings.run_id:
        begun.config.hold(_params_of(settings.trial))


def merged(config: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with `params` laid over it, nested ones into nested ones."""
    found = dict(config)
    for key, value in params.items():
        inner = found.get(key)
        if isinstance(inner, Mapping) and isinstance(value, Mapping):
            value = merged(inner, value)  # noqa: PLW2901  # As it is to be.
        found[key] = value
    return found


def _waiting() -> Trial | None:
    trial = _trial.get()
    return None if trial is None or trial.runs else trial


def _params_of(text: str) -> dict[str, Any]:
    try:
        params = json.loads(text)
    except ValueError:
        params = None
    if not isinstance(params, dict):
        raise ConfigError(f"WEAVE_CORE_TRIAL is {text[:100]!r}", "`weave-core sweep agent` sets it")
    return params
