"""`wandb.init`, and which run is the one that calls without a run mean."""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from weave_core import tracing
from weave_core.compat.wandb_names import set_silent, told_of_settings
from weave_core.compat.wandb_notes import Config, config_of, default_config
from weave_core.compat.wandb_runs import Run
from weave_core.errors import ConfigError
from weave_core.settings import OFFLINE
from weave_core.tracing import disabled
from weave_core.tracing.failures import warn_once
from weave_core.tracing.run_captures import read_capture
from weave_core.tracing.trials import begin_of

__all__ = ["SESSION", "Session", "current", "going", "init", "open_run", "setup"]

_MODES = {
    "online": "online",
    "shared": "online",
    "run": "online",
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
_POSITIONS = ("entity", "project", "dir", "id", "name", "notes", "tags", "config")
"""Arguments of `init` in wandb's order, for the few scripts that give them so."""
_ORIGIN = re.compile(r"(?P<run_id>.+?)\?_?step=(?P<step>\d+)")
_NO_ID = re.compile(r"[^A-Za-z0-9._~-]")
_MAX_ID = 128
_CAPTURES = {
    "_disable_stats": "system",
    "x_disable_stats": "system",
    "_disable_meta": "environment",
    "x_disable_meta": "environment",
    "disable_git": "code",
    "disable_code": "code",
}
"""Settings that leave something out of what a run captures by itself."""


@dataclass(slots=True)
class Session:
    """What this program has begun."""

    run: Run | None = None
    is_offline: bool = False
    """Whether tracing was turned offline from here."""
    config: Config | None = None
    """What was set as `wandb.config` before a run began."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What `wandb.setup` was given."""


SESSION = Session()
"""The one of this process."""


def init(
    *given: Any,
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
    fork_from: str | None = None,
    resume_from: str | None = None,
    settings: Any = None,
    **more: Any,
) -> Run:
    """Begin a run, which becomes `wandb.run`; use it with `with`, or call `finish`.

    What is not given is read from `settings`, then from `WANDB_PROJECT`, `WANDB_NAME`,
    `WANDB_RUN_GROUP`, `WANDB_JOB_TYPE`, `WANDB_TAGS` (with commas), `WANDB_NOTES`, `WANDB_RUN_ID`,
    `WANDB_RESUME`, `WANDB_MODE`, `WANDB_DISABLED`, `WANDB_DIR`, `WANDB_CONSOLE`, `WANDB_SILENT`,
    `WANDB_CONFIG_PATHS` and the file `config-defaults.yaml`.

    Args:
        *given: Arguments in wandb's order: entity, project, dir, id, name, notes, tags, config.
        project: Where it belongs.
        name: What it is called.
        config: What it is started with; also absl's flags, or the path of a YAML file.
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
        fork_from: `ID?_step=N`: begin with that run's points up to that step.
        resume_from: `ID?_step=N`: go on with that run behind that step.
        settings: `wandb.Settings` or a dictionary of them.
        **more: Others of wandb's, such as `save_code`: each is warned of once.

    Raises:
        ConfigError: If an argument can't be used.
    """
    arguments: dict[str, Any] = {
        "project": project, "name": name, "config": config, "group": group, "job_type": job_type,
        "tags": tags, "notes": notes, "id": id, "resume": resume, "mode": mode, "dir": dir,
        "reinit": reinit, "allow_val_change": allow_val_change, "fork_from": fork_from,
        "config_include_keys": config_include_keys, "config_exclude_keys": config_exclude_keys,
        "sync_tensorboard": sync_tensorboard, "resume_from": resume_from, **more,
    }  # fmt: skip
    for key, value in zip(_POSITIONS, given, strict=False):
        arguments[key] = value if arguments.get(key) is None else arguments[key]
    chosen = {**SESSION.settings, **_settings_of(settings)}
    for key, value in told_of_settings(chosen).items():
        arguments[key] = value if arguments.get(key) is None else arguments[key]
    return _init(arguments, chosen)


def _init(told: dict[str, Any], settings: Mapping[str, Any]) -> Run:
    mode = _one_of("mode", told["mode"] or _mode_of_environment(), _MODES)
    again = _one_of("reinit", told["reinit"], _REINITS)
    _warn_of(told)
    set_silent(silent=_is_yes(settings.get("silent")) or _is_yes(os.environ.get("WANDB_SILENT")))
    previous = _previous(again)
    if previous is not None:
        return previous
    folder = _variable("DIR", None if told["dir"] is None else os.fspath(told["dir"])) or "."
    project = _variable("PROJECT", told["project"])
    options: dict[str, Any] = {
        "resume": _one_of("resume", _variable("RESUME", told["resume"]), _RESUMES),
        "config": _chosen_config(told),
        "capture": _captures(settings),
        **_origin(told),
        **_described(told),
    }
    sweep_id = None if mode == "disabled" else _sweep_of_trial()
    made = Run(
        _begin(mode, project, options, is_shared=told["mode"] == "shared"),
        mode,
        folder=str(folder),
        told={**options, "entity": _variable("ENTITY", told.get("entity")), "sweep_id": sweep_id},
        allow_val_change=bool(told["allow_val_change"]),
    )
    SESSION.config = None
    if told["sync_tensorboard"] or told.get("tensorboard"):
        made.sync_tensorboard()
    if again != "create_new" or going() is None:
        SESSION.run = made
    return made


def setup(settings: Any = None) -> Session:
    """Say what later calls of `init` begin with, where they say nothing else."""
    SESSION.settings.update(_settings_of(settings))
    return SESSION


def _settings_of(settings: Any) -> dict[str, Any]:
    """What was set of `wandb.Settings`, or of a dictionary like it."""
    if settings is None:
        return {}
    if not isinstance(settings, Mapping):
        settings = getattr(settings, "__dict__", settings)
    if not isinstance(settings, Mapping):
        warn_once("wandb settings", "wandb: settings=%r is left out", settings)
        return {}
    return dict(settings)


def _previous(again: str) -> Run | None:
    """The run that is going on, where that is to be given back; or it ends, if that was asked."""
    found = going()
    if found is not None and again == "return_previous":
        warn_once("wandb init", "wandb.init: run %s is going on; reinit=True ends it", found.id)
        return found
    if again == "finish_previous" and found is not None:
        found.finish()
    return None


_KNOWN = {
    "project", "name", "config", "group", "job_type", "tags", "notes", "id", "resume", "mode",
    "dir", "reinit", "allow_val_change", "config_include_keys", "config_exclude_keys",
    "sync_tensorboard", "tensorboard", "fork_from", "resume_from", "entity", "force", "anonymous",
}  # fmt: skip
"""What `init` reads, and what there is nothing to say of."""


def _warn_of(told: Mapping[str, Any]) -> None:
    for key in (key for key, value in told.items() if key not in _KNOWN and value):
        warn_once(f"wandb init {key}", "wandb.init(%s=...) has no meaning here: left out", key)


def _described(told: Mapping[str, Any]) -> dict[str, Any]:
    """What describes a run, from what was given and the environment."""
    variables = {"name": "NAME", "group": "RUN_GROUP", "job_type": "JOB_TYPE", "notes": "NOTES"}
    texts = {key: _variable(variable, told[key]) for key, variable in variables.items()}
    found: dict[str, Any] = {
        key: None if value is None else str(value) for key, value in texts.items()
    }
    tags = _variable("TAGS", None) if told["tags"] is None else told["tags"]
    words = tags.split(",") if isinstance(tags, str) else tags or ()
    return found | {"tags": [str(word).strip() for word in words if word]}


def _origin(told: Mapping[str, Any]) -> dict[str, Any]:
    """The id, and where the run goes on from."""
    found: dict[str, Any] = {"id": _checked_id(_variable("RUN_ID", told["id"]))}
    for key in ("fork_from", "resume_from"):
        if told[key] is None:
            continue
        match = _ORIGIN.fullmatch(str(told[key]))
        if match is None:
            raise ConfigError(f"wandb.init({key}={told[key]!r})", "give 'ID?_step=100'")
        origin, step = str(_checked_id(match["run_id"])), int(match["step"])
        if key == "fork_from":
            found["fork_from"] = (origin, step)
        else:
            found |= {"id": origin, "rewind_to": step}
    return found


def _checked_id(given: Any) -> str | None:
    """An id as a run here can have it; the same for the same text."""
    if given is None:
        return None
    text = _NO_ID.sub("-", str(given))[:_MAX_ID]
    text = text if text[0].isalnum() else f"r{text}"[:_MAX_ID]
    if text != str(given):
        warn_once(f"wandb id {text}", "wandb: the id %r of a run is %r here", given, text)
    return text


def _captures(settings: Mapping[str, Any]) -> list[str] | None:
    """What the run captures by itself, where something is left out."""
    console = settings.get("console") or os.environ.get("WANDB_CONSOLE")
    out = {word for key, word in _CAPTURES.items() if _is_yes(settings.get(key))}
    out |= {"console"} if str(console).lower() == "off" else set()
    out |= {"code"} if _is_yes(os.environ.get("WANDB_DISABLE_GIT")) else set()
    if not out:
        return None
    named = read_capture(None, tracing.lifecycle.settings_in_force())
    return sorted(named - out)


def _variable(name: str, given: Any) -> Any:
    """What was given, else what the environment says."""
    return given if given is not None else os.environ.get(f"WANDB_{name}") or None


def _is_yes(given: Any) -> bool:
    return str(given).strip().lower() in {"1", "true", "yes", "on"}


def _mode_of_environment() -> str:
    told = os.environ.get("WANDB_MODE")
    return told or ("disabled" if _is_yes(os.environ.get("WANDB_DISABLED")) else "online")


def _one_of(name: str, given: Any, words: Mapping[Any, str]) -> str:
    if given not in words:
        known = ", ".join(repr(word) for word in words if word)
        raise ConfigError(f"wandb.init({name}={given!r})", f"give one of {known}")
    return words[given]


def _chosen_config(told: Mapping[str, Any]) -> dict[str, Any]:
    """The file of defaults, then what was set as `wandb.config`, then what was given."""
    before = {} if SESSION.config is None else dict(SESSION.config)
    included, excluded = told["config_include_keys"], told["config_exclude_keys"] or ()
    return {
        key: value
        for key, value in {**default_config(), **before, **config_of(told["config"])}.items()
        if (not included or key in included) and key not in excluded
    }


def _sweep_of_trial() -> str | None:
    """The sweep whose trial the next run is: such a run has it as its group."""
    settings, _, config, run_id = begin_of(None, {}, None)
    is_trial = settings.trial is not None or (run_id is None and bool(config))
    return settings.run_group if is_trial else None


def _begin(
    mode: str, project: str | None, options: Mapping[str, Any], *, is_shared: bool
) -> tracing.Run:
    if mode == "disabled":
        return cast("tracing.Run", disabled.run(project, **options))
    if mode == "offline":
        tracing.init(project, OFFLINE)
    elif SESSION.is_offline:
        tracing.init(project)  # Back to where the environment says.
    SESSION.is_offline = mode == "offline"
    # As with wandb, programs that were started together have a run each, unless they say `shared`.
    is_named = (options["id"] or begin_of(None, {}, None).settings.run_id) is not None
    return tracing.run(project, rank=None if is_shared or is_named else 0, **options)


def going() -> Run | None:
    """The run that `init` began last, until it ends."""
    return None if SESSION.run is None or SESSION.run.has_ended else SESSION.run


def open_run() -> tracing.Run | None:
    """The run of ours that is going on, for callbacks of ours; None: they begin one."""
    found = going()
    return None if found is None else found._inner  # noqa: SLF001  # The two are one thing.


def current(asked: str) -> Run:
    """The run that is going on.

    Raises:
        ConfigError: If none is.
    """
    found = going()
    if found is None:
        raise ConfigError(f"wandb.{asked} was used before wandb.init()", "begin a run first")
    return found
