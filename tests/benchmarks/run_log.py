"""What logging a training costs, and how quickly its points are read back.

    python tests/benchmarks/run_log.py [--rounds 3] [--points 1000000] [--peers | --peer wandb ...]

First a program that logs five numbers a step: what a call costs it, what it costs in CPU, how long
`finish` takes, and the points a second from the first call to the moment a server process has all
of them on its disk.  `--peer` (`trackio`, `wandb`, `tensorboardX`, `mlflow`, `aim`) runs the same
loop over a peer, `--peers` over all of them: installed into virtual environments of their own,
everything that they would capture beside the numbers switched off; peers write to their own folder,
none of them to a server.  Rounds go by turns, and medians are told at the end, in so many of ours.

Then a server with so many points of one key, noise as doubles and the same as a tensor of 32 bits
gives it: bytes a point on disk, the times of the steps included, a chart of 2,000 points and an
exact read as Arrow, both over HTTP, medians.  Sizes are the pages in use of the database of a
server that was stopped, without what an empty one takes.
"""

import argparse
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
from support.commands import clean_env
from support.loggers import LOGGERS, OURS, Logged, Logger, install, program, read
from support.servers import ServerProcess, start_server

import weave_core
from weave_core import Client

TARGETS = (
    "targets: p50 12 us a call, p99 100, 200,000 points/s, finish 0.3 s; 1,000,000 points:"
    " 8 bytes a point, chart 30 ms, exact read 100 ms"
)
CHART_POINTS = 2_000
CHARTS, READS = 15, 5
PACKED_S = 120.0
PROJECT = "bench"
OUR_NAME = "weave-core"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--peer", action="append", choices=sorted(LOGGERS), default=[])
    parser.add_argument("--peers", action="store_true", help="all of them")
    options = parser.parse_args()
    peers = sorted(LOGGERS) if options.peers else options.peer
    print(TARGETS)
    print(
        f"{'':14}{'begin s':>9}{'p50 us':>9}{'p99 us':>10}{'max ms':>9}"
        f"{'CPU us':>9}{'finish s':>10}{'points/s':>11}{'bytes/point':>13}"
    )
    pythons = {name: install(name).python for name in peers}
    empty = size_of_empty()
    rows: dict[str, list[tuple[Logged, float]]] = defaultdict(list)
    for _ in range(options.rounds):  # By turns, so that all meet the same machine.
        rows[OUR_NAME].append(log_to_a_server(empty))
        for name, python in pythons.items():
            with tempfile.TemporaryDirectory() as folder:
                told = timed(LOGGERS[name], python, Path(folder), "")
                rows[name].append((told, size_of(Path(folder)) / (5 * told.steps)))
                show(name, *rows[name][-1])
    if peers:
        compare(rows)
    if options.points:
        read_back(options.points, empty, kind="d")
        read_back(options.points, empty, kind="f")


def size_of_empty() -> int:
    """Bytes of a server that was told nothing."""
    with tempfile.TemporaryDirectory() as text:
        with start_server(Path(text) / "server"):
            pass
        return used_of(Path(text) / "server")


def compare(rows: dict[str, list[tuple[Logged, float]]]) -> None:
    """What each takes of time, processor and disk, in so many of ours; medians over the rounds."""
    ours = medians(rows[OUR_NAME])
    print(f"{'times ours:':14}{'p50':>9}{'p99':>9}{'CPU':>9}{'s a point':>11}{'bytes/point':>13}")
    for name, found in rows.items():
        if name != OUR_NAME:
            ratios = [each / own for each, own in zip(medians(found), ours, strict=True)]
            told = "".join(f"{ratio:9.1f}" for ratio in ratios[:3])
            print(f"{name:14}{told}{ratios[3]:11.1f}{ratios[4]:13.1f}")


def medians(rows: list[tuple[Logged, float]]) -> list[float]:
    """Of what is compared."""
    told = [
        (row.p50_us, row.p99_us, row.cpu_us, 1 / row.points_a_second, size) for row, size in rows
    ]
    return [statistics.median(column) for column in zip(*told, strict=True)]


