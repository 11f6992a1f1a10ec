"""`wandb.sweep` and `wandb.agent` on sweeps of ours."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from weave_core.errors import ConfigError
from weave_core.evals import sweep_agents

__all__ = ["agent", "sweep"]

_projects: dict[str, str] = {}
"""Where the sweeps are that this program has made: scripts name the project once."""


def sweep(  # As wandb has them.
    sweep: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | str,
    entity: str | None = None,
    project: str | None = None,
    prior_runs: Sequence[str] | None = None,
) -> str:
    """Make a sweep; gives its id.

    Args:
        sweep: Its config, a function that gives it, or the name of a YAML file.
        entity: Has no meaning here.
        project: Where its runs go; default: the config's `project`, else where tracing goes.
        prior_runs: Ids of runs of the project that it learns from as from trials of its own.

    Raises:
        BadRequest: If the config can't be used.
    """
    del entity
    config: Any = sweep() if callable(sweep) else sweep
    if isinstance(config, str):
        config = _read(config)
    named = config.get("project") if isinstance(config, Mapping) else None
    place = project or named or _project_of_environment()
    made = sweep_agents.sweep(config, project=place, prior_runs=prior_runs or ())
    if place is not None:
        _projects[made] = place
    return made


def agent(
    sweep_id: str,
    function: Callable[[], Any] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
) -> None:
    """Try what a sweep suggests: call `function` for each trial.

    Args:
        sweep_id: What `sweep` gave, maybe behind `entity/project/`.
        function: Called for each trial; it begins a run with `init`, whose config has the values.
        entity: Has no meaning here.
        project: Where the sweep is; default: where this program has made it.
        count: Most trials.

    Raises:
        NotFound: If there is no such sweep.
        WeaveError: If too many trials fail one after another.
    """
    del entity
    if function is None:
        raise ConfigError("wandb.agent got no function", "weave-core sweep agent runs a program")
    place = project or _projects.get(sweep_id) or _project_of_environment()
    sweep_agents.agent(sweep_id, function, count=count, project=place)


def _project_of_environment() -> str | None:
    return os.environ.get("WANDB_PROJECT") or None


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123  # A name as wandb takes it.
            return file.read()
    except OSError as error:
        raise ConfigError(f"wandb.sweep({path!r}): {error}", "give a config") from error
