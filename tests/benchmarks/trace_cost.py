"""What one traced call costs the program, beside a bare OpenTelemetry span, in one run.

    python tests/benchmarks/trace_cost.py [--rounds 3] [--peer phoenix] [--peer logfire] ...

Each contender runs in a process of its own and in turns with the others, the order turned round in
every other round, so that a noisy machine is noisy for all.  Within a process each shape is called
in several bursts, and the median counts; the collector of garbage runs between bursts and stays on
in them, as in a program.  Printed are medians over the rounds, in microseconds: wall time in the
caller's thread, then processor time of that thread alone (`sync cpu`: what the call itself takes,
without waiting for the interpreter) and of the whole process per span, writer and sender included.
`--peer` adds another tracer, its newest version in a virtual environment of its own, which sends to
a server that takes everything at once; ours sends to ours.  Weave and Opik take minutes a round:
`--rounds 1` is enough to see the order.
"""

import argparse
import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.peer_tracers import PEER_TRACERS

CALLS = 2_000
CHUNKS = 1_000
BURSTS = 4
COLUMNS = ("sync", "async", "nested x3", "per chunk", "sync cpu", "cpu/span")
LIMITS = (30, 30, 90, 0.06, None, 60)
"""What we want to stay under."""
MEASURED_PEERS = {
    "floor, there": (26, 27, 92, 0.06, None, 27),
    "stock exporter, there": (50, 51, 163, 0.06, None, 56),
    "Phoenix 20.26": (163, 158, 378, 0.18, None, 155),
    "Langfuse 5.0": (249, 322, 720, 0.30, None, 251),
    "MLflow 3.18": (338, 240, 835, 14.5, None, 328),
    "Logfire 5.4": (388, 242, 662, 0.17, None, 207),
    "Weave 0.54": (839, 1126, 2765, 2.5, None, 1179),
    "Opik 2.2": (1443, 1266, 2653, 2.6, None, 2205),
}
"""Measured once on such a machine, versions of November 2026: to be read by their ratio to the
floor there."""
RIGHT_PARENTS = "floor, right parents"
"""As the floor, but the reader of a stream has its own context between two items.  The floor leaves
the stream's span current there, so that what the reader calls is taken for the stream's work."""
CONTENDERS = (
    "floor",
    RIGHT_PARENTS,
    "stock exporter",
    "weave-core offline",
    "weave-core",
    "weave-core disabled",
)


def _function(value: dict[str, Any]) -> dict[str, Any]:
    return {"answer": value["question"], "tokens": 3}


def _stream(count: int) -> Any:
    for _ in range(count):
        yield "token"


def _bare(contender: str, endpoint: str) -> tuple[Any, Callable[[], object]]:
    """Decorate as a careful user of OpenTelemetry would by hand."""
    from opentelemetry import context, trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    if contender == "stock exporter":
        provider.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"))
        )
    tracer = provider.get_tracer("floor")

    def decorate(func: Any, shape: str) -> Any:
        def sync(value: Any) -> Any:
            with tracer.start_as_current_span(func.__name__) as span:
                span.set_attribute("in", json.dumps({"value": value}))
                output = func(value)
                span.set_attribute("out", json.dumps(output))
                return output

        async def waiting(value: Any) -> Any:
            with tracer.start_as_current_span(func.__name__) as span:
                span.set_attribute("in", json.dumps({"value": value}))
                output = await func(value)
                span.set_attribute("out", json.dumps(output))
                return output

        def stream(value: Any) -> Any:
            with tracer.start_as_current_span(func.__name__) as span:
                span.set_attribute("in", json.dumps({"value": value}))
                items = []
                for item in func(value):
                    items.append(item)
                    yield item
                span.set_attribute("out", json.dumps(items))

        def stream_apart(value: Any) -> Any:
            with tracer.start_span(func.__name__) as span:
                inside = trace.set_span_in_context(span)
                body = func(value)
                items = []
                while True:
                    token = context.attach(inside)
                    try:
                        item = next(body)
                    except StopIteration:
                        break
                    finally:
                        context.detach(token)
                    items.append(item)
                    yield item
                span.set_attribute("out", json.dumps(items))

        streams = stream_apart if contender == RIGHT_PARENTS else stream
        return {"sync": sync, "async": waiting, "stream": streams}[shape]

    return decorate, provider.force_flush


def _ours(endpoint: str) -> tuple[Any, Callable[[], object]]:
    import weave_core

    weave_core.init("benchmark", endpoint)
    return (lambda func, _shape: weave_core.op(func)), lambda: weave_core.flush(60)


