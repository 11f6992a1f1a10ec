"""Peers that take OTLP too, each in a virtual environment of its own, for the benchmark of ingest.

Started with their own commands and defaults, over a folder of the benchmark.
"""

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from support.environments import newest
from support.ports import free_port

__all__ = ["PEERS", "Peer", "start_peer"]

_START_S = 180


@dataclass(frozen=True)
class _Recipe:
    packages: tuple[str, ...]
    command: Callable[[Path, Path, int], list[str]]
    """Of the environment's folder of programs, the data's folder and the port."""
    environment: Callable[[Path, int], dict[str, str]]
    database: str
    """In the data's folder."""
    count: str
    """How many spans are on the disk."""
    health: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """What the receiver wants to be told beside the content type."""


PEERS: dict[str, _Recipe] = {
    "phoenix": _Recipe(
        packages=("arize-phoenix",),
        command=lambda programs, _folder, _port: [str(programs / "phoenix"), "serve"],
        environment=lambda folder, port: {
            "PHOENIX_WORKING_DIR": str(folder),
            "PHOENIX_PORT": str(port),
            "PHOENIX_GRPC_PORT": str(free_port()),
            "PHOENIX_TELEMETRY_ENABLED": "false",
        },
        database="phoenix.db",
        count="SELECT COUNT(*) FROM spans",
        health="/healthz",
    ),
    "mlflow": _Recipe(
        packages=("mlflow",),
        command=lambda programs, folder, port: [
            *(str(programs / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)),
            *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
            *("--artifacts-destination", str(folder / "artifacts")),
        ],
        # It finds its own workers by PATH.
        environment=lambda folder, _port: {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "HOME": str(folder),
        },
        database="mlflow.db",
        count="SELECT COUNT(*) FROM spans",
        health="/health",
        headers={"x-mlflow-experiment-id": "0"},
    ),
}


@dataclass(frozen=True)
class Peer:
    """One that runs."""

    name: str
    """With its version."""
    url: str
    headers: Mapping[str, str]
    pid: int
    count: Callable[[], int]
    """How many spans it has made durable."""


@contextmanager
def start_peer(name: str, folder: Path) -> Iterator[Peer]:
    """Install the peer if it is not there yet, and run it over `folder`."""
    recipe = PEERS[name]
    environment = newest(f"peer-{name}", *recipe.packages)
    programs = environment.programs
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        recipe.command(programs, folder, port),
        env=os.environ
        | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        | recipe.environment(folder, port),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def count() -> int:
        with closing(sqlite3.connect(folder / recipe.database, timeout=30)) as database:
            return int(database.execute(recipe.count).fetchone()[0])

    try:
        _wait_for(url + recipe.health)
        told = f"{name} {environment.version(recipe.packages[0])}"
        yield Peer(told, url, recipe.headers, process.pid, count)
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        try:
            httpx.get(url, timeout=5)
        except httpx.TransportError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit(f"{url} did not answer within {_START_S} s")
