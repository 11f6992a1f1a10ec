"""How many spans a second the server stores durably, beside a bare receiver in the same run.

    python tests/benchmarks/ingest_rate.py [--batches 60] [--rounds 2] [--gzip] [--agent]
        [--seconds 60] [--alone] [--slow 60] [--peer phoenix] [--peer mlflow]

Figures of a round: the rate over eight connections that send as fast as they are answered
(`--seconds`: for so long, instead of a number of batches), and the same with gzip; how long an
answer takes at half of that rate, sent on the clock, beside the bare receiver's at the same rate
and what the disk takes for such a write; what the server uses, its decode process included; how far
the background (sums, full text) was behind, and how long it took to catch up; and what the server
uses when nothing is left to do.

`--slow MS` prints for each answer at half load that took longer what the server did meanwhile.

What a span takes on disk is printed for spans that all have 2 KB of messages, and for a mix where
four in ten have; both with everything on, after the background has packed what it packs.

With `--agent` messages repeat themselves as an agent's do.  `--alone` runs without the decode
process.  `--peer` sends the same to a peer, installed into a virtual environment of its own.

The floor is what any Python server pays: the same uvicorn, the protobuf parser, one loop over the
attributes, `json.dumps`, one row into one table with one index, and one commit a request.  It
normalises nothing, has no skeleton, no prices, no sums and no second index.  Machines differ and
are noisy, so what counts is the ratio.
"""

import argparse
import asyncio
import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.otlp_load import (
    SPANS_A_BATCH,
    Load,
    Template,
    Watch,
    cpu_seconds,
    new_template,
    send,
    watching,
)
from support.peers import PEERS, start_peer
from support.servers import start_server
from support.traced_server import PROGRAM, Step, during, read_steps

CONNECTIONS = 8
TEMPLATES = 30
IDLE_S = 10.0
HALF_LOAD_S = 15
MIXED_SHARE = 0.4
COMMIT_BYTES = 1024 * 1024
DISK_WRITES, DISK_PLACES = 100, 16
CATCH_UP_S = 600
SETTLED_S = 4.0
"""Longer than the background ever rests between two steps."""
PEER_GIVES_UP_S = 60
"""After which a peer that makes no more spans durable is taken to have lost the others."""
READY = "floor ready on "
TARGETS = (
    "targets: 12,000 spans/s (stretch 20,000; gzip 80 % of it), p99 at half load 100 ms,"
    " RSS 400 MB, idle 1 %, 700 bytes a span on disk"
)
MEASURED_PEERS = (
    "peers, measured apart (10,000 spans): Phoenix 20.26 72 durable spans/s, 13,200 us CPU a span,"
    " 611 MB; MLflow 3.17 374 spans/s, 1,500 us, 2,487 MB, 5,945 bytes a span"
)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, help="send for so long")
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--agent", action="store_true", help="repetitive text, as agents send")
    parser.add_argument("--alone", action="store_true", help="without the decode process")
    parser.add_argument("--slow", type=float, help="tell of answers slower than so many ms")
    parser.add_argument(
        "--peer", choices=sorted(PEERS), action="append", default=[], help="the same to a peer"
    )
    parser.add_argument("--floor", help="serve as the floor, storing into this file")
    options = parser.parse_args()
    if options.floor:
        asyncio.run(serve_floor(options.floor))
        return
    templates = [new_template(f"{i}", is_agent=options.agent) for i in range(TEMPLATES)]
    print(TARGETS)
    print(MEASURED_PEERS, flush=True)
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder, start_floor(Path(folder)) as (url, pid):
            floor = full_load("bare receiver", url, pid, templates, options)
        with tempfile.TemporaryDirectory() as folder:
            ours, load = run_round(Path(folder), templates, options)
        with tempfile.TemporaryDirectory() as folder, start_floor(Path(folder)) as (url, _):
            bare = half_load(url, templates, ours, is_gzip=options.gzip)
        print_waits("bare receiver, the same load", bare)
        print(
            f"ratio to the bare receiver {ours / floor:.2f}, of the waits at half load"
            f" {load.wait_ms(0.5) / bare.wait_ms(0.5):.1f} (p50)"
            f" {load.wait_ms(0.99) / bare.wait_ms(0.99):.1f} (p99)",
            flush=True,
        )
    with tempfile.TemporaryDirectory() as folder:
        print_mixed_size(Path(folder), options)
    for name in options.peer:
        with tempfile.TemporaryDirectory() as folder, start_peer(name, Path(folder)) as peer:
            run_peer(peer, templates)


