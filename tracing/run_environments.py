"""What a run ran with: commit, command line, packages, machine, where it was started, its own code.

Read once, in a thread of ours.  Texts are cleaned by the redaction policy before they are kept, and
of the environment's variables only those that `launchers` names are looked at.
"""

import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from weave_core import semconv
from weave_core.tracing.launchers import find_launchers
from weave_core.tracing.sources import is_own
from weave_core.tracing.surroundings import find_changes, repository

__all__ = ["keep_code", "read_environment"]

MAX_PACKAGES = 2_000
"""Installed packages that a run's record names."""
MAX_CODE_FILES = 500
"""Files of the program's own code that a run keeps."""
MAX_CODE_FILE_BYTES = 1024 * 1024
"""Largest file of code that a run keeps; a larger one is named without its text."""
MAX_CODE_TOTAL_BYTES = 16 * 1024 * 1024
"""All code that a run keeps."""
_MAX_ARGUMENTS = 200
_MAX_ARGUMENT = 1_000
_SECRET_PARTS = ("key", "token", "secret", "password", "passwd", "credential")

Clean = Callable[[str], str]
Keep = Callable[[str], str]
"""Stores a text as a blob; gives its digest."""


def read_environment(clean: Clean) -> dict[str, Any]:
    """What the program runs with, apart from its code; takes some ten milliseconds."""
    found = repository()
    revision = found.get(semconv.VCS_REVISION)
    git = {
        "commit": revision,
        "branch": found.get(semconv.VCS_BRANCH),
        "remote": found.get(semconv.VCS_URL),
    }
    return {
        "git": git if revision else None,
        "command": _command(clean),
        "folder": str(Path.cwd()),
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "system": platform.platform(),
        "host": platform.node(),
        "packages": sorted(set(_packages()))[:MAX_PACKAGES],
        "launchers": find_launchers(),
    }


def keep_code(keep: Keep) -> dict[str, Any]:
    """Store what differs from the commit and the program's own files; gives their digests.

    Its own are the modules that it has imported which are neither Python's nor installed.
    """
    patch = find_changes()
    found: dict[str, Any] = {"is_dirty": None if patch is None else bool(patch)}
    if patch:
        found["diff"] = keep(patch)
    files: dict[str, str | None] = {}
    total = 0
    for path in _own_files():
        if len(files) >= MAX_CODE_FILES:
            break
        size = path.stat().st_size
        name = _name_of(path)
        if size > MAX_CODE_FILE_BYTES or total + size > MAX_CODE_TOTAL_BYTES:
            files[name] = None
            continue
        total += size
        files[name] = keep(path.read_text(encoding="utf-8", errors="replace")) if size else None
    found["files"] = files
    found["program"] = _program()
    return found


def _program() -> str | None:
    """The file that was started, whose name is that of the code."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(main).stem if main else None


def _own_files() -> list[Path]:
    found = set()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py") and is_own(name):
            path = Path(file).absolute()
            if path.is_file():
                found.add(path)
    return sorted(found)


def _name_of(path: Path) -> str:
    folder = Path.cwd()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _command(clean: Clean) -> list[str]:
    """The arguments; the one behind `--api-key` and the like is taken out."""
    given = [each[:_MAX_ARGUMENT] for each in sys.orig_argv[:_MAX_ARGUMENTS]]
    told: list[str] = []
    for before, each in zip(["", *given], given, strict=False):
        is_secret = before.startswith("-") and "=" not in before and _names_secret(before)
        if is_secret and not each.startswith("-"):
            told.append("[redacted]")
        elif each.startswith("-") and "=" in each and _names_secret(each.partition("=")[0]):
            told.append(f"{each.partition('=')[0]}=[redacted]")
        else:
            told.append(clean(each))
    return told


def _names_secret(option: str) -> bool:
    # The last word alone: `--tokenizer` and `--token-count` are no secrets, `--hf-token` is one.
    word = option.lower().replace("_", "-").rpartition("-")[2]
    return word in _SECRET_PARTS or word in {"apikey", "pwd", "passphrase"}


def _packages() -> Iterator[str]:
    """By the names of their folders: reading the metadata of 400 packages takes a second."""
    for folder in sys.path:
        for path in Path(folder or ".").glob("*.dist-info"):
            name, _, version = path.name.removesuffix(".dist-info").rpartition("-")
            if name:
                yield f"{name.replace('_', '-')}=={version}"
