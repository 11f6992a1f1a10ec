"""Virtual environments apart from ours: the package as users install it, and other software."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.commands import clean_env

__all__ = ["Environment", "install", "locked", "newest", "run_tests"]

ROOT = Path(__file__).parents[2]
CPU_WHEELS = "https://download.pytorch.org/whl/cpu/torch/"
"""PyTorch without 3 GB of CUDA, where nobody has said where else wheels lie (`PIP_FIND_LINKS`)."""
_ALLOWED = [
    word
    for kind in (
        "DeprecationWarning",
        "FutureWarning",
        "ResourceWarning",
        "pytest.PytestUnraisableExceptionWarning",
    )
    for word in ("-W", f"ignore::{kind}")
]
"""Of the libraries, which warn of each other and leave files open."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    @property
    def programs(self) -> Path:
        """Where its commands lie."""
        return self.folder / "bin"

    def version(self, package: str) -> str:
        """The version of `package` that is installed in it."""
        told = f"import importlib.metadata as m; print(m.version({package!r}))"
        return self.run("-c", told).stdout.strip()

    @property
    def site_packages(self) -> Path:
        """Where its packages lie."""
        [found] = self.folder.glob("lib/python3*/site-packages")
        return found

    def run(self, *words: str, timeout_s: float = 120) -> "subprocess.CompletedProcess[str]":
        """Run its Python with `words`, in a folder that holds nothing of ours."""
        return subprocess.run(
            [self.python, *words],
            cwd=self.folder,
            env=clean_env(),
            timeout=timeout_s,
            capture_output=True,
            text=True,
            check=False,
        )


def install(folder: Path, wanted: str) -> Environment:
    """A fresh environment with `wanted`."""
    environment = Environment(folder)
    _make(environment)
    # The versions that the tests were written with; the ranges are `make lock`'s business.
    _install(environment, "--constraint", str(constraints(folder)), wanted)
    return environment


def constraints(folder: Path) -> Path:
    """The lock without hashes, which uv does not take as constraints of a wheel that has none."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line.removesuffix(" \\") for line in lines if line[:1].isalnum()]
    path = folder.with_suffix(".constraints")
    path.write_text("\n".join(pins), encoding="utf-8")
    return path


def run_tests(name: str, folder: Path, *more: str, words: Sequence[str] = ()) -> int:
    """Run the tests of `folder` in the environment of its lock; gives pytest's exit code.

    Args:
        name: Of the environment.
        folder: With a requirements.lock.
        *more: What the lock can't name; see `locked`.
        words: Further words for pytest.
    """
    environment = locked(name, folder / "requirements.lock", *more)
    command = [environment.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *_ALLOWED]
    command += [str(folder), *words]
    env = clean_env({"PYTHONPATH": str(ROOT)})
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode


def locked(name: str, lock: Path, *more: str) -> Environment:
    """The environment that `lock` describes, built where it does not exist yet.

    Kept in `.environments/` of the checkout, so that a developer pays once for each lock.

    Args:
        name: Of its folder.
        lock: With a hash for each package.
        *more: Packages that are installed by themselves, since what fits is not in the registry.
    """
    told = lock.read_bytes() + " ".join((*more, sys.version)).encode()
    digest = hashlib.sha256(told).hexdigest()[:12]
    environment = Environment(ROOT / ".environments" / f"{name}-{digest}")
    done = environment.folder / ".complete"
    if not done.exists():
        for old in environment.folder.parent.glob(f"{name}-*"):
            shutil.rmtree(old)
        _make(environment)
        _install(environment, "--require-hashes", "--no-deps", "--requirements", str(lock))
        if more:
            links = os.environ.get("PIP_FIND_LINKS") or CPU_WHEELS
            _install(environment, "--no-deps", "--find-links", links, *more)
        done.touch()
    return environment


def newest(name: str, *packages: str) -> Environment:
    """An environment of other software, its newest versions, as a user has it who installs it now.

    Kept in the machine's folder for temporary files under `name`: a second call installs nothing
    unless `packages` differ.
    """
    digest = hashlib.sha256("\n".join((*packages, sys.version)).encode()).hexdigest()[:12]
    environment = Environment(Path(tempfile.gettempdir()) / f"weave-core-{name}-{digest}")
    done = environment.folder / ".complete"
    if not done.exists():
        shutil.rmtree(environment.folder, ignore_errors=True)
        _make(environment)
        _install(environment, *packages)
        done.touch()
    return environment


def _make(environment: Environment) -> None:
    command = [sys.executable, "-m", "venv", "--without-pip", str(environment.folder)]
    subprocess.run(command, check=True)


def _install(environment: Environment, *words: str) -> None:
    """With uv, since it links what is cached instead of copying."""
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet"]
    command += ["--python", environment.python, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