def log_to_a_server(empty: int) -> tuple[Logged, float]:
    """Our own row."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "program").mkdir()
        with start_server(folder / "server") as server:
            told = timed(OURS, sys.executable, folder / "program", server.url)
            wait_until_packed(server, "bench", 5 * told.steps)
        size = used_of(folder / "server") - empty
        row = told, size / (5 * told.steps)
        show(OUR_NAME, *row)
        return row


def timed(logger: Logger, python: str, folder: Path, target: str) -> Logged:
    """Run the loop of `logger` in a process of its own."""
    path = program(logger, folder / "program.py")
    done = subprocess.run(
        [python, str(path), str(logger.steps), str(folder), target],
        env={**clean_env(), "WEAVE_CORE_HOME": str(folder / "home"), "WANDB_SILENT": "true"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    path.unlink()
    return read(done.stdout + done.stderr)


def show(name: str, told: Logged, bytes_a_point: float) -> None:
    """One row."""
    print(
        f"{name:14}{told.begin_s:9.2f}{told.p50_us:9.1f}{told.p99_us:10.1f}{told.max_ms:9.1f}"
        f"{told.cpu_us:9.1f}{told.finish_s:10.3f}{told.points_a_second:11,.0f}{bytes_a_point:13.1f}"
    )


def read_back(points: int, empty: int, *, kind: str) -> None:
    """Figures of a server that has many points; `kind` as `array.array` has it."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        os.environ["WEAVE_CORE_HOME"] = str(folder / "home")
        with start_server(folder / "server") as server:
            noise = random.Random(1)
            values = array(kind, [noise.gauss(0, 1) for _ in range(points)]).tolist()
            began_s = time.perf_counter()
            weave_core.init(PROJECT, server.url)
            run = weave_core.run(id="many")
            for step, value in enumerate(values):
                run.log({"loss": value}, step=step)
            assert run.finish(timeout_s=120)
            stored_s = time.perf_counter() - began_s
            wait_until_packed(server, "many", points)
            with httpx.Client(base_url=server.url, timeout=60) as http:
                path = f"/api/projects/{PROJECT}/runs/many/history?keys=loss"
                chart_ms = median_ms(lambda: http.get(f"{path}&points={CHART_POINTS}"), CHARTS)
                zoomed = f"{path}&points={CHART_POINTS}&x_from=100000&x_to=200000"
                zoom_ms = median_ms(lambda: http.get(zoomed), CHARTS)
                arrow_ms = median_ms(lambda: http.get(f"{path}&format=arrow"), READS)
            with Client(server.url) as client:
                read_ms = median_ms(lambda: client.run("many", PROJECT).history(["loss"]), READS)
            weave_core.shutdown()
        size = used_of(folder / "server") - empty
    bits = {"d": "doubles", "f": "32-bit floats"}[kind]
    print(
        f"{points:,} points, {bits}: stored after {stored_s:.1f} s, {size / points:.2f} bytes a"
        f" point; chart of {CHART_POINTS:,}: {chart_ms:.0f} ms, of a tenth: {zoom_ms:.0f} ms;"
        f" all as Arrow: {arrow_ms:.0f} ms, by client.run(...).history(): {read_ms:.0f} ms"
    )


def median_ms(ask: Callable[[], object], times: int) -> float:
    """Median of so many answers."""
    costs = []
    for _ in range(times):
        began_s = time.perf_counter()
        answer = ask()
        costs.append((time.perf_counter() - began_s) * 1_000)
        assert not isinstance(answer, httpx.Response) or answer.is_success, answer
    return statistics.median(costs)


def wait_until_packed(server: ServerProcess, run_id: str, points: int) -> None:
    """Until the background has made chunks of all points."""
    until = time.monotonic() + PACKED_S
    path = f"file:{server.home / 'store.db'}?mode=ro"
    while time.monotonic() < until:
        with sqlite3.connect(path, uri=True) as database:
            [(waiting,)] = database.execute("SELECT COUNT(*) FROM run_tail")
            [(packed,)] = database.execute("SELECT COALESCE(SUM(count), 0) FROM metric_chunk")
        if not waiting and packed >= points:
            return
        time.sleep(0.2)
    raise AssertionError(f"the points of {run_id} are not packed")


def used_of(home: Path) -> int:
    """Bytes of the database's pages that hold something; the free ones are what comes next's."""
    with closing(sqlite3.connect(home / "store.db")) as database:
        pages, free, size = (
            database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * size)


def size_of(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
