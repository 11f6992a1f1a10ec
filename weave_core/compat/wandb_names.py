"""Small things of wandb's that scripts name: levels, settings, words on the terminal, ids."""

import secrets
import sys
from collections.abc import Mapping
from enum import Enum
from typing import Any

from weave_core.errors import ConfigError, NotFound, WeaveError

__all__ = [
    "AlertLevel",
    "CommError",
    "Error",
    "RunNotFoundError",
    "Settings",
    "UsageError",
    "generate_id",
    "set_silent",
    "termerror",
    "termlog",
    "termsetup",
    "termwarn",
    "told_of_settings",
]

Error = WeaveError
"""What `except wandb.Error` catches: all of ours."""
UsageError = ConfigError
"""What was asked can't be done as it was asked."""
CommError = WeaveError
"""What the server said no to, or did not answer; of ours any may be it."""
RunNotFoundError = NotFound

_ID_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_heard: set[str] = set()
_words = {"silent": False}


class AlertLevel(Enum):
    """How much an alert matters."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Settings:
    """What scripts say in `wandb.Settings`; `init` reads what has a meaning here.

    These are `project`, `mode`, `run_id`, `run_name`, `run_group`, `run_job_type`, `run_notes`,
    `run_tags`, `resume`, `reinit`, `root_dir`, `console="off"`, `disable_git`, `disable_code`,
    `x_disable_stats`, `silent`; others (`start_method`, `init_timeout`...) are taken and have none.
    """

    def __init__(self, **given: Any) -> None:
        self.__dict__.update(given)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None  # A setting that nobody has set.

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def get(self, name: str, default: Any = None) -> Any:
        """The setting, else `default`."""
        return self.__dict__.get(name, default)

    def update_from_dict(self, given: Mapping[str, Any]) -> None:
        """Set several."""
        self.__dict__.update(given)

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{key}={value!r}' for key, value in self.__dict__.items())})"


def generate_id(length: int = 8) -> str:
    """A new id, of small letters and digits."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(length))


def set_silent(*, silent: bool) -> None:
    """Whether `termlog` and its like say anything."""
    _words["silent"] = silent


def termsetup(*_given: Any, **_options: Any) -> None:
    """Nothing to set up."""


def termlog(
    string: str = "",
    newline: bool = True,  # noqa: FBT001, FBT002  # As wandb has them.
    repeat: bool = True,  # noqa: FBT001, FBT002
    prefix: bool = True,  # noqa: FBT001, FBT002
) -> None:
    """Say something on the terminal, as wandb does."""
    _say(string, newline=newline, repeat=repeat, prefix="wandb: " if prefix else "")


def termwarn(
    string: str,
    newline: bool = True,  # noqa: FBT001, FBT002  # As wandb has them.
    repeat: bool = True,  # noqa: FBT001, FBT002
    prefix: bool = True,  # noqa: FBT001, FBT002
) -> None:
    """Warn on the terminal."""
    _say(string, newline=newline, repeat=repeat, prefix="wandb: WARNING " if prefix else "")


def termerror(
    string: str,
    newline: bool = True,  # noqa: FBT001, FBT002  # As wandb has them.
    repeat: bool = True,  # noqa: FBT001, FBT002
    prefix: bool = True,  # noqa: FBT001, FBT002
) -> None:
    """Tell an error on the terminal."""
    _say(string, newline=newline, repeat=repeat, prefix="wandb: ERROR " if prefix else "")


def _say(text: str, *, newline: bool, repeat: bool, prefix: str) -> None:
    if _words["silent"] or (not repeat and text in _heard):
        return
    if not repeat:
        _heard.add(text)
    lines = "\n".join(f"{prefix}{line}" for line in str(text).split("\n"))
    sys.stderr.write(lines + ("\n" if newline else ""))


def told_of_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What of `wandb.Settings` is an argument of `init`."""
    told = {ours: settings.get(theirs) for theirs, ours in _ARGUMENTS.items()}
    return {key: value for key, value in told.items() if value is not None}


_ARGUMENTS = {
    "project": "project",
    "mode": "mode",
    "run_id": "id",
    "run_name": "name",
    "run_group": "group",
    "run_job_type": "job_type",
    "run_notes": "notes",
    "run_tags": "tags",
    "resume": "resume",
    "reinit": "reinit",
    "root_dir": "dir",
    "allow_val_change": "allow_val_change",
    "sync_tensorboard": "sync_tensorboard",
}
