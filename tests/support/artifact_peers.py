"""Other tools that keep folders of files as versions, each in an environment of its own."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.commands import clean_env
from support.environments import newest

__all__ = ["ARTIFACT_PEERS", "Stored", "store_with"]

_WANDB = """
import os, sys, time, json
os.environ.update(WANDB_DIR=".", WANDB_CACHE_DIR="cache", WANDB_DATA_DIR="data")
import wandb
run = wandb.init(project="bench", mode="offline", settings=wandb.Settings(silent=True))
took = []
for folder in sys.argv[1:]:
    began = time.perf_counter()
    artifact = wandb.Artifact("set", type="dataset")
    artifact.add_dir(folder)
    run.log_artifact(artifact)
    took.append(time.perf_counter() - began)
began = time.perf_counter()
run.finish()
os.sync()
took[-1] += time.perf_counter() - began
print(json.dumps(took))
"""
_DVC = """
import json, os, shutil, subprocess, sys, time
program = os.path.join(os.path.dirname(sys.executable), "dvc")
def dvc(*words):
    subprocess.run([program, *words], check=True, stdout=subprocess.DEVNULL)
dvc("init", "--no-scm", "--quiet")
dvc("config", "core.analytics", "false")
took = []
for folder in sys.argv[1:]:
    shutil.rmtree("set", ignore_errors=True)
    shutil.copytree(folder, "set")
    os.sync()
    began = time.perf_counter()
    dvc("add", "--quiet", "set")
    os.sync()
    took.append(time.perf_counter() - began)
shutil.rmtree("set")
print(json.dumps(took))
"""
_MLFLOW = """
import json, os, sys, time
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
took = []
for folder in sys.argv[1:]:
    with mlflow.start_run():
        began = time.perf_counter()
        mlflow.log_artifacts(folder, "set")
        os.sync()
        took.append(time.perf_counter() - began)
print(json.dumps(took))
"""
ARTIFACT_PEERS: Mapping[str, str] = {"wandb": _WANDB, "dvc": _DVC, "mlflow": _MLFLOW}
"""The program of each; it prints how many seconds each folder took."""


@dataclass(frozen=True)
class Stored:
    """What one of them did with some folders, one after the other."""

    name: str
    """With its version."""
    took_s: list[float]
    disk_bytes: int
    """Of all that it wrote."""


def store_with(peer: str, work: Path, folders: list[Path]) -> Stored:
    """Store folders as versions of one thing, in the folder `work`, which is made."""
    work.mkdir()
    environment = newest(f"artifacts-{peer}", peer)
    done = subprocess.run(
        [environment.python, "-c", ARTIFACT_PEERS[peer], *map(str, folders)],
        cwd=work,
        env=clean_env({"HOME": str(work)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    took_s = json.loads(done.stdout.splitlines()[-1])
    written = sum(path.stat().st_size for path in work.rglob("*") if path.is_file())
    return Stored(f"{peer} {environment.version(peer)}", took_s, written)
