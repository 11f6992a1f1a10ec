"""What W&B's records tell of a run beside what it logged: its environment, and its artifacts.

Arguments of the command are left out, since they may hold secrets.

Source: `EnvironmentRecord` and `ArtifactRecord` of `wandb_internal.proto`, wandb 0.31.
"""

from typing import Any
from urllib.parse import urlsplit

from weave_core.foreign_runs.wire import Fields, fields_of, message, text

__all__ = ["environment_of", "left_out", "without_password"]

_TEXTS = {1: "system", 2: "python", 11: "folder", 12: "host", 14: "executable"}
_PROGRAM, _GIT, _TYPE, _NAME, _MANIFEST, _CONTENTS = 6, 9, 4, 5, 12, 4
_TABLES = "run_table"
"""What W&B calls the artifacts that it makes of tables."""


def environment_of(told: Fields) -> dict[str, Any]:
    """What an environment's record says, as a writer of ours tells it."""
    found: dict[str, Any] = {name: text(told, number) for number, name in _TEXTS.items()}
    program = text(told, _PROGRAM)
    found["command"] = [program] if program else None
    found["git"] = git_of(message(told, _GIT))
    return {name: value for name, value in found.items() if value}


def git_of(told: Fields) -> dict[str, str]:
    """Commit and remote, without a password in it."""
    found = {"remote": without_password(text(told, 1)), "commit": text(told, 2)}
    return {name: value for name, value in found.items() if value}


def without_password(address: str) -> str:
    """An address of a repository, without whoever it names."""
    try:
        remote = urlsplit(address)
        if remote.password or remote.username:
            remote = remote._replace(netloc=remote.netloc.rpartition("@")[2])
        return remote.geturl()
    except ValueError:
        return ""


def left_out(told: Fields) -> tuple[str, str] | None:
    """What an artifact's record says that is not taken: a key, and why; None: it is taken."""
    name, kind = text(told, _NAME), text(told, _TYPE)
    if kind != _TABLES:
        return f"(artifact {name})", f"it is left out: a {kind} that W&B keeps elsewhere"
    contents = message(told, _MANIFEST).get(_CONTENTS, ())
    paths = [text(fields_of(each), 1) for each in contents if isinstance(each, bytes)]
    media = sum(not path.endswith(".json") for path in paths)
    if not media:
        return None
    return f"({name})", f"{media:,} pictures, sounds or films in its cells are left out"
