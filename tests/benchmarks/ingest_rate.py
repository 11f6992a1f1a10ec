"""How many spans a second the server stores durably, beside a bare receiver in the same run.

    python tests/benchmarks/ingest_rate.py [--batches 60] [--rounds 2] [--gzip] [--agent]

With `--agent` messages repeat themselves as an agent's do: one system prompt, phrases from a
support desk, tool answers as JSON.  Without it they are random words, which hardly compress.
What lies on disk is measured after a clean stop, full-text index included.

The floor is what any Python server pays: the same uvicorn, the protobuf parser, one loop over the
attributes, `json.dumps`, one row into one table with one index, and one commit a request.  It
normalises nothing, has no skeleton, no prices, no sums and no second index.  Machines differ and
are noisy, so what counts is the ratio.
"""

import argparse
import asyncio
import gzip
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.servers import start_server

CONNECTIONS = 8
SPANS_A_BATCH = 512
SPANS_A_TRACE = 10
MESSAGE_BYTES = 1000  # Two of them a span.
READY = "floor ready on "


def main() -> None:
    """Run both and print one line each, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--agent", action="store_true", help="repetitive text, as agents send")
    parser.add_argument("--floor", help="serve as the floor, storing into this file")
    options = parser.parse_args()
    if options.floor:
        asyncio.run(serve_floor(options.floor))
        return
    for number in range(options.rounds):
        bodies = [
            request_body(random.Random(f"{number}-{i}"), is_agent=options.agent)
            for i in range(options.batches)
        ]
        if options.gzip:
            bodies = [gzip.compress(body, 1) for body in bodies]
        run_round(bodies, is_gzip=options.gzip)


def run_round(bodies: list[bytes], *, is_gzip: bool) -> None:
    """One round of each, the floor first."""
    with tempfile.TemporaryDirectory() as folder, start_floor(Path(folder)) as (url, pid):
        floor = measure(url, bodies, pid=pid, is_gzip=is_gzip)
    with tempfile.TemporaryDirectory() as folder, start_server(Path(folder)) as server:
        ours = measure(server.url, bodies, pid=server.process.pid, is_gzip=is_gzip)
        stored = len(bodies) * SPANS_A_BATCH
        wait_for_background(Path(folder), stored)
        server.stop()
        size_bytes = sum(path.stat().st_size for path in Path(folder).glob("store.db*"))
        report_sizes(Path(folder) / "store.db", stored)
    count = len(bodies) * SPANS_A_BATCH
    report("bare receiver", floor)
    report("weave-core", ours)
    print(
        f"ratio {ours['rate'] / floor['rate']:.2f}   weave-core on disk"
        f" {size_bytes / count:,.0f} bytes a span   body {len(bodies[0]) / SPANS_A_BATCH:,.0f}"
    )


def wait_for_background(folder: Path, count: int) -> None:
    """Return once the full-text index has all spans, the warm-up's too."""
    query = "SELECT MAX(position) FROM background_cursor WHERE name = 'texts'"
    until = time.monotonic() + 120
    with sqlite3.connect(folder / "store.db", timeout=30) as database:
        while (database.execute(query).fetchone()[0] or 0) < count:
            if time.monotonic() > until:
                raise SystemExit("the full-text index did not catch up")
            time.sleep(0.2)
    database.close()


def report_sizes(path: Path, count: int) -> None:
    """Print what takes how many bytes a span."""
    database = sqlite3.connect(path)
    query = "SELECT name, SUM(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 12"
    try:
        sizes = database.execute(query).fetchall()
    except sqlite3.OperationalError:
        return  # This SQLite can't tell.
    finally:
        database.close()
    print("  ".join(f"{name} {size / count:,.0f}" for name, size in sizes))


def report(name: str, result: dict[str, float]) -> None:
    """Print one contender's line."""
    print(
        f"{name:14} {result['rate']:8,.0f} spans/s   p50 {result['p50_ms']:5.0f} ms"
        f"   p99 {result['p99_ms']:5.0f} ms   CPU {result['cpu_us']:5.0f} us a span"
        f"   RSS {result['rss_mb']:4.0f} MB"
    )