def measure(contender: str, endpoint: str) -> dict[str, float]:
    """One round of one contender, in this process."""
    if contender.startswith("weave-core"):
        target = "offline" if contender.endswith("offline") else endpoint
        decorate, flush = _ours(target)
    elif contender in PEER_TRACERS:
        decorate, flush = PEER_TRACERS[contender].start(endpoint)
    else:
        decorate, flush = _bare(contender, endpoint)

    async def waiting(value: dict[str, Any]) -> dict[str, Any]:
        return _function(value)

    call = decorate(_function, "sync")
    inner = decorate(_function, "sync")
    middle = decorate(lambda value: inner(value), "sync")  # noqa: PLW0108  # A level each.
    outer = decorate(lambda value: middle(value), "sync")  # noqa: PLW0108
    call_async = decorate(waiting, "async")
    stream = decorate(_stream, "stream")
    value = {"question": "where is my parcel?", "limit": 3}

    async def run_async(count: int) -> None:
        for _ in range(count):
            await call_async(value)

    def burst(run: Callable[[], object], per: int) -> tuple[float, float, float]:
        """Medians per call: wall, this thread's processor time, the process's with the sending."""
        rows = []
        for _ in range(BURSTS):
            gc.collect()
            process, thread, wall = time.process_time(), time.thread_time(), time.perf_counter()
            run()
            took = time.perf_counter() - wall, time.thread_time() - thread
            flush()
            rows.append((*took, time.process_time() - process))
        wall_s, thread_s, process_s = (
            statistics.median(column) for column in zip(*rows, strict=True)
        )
        return wall_s / per * 1e6, thread_s / per * 1e6, process_s / per * 1e6

    for _ in range(200):
        call(value)
        outer(value)
    list(stream(CHUNKS))
    flush()
    sync_us, thread_us, cpu_us = burst(lambda: [call(value) for _ in range(CALLS)], CALLS)
    return {
        "sync": sync_us,
        "async": burst(lambda: asyncio.run(run_async(CALLS)), CALLS)[0],
        "nested x3": burst(lambda: [outer(value) for _ in range(CALLS // 3)], CALLS // 3)[0],
        "per chunk": burst(lambda: [list(stream(CHUNKS)) for _ in range(20)], CHUNKS * 20)[0],
        "sync cpu": thread_us,
        "cpu/span": cpu_us,
    }


def _in_own_process(
    contender: str, endpoint: str, home: str, python: str = sys.executable
) -> dict[str, float]:
    env = {**os.environ, "WEAVE_CORE_HOME": home}
    env["WEAVE_CORE_DISABLED"] = "1" if contender.endswith("disabled") else ""
    if contender in PEER_TRACERS:
        env |= PEER_TRACERS[contender].variables(endpoint)
    done = subprocess.run(
        [python, __file__, "--one", contender, endpoint],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> None:
    """Measure all contenders in turns against a real server, and print the table."""
    from support.environments import Environment, newest
    from support.servers import start_server
    from support.sinks import start_sink

    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", choices=sorted(PEER_TRACERS), action="append", default=[])
    given = parser.parse_args()
    rounds: int = given.rounds
    peers: dict[str, Environment] = {}
    for name in given.peer:
        peers[name] = newest(f"peer-{name}-tracer", *PEER_TRACERS[name].packages)
    contenders = [*CONTENDERS, *peers]
    results: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(start_server(folder / "server"))
        sink = stack.enter_context(start_sink())
        for number in range(rounds):
            for name in contenders if number % 2 == 0 else contenders[::-1]:
                url, python = server.url, sys.executable
                if name in peers:
                    url, python = sink, peers[name].python
                results[name].append(_in_own_process(name, url, str(folder / "home"), python))
    medians = {
        name: {column: statistics.median(r[column] for r in rows) for column in COLUMNS}
        for name, rows in results.items()
    }
    floor = medians["floor"]
    print(f"microseconds, medians of {rounds} rounds; in brackets the ratio to the floor")
    print(f"{'':24}" + "".join(f"{column:>18}" for column in COLUMNS))
    for name, row in medians.items():
        told = name
        if name in peers:
            told = f"{name} {peers[name].version(PEER_TRACERS[name].packages[0])}"
        _print_row(told, [row[c] for c in COLUMNS], [floor[c] for c in COLUMNS])
    _print_row("limits", LIMITS, [floor[c] for c in COLUMNS])
    print("elsewhere")
    for name, figures in MEASURED_PEERS.items():
        _print_row(name, figures, MEASURED_PEERS["floor, there"])


def _print_row(name: str, row: Sequence[float | None], floor: Sequence[float | None]) -> None:
    cells = (
        f"{value:9.2f} ({value / base:5.2f})" if value is not None and base else ""
        for value, base in zip(row, floor, strict=True)
    )
    print(f"{name:24}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2], sys.argv[3])))
    else:
        main()