def run_round(
    folder: Path, templates: list[Template], options: argparse.Namespace
) -> tuple[float, Load]:
    """All figures of our server; the full rate, and what became of half of it."""
    env = {"WEAVE_CORE_DECODE_PROCESS": "0"} if options.alone else {}
    steps = folder / "steps.json"
    program = ("-m", "weave_core") if options.slow is None else (PROGRAM, str(steps))
    with (
        start_server(folder, env=env, program=program) as server,
        httpx.Client(base_url=server.url) as http,
    ):
        pid = server.process.pid
        rate = full_load("weave-core", server.url, pid, templates, options, behind=gauges(http))
        began = time.monotonic()
        wait_for_background(http)
        print(f"  background caught up {time.monotonic() - began:.1f} s after the last answer")
        if not options.gzip:
            zipped = full_load("  with gzip", server.url, pid, templates, options, is_gzip=True)
            wait_for_background(http)
            # The first load met a server that had just started.
            plain = full_load("  without", server.url, pid, templates, options)
            print(f"  with gzip {zipped / plain:.0%} of the plain rate")
            wait_for_background(http)
        load = half_load(server.url, templates, rate, is_gzip=options.gzip)
        print_waits("at half load", load)
        print_disk(folder, load.rate / SPANS_A_BATCH)
        began = time.monotonic()
        stored = wait_for_packing(http, folder)
        print(f"  all is packed {time.monotonic() - began:.1f} s after the last answer")
        before = cpu_seconds(pid)
        time.sleep(IDLE_S)
        print(f"  idle CPU {(cpu_seconds(pid) - before) / IDLE_S * 100:.2f} %")
        server.stop()
    if options.slow is not None:
        print_slow(load, read_steps(steps), options.slow)
    print_size(folder, stored, "messages of 2 KB on every span")
    return rate, load


def print_mixed_size(folder: Path, options: argparse.Namespace) -> None:
    """What a span takes on disk where not every one has messages, as in the design's figures."""
    templates = [
        new_template(f"mixed {i}", is_agent=options.agent, text_share=MIXED_SHARE)
        for i in range(TEMPLATES)
    ]
    made = [templates[number % len(templates)].fresh() for number in range(options.batches)]
    with start_server(folder) as server, httpx.Client(base_url=server.url) as http:
        send(
            server.url,
            lambda number: made[number] if number < len(made) else None,
            connections=CONNECTIONS,
        )
        stored = wait_for_packing(http, folder)
        server.stop()
    print_size(folder, stored, f"messages on {MIXED_SHARE:.0%} of the spans")


def print_size(folder: Path, stored: int, what: str) -> None:
    """Bytes a span, and what takes them."""
    size_bytes = sum(path.stat().st_size for path in folder.glob("store.db*"))
    print(
        f"  on disk, {what}: {size_bytes / stored:,.0f} bytes a span:"
        f" {sizes(folder / 'store.db', stored)}",
        flush=True,
    )


def full_load(
    name: str,
    url: str,
    pid: int,
    templates: list[Template],
    options: argparse.Namespace,
    *,
    behind: Callable[[], dict[str, float]] | None = None,
    is_gzip: bool = False,
) -> float:
    """Send as fast as the server answers; print, and give spans a second."""
    is_gzip = is_gzip or options.gzip
    warm_up = new_template("warm up").fresh(is_gzip=is_gzip)
    send(url, lambda n: None if n else warm_up, connections=1, is_gzip=is_gzip)
    bodies: Callable[[int], bytes | None]
    if options.seconds:
        until = time.perf_counter() + options.seconds

        def bodies(number: int) -> bytes | None:
            if time.perf_counter() > until:
                return None
            return templates[number % len(templates)].fresh(is_gzip=is_gzip)
    else:
        made = [
            templates[number % len(templates)].fresh(is_gzip=is_gzip)
            for number in range(options.batches)
        ]

        def bodies(number: int) -> bytes | None:
            return made[number] if number < len(made) else None

    with watching(pid, behind) as watch:
        load = send(url, bodies, connections=CONNECTIONS, is_gzip=is_gzip)
    if load.failed:
        raise SystemExit(f"{load.failed} requests failed")
    report(name, load, watch)
    return load.rate