def measure(url: str, bodies: list[bytes], *, pid: int, is_gzip: bool) -> dict[str, float]:
    """Send `bodies` over all connections at once."""
    warm_up = request_body(random.Random(os.urandom(8)))
    Sender(url, [gzip.compress(warm_up) if is_gzip else warm_up], is_gzip=is_gzip).run()
    cpu_before = cpu_seconds(pid)
    senders = [Sender(url, bodies[i::CONNECTIONS], is_gzip=is_gzip) for i in range(CONNECTIONS)]
    began = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    took_s = time.perf_counter() - began
    waits = sorted(wait for sender in senders for wait in sender.waits_s)
    if len(waits) != len(bodies):
        raise SystemExit(f"{len(bodies) - len(waits)} requests failed")
    count = len(bodies) * SPANS_A_BATCH
    return {
        "rate": count / took_s,
        "p50_ms": waits[len(waits) // 2] * 1000,
        "p99_ms": waits[int(len(waits) * 0.99)] * 1000,
        "cpu_us": (cpu_seconds(pid) - cpu_before) / count * 1e6,
        "rss_mb": rss_mb(pid),
    }


class Sender(threading.Thread):
    """One connection that sends its share, one request after the other."""

    def __init__(self, url: str, bodies: list[bytes], *, is_gzip: bool) -> None:
        super().__init__()
        self.url = url
        self.bodies = bodies
        self.waits_s: list[float] = []
        self.headers = {"content-type": "application/x-protobuf"}
        if is_gzip:
            self.headers["content-encoding"] = "gzip"

    def run(self) -> None:
        """Send; a request counts when it was answered 200."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=120)
        for body in self.bodies:
            began = time.perf_counter()
            connection.request("POST", "/v1/traces", body, self.headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == http.HTTPStatus.OK:
                self.waits_s.append(time.perf_counter() - began)
        connection.close()


WORDS = [
    "".join(random.Random(f"word {i}").choices("etaoinshrdlucmfwyp", k=2 + i % 9))
    for i in range(4000)
]


SYSTEM = (
    "You are the support agent of Northwind Traders. Answer in the customer's language, briefly"
    " and politely. Look up orders with `lookup_order` before you say anything about a delivery."
    " Refunds are possible within 30 days of delivery; later ones need a supervisor. Never promise"
    " a date that the carrier has not confirmed. If you are unsure, say so and open a ticket."
)
PHRASES = [
    "Hello, I ordered {n} pairs of {thing} last week and the parcel {a} still has not arrived.",
    "Could you please tell me where my order {a} is and when it will be delivered to {city}?",
    "I'd like to return the {thing}; they don't fit, and I want my money back for order {a}.",
    "Thank you for your patience! I have checked order {a}: it left our warehouse in {city}.",
    "The carrier reports the parcel {a} as in transit; it should reach you within {n} days.",
    "I am sorry for the trouble with the {thing}. I have opened ticket {a} for you.",
    "A refund of {n}.{n} EUR for order {a} was sent to your card and takes {n} working days.",
]
THINGS = ["running shoes", "winter jackets", "wool socks", "hiking boots", "rain trousers"]
CITIES = ["Leipzig", "Rotterdam", "Lyon", "Gdansk", "Turin", "Porto"]


def agent_text(dice: random.Random, size: int) -> str:
    """Support talk of about `size` characters."""
    said: list[str] = []
    while sum(map(len, said)) < size:
        said.append(
            dice.choice(PHRASES).format(
                n=dice.randrange(1, 60),
                a=f"NW-{dice.randrange(10**7)}",
                thing=dice.choice(THINGS),
                city=dice.choice(CITIES),
            )
        )
    return " ".join(said)


def agent_messages(dice: random.Random, role: str) -> list[dict[str, Any]]:
    """What goes in begins with the prompt and what a tool said; about 1,000 characters each."""
    if role == "assistant":
        return [{"role": role, "parts": [{"type": "text", "content": agent_text(dice, 900)}]}]
    found = {"order": f"NW-{dice.randrange(10**7)}", "state": "in_transit", "items": 3}
    return [
        {"role": "system", "parts": [{"type": "text", "content": SYSTEM}]},
        {"role": "user", "parts": [{"type": "text", "content": agent_text(dice, 350)}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": found}]},
    ]


def request_body(dice: random.Random, *, is_agent: bool = False) -> bytes:
    """One export request: traces of ten spans, model calls and what is around them."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    attribute(resource_spans.resource, "service.name", "benchmark")
    attribute(resource_spans.resource, "telemetry.sdk.language", "python")
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "benchmark"
    now_ns = time.time_ns()
    trace_id = parent_id = b""
    for index in range(SPANS_A_BATCH):
        is_root = index % SPANS_A_TRACE == 0
        if is_root:
            trace_id = dice.randbytes(16)
        span = scope_spans.spans.add()
        span.trace_id = trace_id
        span.span_id = dice.randbytes(8)
        if is_root:
            parent_id = span.span_id
        else:
            span.parent_span_id = parent_id
        span.name = "chat gpt-4o-mini" if index % 2 else "lookup order"
        span.start_time_unix_nano = now_ns + index * 1_000_000
        span.end_time_unix_nano = span.start_time_unix_nano + dice.randrange(10**6, 10**9)
        fill(span, dice, is_call=bool(index % 2), is_agent=is_agent)
    return bytes(request.SerializeToString())


def fill(span: Any, dice: random.Random, *, is_call: bool, is_agent: bool = False) -> None:
    """Twelve attributes, two of them messages."""
    attribute(span, "gen_ai.operation.name", "chat" if is_call else "execute_tool")
    attribute(span, "gen_ai.provider.name", "openai")
    attribute(span, "gen_ai.request.model", "gpt-4o-mini")
    attribute(span, "gen_ai.request.temperature", 0.7)
    attribute(span, "gen_ai.response.model", "gpt-4o-mini-2024-07-18")
    attribute(span, "gen_ai.usage.input_tokens", dice.randrange(50, 5000))
    attribute(span, "gen_ai.usage.output_tokens", dice.randrange(5, 500))
    attribute(span, "gen_ai.response.id", f"chatcmpl-{dice.randbytes(12).hex()}")
    attribute(span, "session.id", f"session-{dice.randrange(1000)}")
    attribute(span, "tier", dice.choice(["free", "pro", "team"]))
    for key, role in (("gen_ai.input.messages", "user"), ("gen_ai.output.messages", "assistant")):
        if is_agent:
            attribute(span, key, json.dumps(agent_messages(dice, role)))
            continue
        text = " ".join(dice.choices(WORDS, k=MESSAGE_BYTES // 7))
        message = {"role": role, "parts": [{"type": "text", "content": text}]}
        attribute(span, key, json.dumps([message]))


def attribute(holder: Any, key: str, value: str | float) -> None:
    """Add one attribute."""
    item = holder.attributes.add()
    item.key = key
    if isinstance(value, str):
        item.value.string_value = value
    elif isinstance(value, int):
        item.value.int_value = value
    else:
        item.value.double_value = value


def cpu_seconds(pid: int) -> float:
    """CPU that a process has used, its own and the kernel's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Memory of a process at its highest."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


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
