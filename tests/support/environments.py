"""Virtual environments of a test's own, with the package installed as users install it."""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.commands import clean_env

__all__ = ["Environment", "install", "locked"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the package in it."""

    folder: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

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
    """A fresh environment with `wanted`; uv, since it links what is cached instead of copying."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    environment = Environment(folder)
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet"]
    # The versions that the tests were written with; the ranges are `make lock`'s business.
    command += ["--constraint", str(constraints(folder)), "--python", environment.python, wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return environment


def constraints(folder: Path) -> Path:
    """The lock without hashes, which uv does not take as constraints of a wheel that has none."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line.removesuffix(" \\") for line in lines if line[:1].isalnum()]
    path = folder.with_suffix(".constraints")
    path.write_text("\n".join(pins), encoding="utf-8")
    return path


def locked(name: str, lock: Path) -> Environment:
    """The environment that `lock` describes, built where it does not exist yet.

    Kept in `.environments/` of the checkout, so that a developer pays once for each lock.
    """
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    environment = Environment(ROOT / ".environments" / f"{name}-{digest}")
    done = environment.folder / ".complete"
    if not done.exists():
        for old in environment.folder.parent.glob(f"{name}-*"):
            shutil.rmtree(old)
        command = [sys.executable, "-m", "venv", "--without-pip", str(environment.folder)]
        subprocess.run(command, check=True)
        command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes"]
        command += ["--python", environment.python, "--requirements", str(lock)]
        installed = subprocess.run(command, capture_output=True, text=True, check=False)
        assert installed.returncode == 0, installed.stderr
        done.touch()
    return environment