def half_load(url: str, templates: list[Template], rate: float, *, is_gzip: bool) -> Load:
    """Send half as many a second as the server can take, on the clock."""
    batches_a_second = rate / 2 / SPANS_A_BATCH
    made = [
        templates[number % len(templates)].fresh(is_gzip=is_gzip)
        for number in range(max(100, round(batches_a_second * HALF_LOAD_S)))
    ]
    return send(
        url,
        lambda number: made[number] if number < len(made) else None,
        connections=CONNECTIONS,
        batches_a_second=batches_a_second,
        is_gzip=is_gzip,
    )


def print_waits(what: str, load: Load) -> None:
    """How long answers took."""
    told = "   ".join(
        f"{name} {load.wait_ms(share):.0f} ms"
        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("worst", 1))
    )
    print(f"  {what} ({load.rate:,.0f} spans/s) {told}", flush=True)


def print_disk(folder: Path, a_second: float) -> None:
    """What a write and a flush of about a commit's size take of the disk alone, as often."""
    took_ms: list[float] = []
    file = os.open(folder / "disk", os.O_RDWR | os.O_CREAT)
    page = os.urandom(COMMIT_BYTES)
    began = time.monotonic()
    for number in range(DISK_WRITES):
        time.sleep(max(0.0, began + number / a_second - time.monotonic()))
        before = time.monotonic()
        os.pwrite(file, page, number % DISK_PLACES * COMMIT_BYTES)
        os.fdatasync(file)
        took_ms.append((time.monotonic() - before) * 1000)
    os.close(file)
    (folder / "disk").unlink()
    took_ms.sort()
    print(
        f"  the disk takes {took_ms[DISK_WRITES // 2]:.0f} ms (p50), {took_ms[-2]:.0f} ms (p99) for"
        f" {COMMIT_BYTES // 1024} KiB",
        flush=True,
    )


def print_slow(load: Load, steps: list[Step], slow_ms: float) -> None:
    """What the server was at while slow answers were waited for."""
    for ended_s, wait_s in sorted(zip(load.ended_s, load.waits_s, strict=True)):
        if wait_s * 1000 < slow_ms:
            continue
        began_s = ended_s - wait_s
        print(f"  slow: {wait_s * 1000:.0f} ms")
        for step in during(steps, began_s, ended_s):
            at_ms = (step.began_s - began_s) * 1000
            print(f"    {at_ms:6.0f} + {step.took_ms:4.0f} ms  {step.thread}: {step.name}")


def run_peer(peer: Any, templates: list[Template]) -> None:
    """Send 10,000 spans to a peer; print what it took in, and what it made durable."""
    made = [templates[number % len(templates)].fresh() for number in range(20)]
    with watching(peer.pid) as watch:
        load = send(
            peer.url,
            lambda number: made[number] if number < len(made) else None,
            connections=CONNECTIONS,
            headers=peer.headers,
        )
        began = changed = time.monotonic()
        sent = len(load.waits_s) * SPANS_A_BATCH
        durable = peer.count()
        while durable < sent and time.monotonic() - changed < PEER_GIVES_UP_S:
            time.sleep(0.5)
            if (count := peer.count()) != durable:
                durable, changed = count, time.monotonic()
    took_s = load.took_s + changed - began
    report(peer.name, load, watch)
    if load.failed:
        print(f"  {load.failed} requests were refused")
    print(f"  durable {durable / took_s:,.0f} spans/s ({durable} of {sent} after {took_s:.0f} s)")


