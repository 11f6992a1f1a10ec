"""The wandb calls on runs of ours: `import weave_core.compat.wandb as wandb`.

What a run does is in `wandb_runs`, how it begins in `wandb_sessions`; the modules beside this one
have the names that scripts import from wandb's own.
"""

import sys
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import TYPE_CHECKING, Any

from weave_core.compat.wandb import (
    apis,
    data_types,
    errors,
    integration,
    keras,
    lightgbm,
    plot,
    sdk,
    sklearn,
    util,
    xgboost,
)
from weave_core.compat.wandb.plot import plot_table
from weave_core.compat.wandb_api import Api
from weave_core.compat.wandb_artifacts import Artifact
from weave_core.compat.wandb_installs import install
from weave_core.compat.wandb_media import (
    Audio,
    Classes,
    Graph,
    Histogram,
    Html,
    Image,
    Molecule,
    Object3D,
    Plotly,
    Video,
    box3d,
)
from weave_core.compat.wandb_missing import INSTEAD, not_provided
from weave_core.compat.wandb_names import (
    AlertLevel,
    CommError,
    Error,
    Settings,
    UsageError,
    termerror,
    termlog,
    termsetup,
    termwarn,
)
from weave_core.compat.wandb_notes import Config, Summary, config_of
from weave_core.compat.wandb_runs import Metric, Run
from weave_core.compat.wandb_sessions import SESSION, current, going, init, setup
from weave_core.compat.wandb_sweeps import agent, sweep
from weave_core.compat.wandb_tables import Table
from weave_core.errors import NotProvided

__all__ = [
    "INSTEAD",
    "SESSION",
    "AlertLevel",
    "Api",
    "Artifact",
    "Audio",
    "Classes",
    "CommError",
    "Config",
    "Error",
    "Graph",
    "Histogram",
    "Html",
    "Image",
    "Metric",
    "Molecule",
    "Object3D",
    "Plotly",
    "Run",
    "Settings",
    "Summary",
    "Table",
    "UsageError",
    "Video",
    "agent",
    "alert",
    "apis",
    "box3d",
    "data_types",
    "define_metric",
    "ensure_configured",
    "errors",
    "finish",
    "init",
    "install",
    "integration",
    "join",
    "keras",
    "lightgbm",
    "link_artifact",
    "link_model",
    "log",
    "log_artifact",
    "log_code",
    "log_model",
    "login",
    "mark_preempting",
    "plot",
    "plot_table",
    "require",
    "restore",
    "save",
    "sdk",
    "setup",
    "sklearn",
    "sweep",
    "teardown",
    "termerror",
    "termlog",
    "termsetup",
    "termwarn",
    "unwatch",
    "use_artifact",
    "use_model",
    "util",
    "watch",
    "xgboost",
]

if TYPE_CHECKING:
    run: Run | None
    config: Config
    summary: Summary

__version__ = "0.31.0"
"""The version of wandb whose calls these are, for libraries that compare it."""


def _of_run(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of the run that is going on, as a function."""

    @wraps(method)
    def call(*given: Any, **options: Any) -> Any:
        return method(current(method.__name__), *given, **options)

    return call


log = _of_run(Run.log)
define_metric = _of_run(Run.define_metric)
save = _of_run(Run.save)
restore = _of_run(Run.restore)
watch = _of_run(Run.watch)
log_artifact = _of_run(Run.log_artifact)
use_artifact = _of_run(Run.use_artifact)
link_artifact = _of_run(Run.link_artifact)
log_model = _of_run(Run.log_model)
use_model = _of_run(Run.use_model)
link_model = _of_run(Run.link_model)
log_code = _of_run(Run.log_code)
alert = _of_run(Run.alert)
mark_preempting = _of_run(Run.mark_preempting)
pin_config_keys = _of_run(Run.pin_config_keys)


def unwatch(models: Any = None) -> None:
    """Look at some models, or at all, no longer."""
    found = going()
    if found is not None:
        found.unwatch(models)


def finish(exit_code: int | None = None, quiet: object = None) -> None:
    """End the current run, if there is one."""
    found = going()
    if found is not None:
        found.finish(exit_code, quiet)


def join(exit_code: int | None = None, quiet: object = None) -> None:
    """End the current run, as older scripts have it."""
    finish(exit_code, quiet)


def teardown(exit_code: int | None = None) -> None:
    """End the current run, if there is one."""
    finish(exit_code)


def login(*_given: Any, **_options: Any) -> bool:
    """Nothing to log in to: a server's key is `WEAVE_CORE_API_KEY`."""
    return True


def require(*_given: Any, **_options: Any) -> None:
    """What newer versions of wandb have is here or is not."""


def ensure_configured() -> None:
    """Nothing to configure."""


class _Module(ModuleType):
    """This module, to which scripts assign: `wandb.config = {...}`."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "config":
            super().__setattr__(name, value)
            return
        # wandb forgets such values; whoever writes so means the run's config.
        found = going()
        if found is not None:
            found.config.update(value, allow_val_change=True)
        else:
            SESSION.config = Config(config_of(value), allow_val_change=True)


sys.modules[__name__].__class__ = _Module


def __getattr__(name: str) -> Any:
    """`run`, `config` and `summary` of the moment; what is not there says what to do instead."""
    found = going()
    if name == "run":
        return found
    if name == "config" and found is None and SESSION.config is not None:
        return SESSION.config
    if name not in ("config", "summary"):
        raise not_provided("wandb", name)
    if found is None:
        raise NotProvided(f"wandb.{name} was used before wandb.init()", "begin a run first")
    return getattr(found, name)
