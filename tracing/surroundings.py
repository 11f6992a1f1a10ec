"""What the program ran with, once per process: commit, libraries, Python, host.

Told as resource attributes.  Read in threads of ours, after the program has begun to work.
"""

import os
import platform
import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from weave_core import semconv

__all__ = ["find_changes", "repository", "surroundings"]

Value = str | bool | int | Sequence[str]

_LIBRARIES = (
    "anthropic",
    "crewai",
    "datasets",
    "dspy",
    "google-genai",
    "instructor",
    "jax",
    "langchain",
    "langchain-core",
    "langgraph",
    "litellm",
    "llama-index-core",
    "mcp",
    "numpy",
    "openai",
    "openai-agents",
    "opentelemetry-sdk",
    "pandas",
    "pydantic",
    "pydantic-ai",
    "scikit-learn",
    "smolagents",
    "tokenizers",
    "torch",
    "transformers",
    "vllm",
    "weave-core",
)
_MODULES = {
    "google-genai": "google.genai",
    "llama-index-core": "llama_index.core",
    "openai-agents": "agents",
    "opentelemetry-sdk": "opentelemetry.sdk",
    "scikit-learn": "sklearn",
}
"""Where the module's name is not the package's."""
_CI_BRANCHES = (
    *("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILDKITE_BRANCH"),
    *("CIRCLE_BRANCH", "BITBUCKET_BRANCH", "BRANCH_NAME"),
)
"""GitHub (pull request, then push), GitLab, Buildkite, CircleCI, Bitbucket, Jenkins."""
_GIT_TIMEOUT_S = 2.0
MAX_DIFF_BYTES = 1024 * 1024
"""What is kept of the difference to the commit."""
_MAX_VALUE = 300
_MAX_FILE_BYTES = 4 * 1024 * 1024


class _Repository(NamedTuple):
    """Where a repository's parts are."""

    root: Path
    """Of the files that are worked on."""
    git: Path
    """What is of this worktree alone, such as what is checked out."""
    shared: Path
    """Branches and settings of all its worktrees."""


def surroundings() -> dict[str, Value]:
    """Attributes of this process; takes some milliseconds and starts no other process."""
    found: dict[str, Value] = {
        semconv.HOST_NAME: platform.node(),
        semconv.HOST_ARCH: platform.machine(),
        semconv.OS_TYPE: platform.system().lower(),
        semconv.PROCESS_PID: str(os.getpid()),
        semconv.PROCESS_RUNTIME_NAME: sys.implementation.name,
        semconv.PROCESS_RUNTIME_VERSION: platform.python_version(),
        semconv.LIBRARIES: _libraries(),
    }
    found.update(repository())
    return {key: value for key, value in found.items() if value}


def repository() -> dict[str, str]:
    """Commit, branch and origin of the program's repository, as far as they can be told.

    CI checks out a commit and no branch; its variables say which branch that was for.
    """
    place = _repository()
    if place is None:
        return {}
    found = _revision(place)
    if semconv.VCS_BRANCH not in found:
        named = next((os.environ[name] for name in _CI_BRANCHES if os.environ.get(name)), "")
        if named:
            found[semconv.VCS_BRANCH] = named[:_MAX_VALUE]
    return found


def find_changes() -> str | None:
    """What differs from the commit in tracked files, as a patch; None where git can't tell in time.

    Cut with a mark above MAX_DIFF_BYTES.  The user's own drivers for diffs and texts are not run.
    """
    place = _repository()
    if place is None:
        return None
    command = ["git", "--no-optional-locks", "diff", "--no-color", "--no-ext-diff"]
    command += ["--no-textconv", "--submodule=short", "HEAD"]
    try:
        with subprocess.Popen(  # noqa: S603  # The user's own git, nothing of it from outside.
            command,
            cwd=place.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as git:
            # A repository that takes longer is left alone: git would go on using the disk.
            alarm = threading.Timer(_GIT_TIMEOUT_S, git.kill)
            alarm.start()
            try:
                patch = git.stdout.read(MAX_DIFF_BYTES + 1) if git.stdout is not None else b""
                if len(patch) > MAX_DIFF_BYTES:
                    git.kill()
            finally:
                alarm.cancel()
                git.wait()
    except OSError:
        return None
    if len(patch) > MAX_DIFF_BYTES:
        return f"{patch[:MAX_DIFF_BYTES].decode('utf-8', 'replace')}\n… <cut>\n"
    return patch.decode("utf-8", "replace") if git.returncode == 0 else None


def _libraries() -> list[str]:
    """The ones of `_LIBRARIES` that are loaded, with their versions."""
    found = []
    for name in _LIBRARIES:
        if _MODULES.get(name, name.replace("-", "_")) in sys.modules:
            try:
                found.append(f"{name}=={metadata.version(name)}")
            except metadata.PackageNotFoundError:
                continue
    return found


def _repository() -> _Repository | None:
    """That of the program's own code: of its main file, else of where it runs."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    start = Path(main).absolute().parent if main else Path.cwd()
    for folder in (start, *start.parents):
        if "site-packages" in folder.parts:
            return None
        git = folder / ".git"
        if git.is_dir():
            return _Repository(folder, git, git)
        if git.is_file():
            return _linked(folder, git)
    return None


def _linked(folder: Path, file: Path) -> _Repository | None:
    """Of a worktree or submodule, whose `.git` is a file that says where its parts are."""
    said = _text(file).strip()
    if not said.startswith("gitdir:"):
        return None
    git = folder / said.removeprefix("gitdir:").strip()
    return _Repository(folder, git, git / _text(git / "commondir").strip())


def _revision(place: _Repository) -> dict[str, str]:
    """Commit, branch and origin, read from git's files: a process would take 5 ms each."""
    head = _text(place.git / "HEAD").strip()
    found = {}
    if head.startswith("ref: "):
        ref = head[5:]
        found[semconv.VCS_BRANCH] = ref.removeprefix("refs/heads/")[:_MAX_VALUE]
        head = _text(place.git / ref).strip() or _text(place.shared / ref).strip()
        head = head or _packed(place.shared, ref)
    if head:
        found[semconv.VCS_REVISION] = head[:_MAX_VALUE]
    if url := _origin(place.shared):
        found[semconv.VCS_URL] = url[:_MAX_VALUE]
    return found


def _packed(git: Path, ref: str) -> str:
    for line in _text(git / "packed-refs").splitlines():
        revision, _, name = line.partition(" ")
        if name == ref:
            return revision
    return ""


def _origin(git: Path) -> str:
    """The URL of `origin` without the name and password that it may hold."""
    is_origin = False
    for line in _text(git / "config").splitlines():
        text = line.strip()
        if text.startswith("["):
            is_origin = text == '[remote "origin"]'
        elif is_origin and text.replace(" ", "").startswith("url="):
            url = text.partition("=")[2].strip()
            parts = urlsplit(url) if "://" in url else None
            if parts is None:
                return url
            return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
    return ""


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