def report(name: str, load: Load, watch: Watch) -> None:
    """Print one contender's line, and how far its background was behind."""
    count = len(load.waits_s) * SPANS_A_BATCH
    print(
        f"{name:14} {load.rate:8,.0f} spans/s   p50 {load.wait_ms(0.5):5.0f} ms"
        f"   p99 {load.wait_ms(0.99):5.0f} ms   CPU {watch.cpu_s / count * 1e6:5.0f} us a span"
        f"   RSS {watch.max_rss_mb:4.0f} MB   {count:,} spans",
        flush=True,
    )
    for gauge, most in watch.max_behind.items():
        print(f"  {gauge} {most:,.0f} at most, {watch.last_behind[gauge]:,.0f} at the end")


def gauges(http: httpx.Client) -> Callable[[], dict[str, float]]:
    """What the server's own gauges say of its background."""

    def read() -> dict[str, float]:
        lines = http.get("/metrics", timeout=60).text.splitlines()
        found = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(found[f"weave_core_{name}"]) for name in GAUGES}

    return read


GAUGES = ("traces_behind", "text_index_spans_behind")


def wait_for_background(http: httpx.Client) -> int:
    """Return once sums and full text are current; how many spans there are."""
    behind = gauges(http)
    until = time.monotonic() + CATCH_UP_S
    while any(behind().values()):
        if time.monotonic() > until:
            raise SystemExit("the background did not catch up")
        time.sleep(0.2)
    listed = http.get("/api/projects").json()["items"]
    return sum(int(project["span_count"]) for project in listed)


def wait_for_packing(http: httpx.Client, folder: Path) -> int:
    """Return once nothing was written for a while; how many spans there are.

    Packing, merging and giving pages back come last, and no gauge tells of them.
    """
    stored = wait_for_background(http)
    until = time.monotonic() + CATCH_UP_S
    with closing(sqlite3.connect(folder / "store.db")) as database:
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < SETTLED_S:
            if time.monotonic() > until:
                raise SystemExit("the background never ends")
            # Changes with whatever another connection commits.
            (version,) = database.execute("PRAGMA data_version").fetchone()
            if version != seen:
                seen, since = version, time.monotonic()
            time.sleep(0.2)
    return stored


def sizes(path: Path, count: int) -> str:
    """What takes how many bytes a span."""
    database = sqlite3.connect(path)
    query = "SELECT name, SUM(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 12"
    try:
        found = database.execute(query).fetchall()
    except sqlite3.OperationalError:
        return "this SQLite can't tell what is how large"
    finally:
        database.close()
    return "  ".join(f"{name} {size / count:,.0f}" for name, size in found)


@contextmanager
def start_floor(folder: Path) -> Iterator[tuple[str, int]]:
    """The floor as a process of its own."""
    command = [sys.executable, __file__, "--floor", str(folder / "floor.db")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().removeprefix(READY).strip(), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        process.stdout.close()


async def serve_floor(path: str) -> None:
    """A receiver that does what none can leave out."""
    import socket

    import uvicorn

    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(
        "CREATE TABLE span (trace_id BLOB, span_id BLOB, parent_id BLOB, name TEXT,"
        " start_ns INT, end_ns INT, attributes TEXT, UNIQUE (trace_id, span_id))"
    )

    async def receive_traces(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if dict(scope["headers"]).get(b"content-encoding") == b"gzip":
            body = gzip.decompress(body)
        rows = [
            (
                span.trace_id,
                span.span_id,
                span.parent_span_id,
                span.name,
                span.start_time_unix_nano,
                span.end_time_unix_nano,
                json.dumps(
                    {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}
                ),
            )
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope_spans in resource.scope_spans
            for span in scope_spans.spans
        ]
        database.execute("BEGIN")
        database.executemany("INSERT OR IGNORE INTO span VALUES (?,?,?,?,?,?,?)", rows)
        database.execute("COMMIT")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"{READY}http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(receive_traces, log_config=None, access_log=False, lifespan="off")
    await uvicorn.Server(config).serve(sockets=[listener])
    database.close()


if __name__ == "__main__":
    main()
