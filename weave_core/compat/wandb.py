"""The common wandb calls on runs of ours: `import weave_core.compat.wandb as wandb`.

Which run is the current one is in `_state`; what a run does is in `wandb_runs`.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any, Literal, cast

from weave_core import tracing
from weave_core.compat.wandb_artifacts import Api, Artifact
from weave_core.compat.wandb_media import (
    Audio,
    Histogram,
    Html,
    Image,
    Molecule,
    Object3D,
    Plotly,
    Table,
    Video,
)
from weave_core.compat.wandb_missing import INSTEAD, Charts, not_provided
from weave_core.compat.wandb_runs import Config, Metric, Run, Summary
from weave_core.compat.wandb_sweeps import agent, sweep
from weave_core.compat.wandb_watch import Watches
from weave_core.errors import ConfigError, NotProvided, WeaveError
from weave_core.settings import OFFLINE
from weave_core.tracing import disabled
from weave_core.tracing.failures import warn_once
from weave_core.tracing.run_notes import mapping_of

__all__ = [
    "INSTEAD",
    "Api",
    "Artifact",
    "Audio",
    "Config",
    "Error",
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
    "Video",
    "agent",
    "define_metric",
    "finish",
    "init",
    "log",
    "log_artifact",
    "log_model",
    "login",
    "plot",
    "restore",
    "save",
    "sweep",
    "unwatch",
    "use_artifact",
    "use_model",
    "watch",
]

if TYPE_CHECKING:
    run: Run | None
    config: Config
    summary: Summary

Error = WeaveError
"""What `except wandb.Error` catches."""
Settings = SimpleNamespace
"""Takes what scripts say in it; none of it has a meaning here."""
plot = Charts()

_MODES = {
    "online": "online",
    "shared": "online",
    "offline": "offline",
    "dryrun": "offline",
    "disabled": "disabled",
}
_REINITS: dict[Any, str] = {
    None: "return_previous",
    False: "return_previous",
    True: "finish_previous",
    "default": "return_previous",
    "return_previous": "return_previous",
    "finish_previous": "finish_previous",
    "create_new": "create_new",
}
_RESUMES: dict[Any, str] = {
    **dict.fromkeys((None, "", False, True, "auto", "allow"), "allow"),
    "must": "must",
    "never": "never",
}


@dataclass(slots=True)
class _State:
    watches: Watches = field(default_factory=Watches)
    run: Run | None = None
    is_offline: bool = False
    """Whether tracing was turned offline from here."""


_state = _State()


def init(
    *,
    project: str | None = None,
    name: str | None = None,
    config: Any = None,
    group: str | None = None,
    job_type: str | None = None,
    tags: str | Sequence[str] | None = None,
    notes: str | None = None,
    id: str | None = None,  # noqa: A002  # wandb's name.
    resume: bool | str | None = None,
    mode: Literal["online", "offline", "disabled", "shared", "dryrun"] | None = None,
    dir: str | os.PathLike[str] | None = None,  # noqa: A002  # The same.
    reinit: bool | str | None = None,
    allow_val_change: bool | None = None,
    config_include_keys: Collection[str] | None = None,
    config_exclude_keys: Collection[str] | None = None,
    sync_tensorboard: bool | None = None,
    **more: Any,
) -> Run:
    """Begin a run, which becomes `wandb.run`; use it with `with`, or call `finish`.

    What is not given is read from `WANDB_PROJECT`, `WANDB_NAME`, `WANDB_RUN_GROUP`,
    `WANDB_JOB_TYPE`, `WANDB_TAGS` (with commas), `WANDB_NOTES`, `WANDB_RUN_ID`, `WANDB_RESUME`,
    `WANDB_MODE`, `WANDB_DISABLED` and `WANDB_DIR`.

    Args:
        project: Where it belongs.
        name: What it is called.
        config: What it is started with.
        group: Name that runs of one experiment share.
        job_type: What it does.
        tags: Words to find it by.
        notes: Text about it.
        id: Its own id; one that is there is gone on with.
        resume: `must` wants that it was there, `never` that it was not.
        mode: `offline` keeps it on disk until `weave-core sync`, `disabled` keeps nothing.
        dir: Where the folder `wandb` for `run.dir` is.
        reinit: While a run is going: True ends it, `create_new` begins one beside it; default:
            that run is given back.
        allow_val_change: Whether values of the config may change.
        config_include_keys: Only these of the config.
        config_exclude_keys: All but these.
        sync_tensorboard: Log what this program's `SummaryWriter`s write, too.
        **more: Other arguments of wandb's, such as `entity`: accepted, and each warned of once.

    Raises:
        ConfigError: If an argument can't be used.
    """
    chosen = _one_of("mode", mode or _mode_of_environment(), _MODES)
    again = _one_of("reinit", reinit, _REINITS)
    _warn_of(more)
    previous = _previous(again)
    if previous is not None:
        return previous
    folder = str(_variable("DIR", None if dir is None else os.fspath(dir)) or ".")
    options: dict[str, Any] = {
        "id": _variable("RUN_ID", id),
        "resume": _one_of("resume", _variable("RESUME", resume), _RESUMES),
        "config": _chosen_config(config, config_include_keys, config_exclude_keys),
        **_told(name=name, group=group, job_type=job_type, notes=notes, tags=tags),
    }
    begun = _begin(chosen, _variable("PROJECT", project), options)
    made = Run(begun, chosen, folder=folder, told=options, allow_val_change=bool(allow_val_change))
    if sync_tensorboard:
        made.sync_tensorboard()
    if again != "create_new" or _going() is None:
        _state.run = made
    return made


def _previous(again: str) -> Run | None:
    """The run that is going on, where that is to be given back; or it ends, if that was asked."""
    going = _going()
    if going is not None and again == "return_previous":
        warn_once("wandb init", "wandb.init: run %s is going on; reinit=True ends it", going.id)
        return going
    if again == "finish_previous":
        finish()
    return None


def _warn_of(more: Mapping[str, Any]) -> None:
    for key in (key for key, value in more.items() if value is not None):
        warn_once(f"wandb init {key}", "wandb.init(%s=...) has no meaning here: left out", key)


def _told(*, tags: str | Sequence[str] | None, **given: str | None) -> dict[str, Any]:
    """What describes a run, from what was given and the environment."""
    variables = {"name": "NAME", "group": "RUN_GROUP", "job_type": "JOB_TYPE", "notes": "NOTES"}
    told: dict[str, Any] = {key: _variable(variables[key], text) for key, text in given.items()}
    tags = _variable("TAGS", None) if tags is None else tags
    words = tags.split(",") if isinstance(tags, str) else tags or ()
    return told | {"tags": [str(word).strip() for word in words if word]}


def _variable(name: str, given: Any) -> Any:
    """What was given, else what the environment says."""
    return given if given is not None else os.environ.get(f"WANDB_{name}") or None


def _mode_of_environment() -> str:
    is_disabled = os.environ.get("WANDB_DISABLED", "").strip().lower() in {"1", "true", "yes", "on"}
    return os.environ.get("WANDB_MODE") or ("disabled" if is_disabled else "online")


def _one_of(name: str, given: Any, words: Mapping[Any, str]) -> str:
    if given not in words:
        known = ", ".join(repr(word) for word in words if word)
        raise ConfigError(f"wandb.init({name}={given!r})", f"give one of {known}")
    return words[given]


def _chosen_config(
    given: Any, included: Collection[str] | None, excluded: Collection[str] | None
) -> dict[str, Any]:
    return {
        key: value
        for key, value in mapping_of(given).items()
        if (not included or key in included) and key not in (excluded or ())
    }


def _begin(mode: str, project: str | None, options: Mapping[str, Any]) -> tracing.Run:
    if mode == "disabled":
        return cast("tracing.Run", disabled.run(project, **options))
    if mode == "offline":
        tracing.init(project, OFFLINE)
    elif _state.is_offline:
        tracing.init(project)  # Back to where the environment says.
    _state.is_offline = mode == "offline"
    return tracing.run(project, **options)


def _going() -> Run | None:
    """The run that `init` began last, until it ends."""
    return None if _state.run is None or _state.run.has_ended else _state.run


def _current(asked: str) -> Run:
    going = _going()
    if going is None:
        raise ConfigError(f"wandb.{asked} was used before wandb.init()", "begin a run first")
    return going


def log(
    data: Mapping[str, Any],
    step: int | None = None,
    commit: bool | None = None,  # noqa: FBT001  # As wandb has it.
    sync: object = None,
) -> None:
    """Log numbers to the current run; `Run.log` says how steps are counted.

    Raises:
        ConfigError: If no run is going on.
    """
    _current("log").log(data, step, commit, sync)


def define_metric(name: str, *args: Any, **options: Any) -> Metric:
    """Say how a key of the current run is shown, as `Run.define_metric` does.

    Raises:
        ConfigError: If no run is going on.
    """
    return _current("define_metric").define_metric(name, *args, **options)


def save(
    glob_str: str | os.PathLike[str],
    base_path: str | os.PathLike[str] | None = None,
    policy: Literal["live", "now", "end"] = "live",
) -> list[str]:
    """Keep files with the current run, as `Run.save` does.

    Raises:
        ConfigError: If no run is going on.
    """
    return _current("save").save(glob_str, base_path, policy)


def restore(
    name: str,
    run_path: str | None = None,
    replace: bool = False,  # noqa: FBT001, FBT002  # As wandb has it.
    root: str | os.PathLike[str] | None = None,
) -> IO[str]:
    """A file of a run in place and opened to read, as `Run.restore` gives it.

    Raises:
        ConfigError: If no run is going on.
        NotFound: If there is none.
    """
    return _current("restore").restore(name, run_path, replace, root)


def watch(  # noqa: PLR0917  # As wandb has them.
    models: Any,
    criterion: object = None,  # noqa: ARG001  # wandb's, which does not read it either.
    log: Literal["gradients", "parameters", "all"] | None = "gradients",
    log_freq: int = 1000,
    idx: int | None = None,  # noqa: ARG001
    log_graph: bool = False,  # noqa: FBT001, FBT002
) -> None:
    """Log what a PyTorch model's gradients and parameters look like, until `unwatch` or the end.

    Histogram and norms of each tensor, at the step of what is logged next.

    Args:
        models: A `torch.nn.Module`, or several.
        criterion: Not read.
        log: What to look at.
        log_freq: Every how many backward passes.
        idx: Not read.
        log_graph: Has no meaning here, which is said once.

    Raises:
        ConfigError: If no run is going on, or an argument can't be used.
        MissingExtra: If PyTorch is not installed.
    """
    _state.watches.warn_of(log_graph)
    _state.watches.begin(_current("watch"), models, log, log_freq)


def unwatch(models: Any = None) -> None:
    """Look at some models, or at all, no longer."""
    _state.watches.end(models)


def log_artifact(artifact_or_path: Any, *args: Any, **options: Any) -> Artifact:
    """Store an artifact that the current run has made, as `Run.log_artifact` does.

    Raises:
        ConfigError: If no run is going on.
    """
    return _current("log_artifact").log_artifact(artifact_or_path, *args, **options)


def use_artifact(artifact_or_name: Any, *args: Any, **options: Any) -> Artifact:
    """A version that the current run uses, as `Run.use_artifact` gives it.

    Raises:
        ConfigError: If no run is going on.
    """
    return _current("use_artifact").use_artifact(artifact_or_name, *args, **options)


def log_model(path: Any, *args: Any, **options: Any) -> Artifact:
    """Store a model of the current run, as `Run.log_model` does.

    Raises:
        ConfigError: If no run is going on.
    """
    return _current("log_model").log_model(path, *args, **options)


def use_model(name: str) -> str:
    """Download a model that the current run uses; gives its file, or its folder.

    Raises:
        ConfigError: If no run is going on.
    """
    return _current("use_model").use_model(name)


def finish(exit_code: int | None = None, quiet: object = None) -> None:
    """End the current run, if there is one."""
    going = _going()
    if going is not None:
        going.finish(exit_code, quiet)


def login(*_given: Any, **_options: Any) -> bool:
    """Nothing to log in to: a server's key is `WEAVE_CORE_API_KEY`."""
    return True


def __getattr__(name: str) -> Any:
    """`run`, `config` and `summary` of the moment; what is not there says what to do instead."""
    going = _going()
    if name == "run":
        return going
    if name not in ("config", "summary"):
        raise not_provided("wandb", name)
    if going is None:
        raise NotProvided(f"wandb.{name} was used before wandb.init()", "begin a run first")
    return getattr(going, name)
