"""Storing and bringing back artifacts, beside a plain copy and other tools, on this machine.

    python tests/benchmarks/artifacts.py --mib 512 --files 20000 --rounds 3
    python tests/benchmarks/artifacts.py --rounds 1 --peers wandb dvc mlflow

A large file and 1,000 small ones are stored in a fresh server, stored again after an insertion in
the middle of the large file and a change of 1 % of the small ones, and brought back twice; then
many small files.  The limit is one thread that reads, cuts, hashes and writes the large file once
and waits for the disk.  Peers are installed where they are not yet.  Medians of rounds.
"""

import argparse
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from blake3 import blake3
from pyfastcdc import FastCDC
from support.artifact_peers import ARTIFACT_PEERS, store_with
from support.servers import ServerProcess, start_server

from weave_core import Artifact, Client

MIB = 1024 * 1024


class _Table:
    """What each thing took, round by round."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.sizes: dict[str, float] = {}
        self.notes: dict[str, str] = {}

    def timed(self, what: str, work: Callable[[], object], size_bytes: float = 0) -> None:
        """Do it, and note how long it took."""
        began = time.perf_counter()
        work()
        self.add(what, time.perf_counter() - began, size_bytes)

    def add(self, what: str, took_s: float, size_bytes: float = 0) -> None:
        """Note how long something took."""
        self.seconds.setdefault(what, []).append(took_s)
        self.sizes[what] = size_bytes

    def show(self) -> None:
        """Print it."""
        for what, took in self.seconds.items():
            middle = statistics.median(took)
            rate = f"{self.sizes[what] / middle / 1e6:8,.0f} MB/s" if self.sizes[what] else ""
            print(f"{what:40} {middle:8.2f} s {rate:14} {self.notes.get(what, '')}")


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser()
    options.add_argument("--mib", type=int, default=512, help="Size of the large file.")
    options.add_argument("--files", type=int, default=20_000, help="Small files of the last part.")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--peers", nargs="*", default=[], choices=[*ARTIFACT_PEERS])
    given = options.parse_args()
    table = _Table()
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory(prefix="weave-core-bench-") as name:
            folder = Path(name)
            os.environ["WEAVE_CORE_HOME"] = str(folder / "home")
            _round(folder, given.mib, given.peers, table)
            _many(folder, given.files, table)
    print(f"{given.mib} MiB and 1,000 files of 64 KiB; {given.files:,} files of 500 bytes")
    table.show()


def _round(folder: Path, mib: int, peers: list[str], table: _Table) -> None:
    first, second = folder / "first", folder / "second"
    _write(first, mib)
    _write_changed(first, second)
    size = (mib + 62.5) * MIB
    table.timed("limit: read, cut, hash, write, sync", lambda: _limit(first, folder), mib * MIB)
    table.timed("plain copy and sync", lambda: _copy(first, folder / "copy"), size)
    with start_server(folder / "server") as server, Client(server.url) as client:
        before_s = _cpu_s(server)
        table.timed("weave-core: store", lambda: _store(client, first), size)
        told = [
            1000 * (now - then) * MIB / size
            for now, then in zip(_cpu_s(server), before_s, strict=True)
        ]
        table.notes["weave-core: store"] = "CPU ms a MiB: client {:.2f}, server {:.2f}".format(
            *told
        )
        table.timed("weave-core: the same again", lambda: _store(client, first), size)
        table.timed("weave-core: store the change", lambda: _store(client, second), size)
        kept = client.get_artifact("bench", "first")
        table.notes["weave-core: store the change"] = (
            f"{kept.added_bytes / kept.size_bytes:.2%} new"
        )
        found = client.artifact("first", project="bench")
        table.timed("weave-core: download, cold", lambda: found.download(folder / "cold"), size)
        table.timed("weave-core: download, warm", lambda: found.download(folder / "warm"), size)
    for peer in peers:
        stored = store_with(peer, folder / peer, [first, second])
        table.add(f"{stored.name}: store", stored.took_s[0], size)
        table.add(f"{stored.name}: store the change", stored.took_s[1], size)
        extra = stored.disk_bytes - size
        table.notes[f"{stored.name}: store the change"] = f"{extra / size:.2%} new"


def _many(folder: Path, files: int, table: _Table) -> None:
    many = folder / "many"
    for number in range(files):
        path = many / f"{number % 100:02d}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(500))
    table.timed("many files: plain copy and sync", lambda: _copy(many, folder / "many-copy"))
    with start_server(folder / "server") as server, Client(server.url) as client:
        table.timed("many files: store", lambda: _store(client, many))
        table.timed("many files: the same again", lambda: _store(client, many))
        found = client.artifact("many", project="bench")
        table.timed("many files: download, cold", lambda: found.download(folder / "many-cold"))
        table.timed("many files: download, warm", lambda: found.download(folder / "many-warm"))


def _store(client: Client, source: Path) -> None:
    made = Artifact("many" if source.name == "many" else "first")
    made.add_dir(source)
    client.log_artifact(made, project="bench")


def _limit(first: Path, folder: Path) -> None:
    """What has to be done at least, once, by one thread that waits for each step."""
    buffer = bytearray(8 * MIB)
    view = memoryview(buffer)
    cutter = FastCDC(256 * 1024)
    with (first / "large.bin").open("rb", buffering=0) as file, (folder / "limit").open("wb") as to:
        while count := file.readinto(buffer):
            for cut in cutter.cut_buf(view[:count]):
                blake3(view[cut.offset : cut.offset + cut.length]).digest()
            to.write(view[:count])
        to.flush()
        os.fsync(to.fileno())
    (folder / "limit").unlink()


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target)
    os.sync()


def _cpu_s(server: ServerProcess) -> tuple[float, float]:
    """Seconds of processor that this program and the server have had."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    told = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(told[11]) + int(told[12])
    return own.ru_utime + own.ru_stime, ticks / os.sysconf("SC_CLK_TCK")


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
