"""Storing and bringing back artifacts, beside a plain copy and wandb offline, on this machine.

    python tests/benchmarks/artifacts.py --mib 512 --files 20000 --rounds 3

A large file and 1,000 small ones are stored in a fresh server, stored again after an insertion in
the middle of the large file and a change of 1 % of the small ones, and brought back twice; then
many small files.  wandb is measured where it is installed.  Medians of rounds that take turns.
"""

import argparse
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from support.servers import start_server

from weave_core import Artifact, Client

MIB = 1024 * 1024
WANDB = """
import os, sys, wandb
run = wandb.init(project="bench", mode="offline", settings=wandb.Settings(silent=True))
for folder in sys.argv[1:]:
    artifact = wandb.Artifact("set", type="dataset")
    artifact.add_dir(folder)
    run.log_artifact(artifact)
run.finish()
"""


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser()
    options.add_argument("--mib", type=int, default=512, help="Size of the large file.")
    options.add_argument("--files", type=int, default=20_000, help="Small files of the last part.")
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    seconds: dict[str, list[float]] = {}
    notes: dict[str, str] = {}
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory(prefix="weave-core-bench-") as name:
            _round(Path(name), given.mib, given.files, seconds, notes)
    print(f"{given.mib} MiB and 1,000 files of 64 KiB; {given.files:,} files of 500 bytes")
    for what, took in seconds.items():
        middle = statistics.median(took)
        size = f"{(given.mib + 62.5) / middle:8,.0f} MiB/s" if "files" not in what else " " * 14
        print(f"{what:34} {middle:8.2f} s {size}  {notes.get(what, '')}")


def _round(
    folder: Path, mib: int, files: int, seconds: dict[str, list[float]], notes: dict[str, str]
) -> None:
    os.environ["WEAVE_CORE_HOME"] = str(folder / "home")
    first, second, many = folder / "first", folder / "second", folder / "many"
    _write(first, mib)
    _write_changed(first, second)
    for number in range(files):
        path = many / f"{number % 100:02d}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(500))

    def timed(what: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        seconds.setdefault(what, []).append(time.perf_counter() - began)

    def copy() -> None:
        shutil.copytree(first, folder / "copy")
        os.sync()

    timed("plain copy and sync", copy)
    with start_server(folder / "server") as server, Client(server.url) as client:

        def store(source: Path, name: str) -> Artifact:
            made = Artifact(name)
            made.add_dir(source)
            return client.log_artifact(made, project="bench")

        timed("weave-core: store", lambda: store(first, "set"))
        timed("weave-core: the same again", lambda: store(first, "set"))
        timed("weave-core: store the change", lambda: store(second, "set"))
        new = client.get_artifact("bench", "set").added_bytes
        whole = client.get_artifact("bench", "set").size_bytes
        notes["weave-core: store the change"] = f"{new / whole:.2%} new bytes"
        found = client.artifact("set", project="bench")
        timed("weave-core: download, cold", lambda: found.download(folder / "cold"))
        timed("weave-core: download, warm", lambda: found.download(folder / "warm"))
        timed("weave-core: store many files", lambda: store(many, "many"))
        small = client.artifact("many", project="bench")
        timed("weave-core: many files, cold", lambda: small.download(folder / "small"))
    if importlib.util.find_spec("wandb") is None:
        return
    env = os.environ | {"WANDB_DIR": str(folder), "WANDB_CACHE_DIR": str(folder / "wandb-cache")}
    env |= {"WANDB_DATA_DIR": str(folder / "wandb-data"), "WANDB_SILENT": "true"}
    program = [sys.executable, "-c", WANDB]
    timed(
        "wandb offline: both",
        lambda: subprocess.run([*program, str(first), str(second)], env=env, check=True),
    )
    kept = sum(path.stat().st_size for path in (folder / "wandb-data").rglob("*") if path.is_file())
    notes["wandb offline: both"] = f"{kept / MIB:,.0f} MiB on disk"


def _write(folder: Path, mib: int) -> None:
    folder.mkdir()
    with (folder / "large.bin").open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(MIB))
    for number in range(1_000):
        (folder / f"{number}.bin").write_bytes(os.urandom(64 * 1024))


def _write_changed(first: Path, second: Path) -> None:
    shutil.copytree(first, second)
    large = (first / "large.bin").read_bytes()
    middle = len(large) // 2
    (second / "large.bin").write_bytes(large[:middle] + b"inserted" + large[middle:])
    for number in range(0, 1_000, 100):
        (second / f"{number}.bin").write_bytes(os.urandom(64 * 1024))


if __name__ == "__main__":
    main()
