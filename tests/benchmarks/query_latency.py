"""How long the questions of a screen take at the API, over a store of many spans.

    python tests/benchmarks/query_latency.py [--spans 1000000] [--home DIR] [--repeat 30]

Fills a store through its own writer (skipped where DIR holds one already; by default a folder of
the machine's own for temporary files, kept for the next run), starts the real server on it and asks
over HTTP, one question at a time.  Prints median, the worst 1 % and the size of the answer, beside
the target at 1,000,000 spans and what the peers took over 10,000.  Machines are noisy: compare
within one run.
"""

import argparse
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future  # noqa: TC003  # A script, not a library.
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
from support.servers import start_server

from weave_core.server.otlp.records import RawOrigin, RawSpan
from weave_core.server.store.stores import Store
from weave_core.settings import Settings

PROJECT = "bench"
SPANS_A_TRACE = 10
BATCH = 2_000
QUEUED = 8
BIG_TRACES = (5_000, 50_000)
SECOND_NS = 1_000_000_000
START_NS = 1_760_000_000 * SECOND_NS
MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-pro")
WORDS = ("refund", "order", "policy", "weather", "shipping", "invoice", "address", "payment")


LISTS = "Phoenix 125, MLflow 478"
FOUND = "Phoenix 200, MLflow 3,586"
TREES = "Phoenix 765 for one page of 1,000, MLflow 10,869"


@dataclass(frozen=True)
class Question:
    """One request, and how long it may take."""

    name: str
    path: str
    query: dict[str, Any]
    target_ms: str
    """Median / worst 1 %."""
    peers: str = ""
    """Measured over 10,000 spans, in ms."""


def questions(cursor: str) -> list[Question]:
    """What screens ask."""
    hour = START_NS + 3_600 * SECOND_NS
    rare = "attributes['request.id'] = 'r-77'"
    model = "model = 'gpt-4o' and status = 'error' and latency_ms > 900"
    return [
        Question("latest 50 traces", "traces", {}, "10 / 30"),
        Question("a page far down", "traces", {"cursor": cursor}, "10 / 30"),
        Question("latest 50 spans", "spans", {}, "10 / 30"),
        Question("spans: model, status, latency", "spans", {"filter": model}, "50 / 150", LISTS),
        Question("traces: model, status, latency", "traces", {"filter": model}, "50 / 150"),
        Question("spans: rare attribute", "spans", {"filter": rare}, "300 / 800"),
        Question("traces: rare attribute", "traces", {"filter": rare}, "300 / 800"),
        Question(
            "text: a common word", "spans", {"filter": "text_search('refund')"}, "50 / 300", FOUND
        ),
        Question(
            "text: no such word", "spans", {"filter": "text_search('ornithopter')"}, "50 / 300"
        ),
        Question("text: traces", "traces", {"filter": "text_search('refund')"}, "50 / 300"),
        Question(
            "text: ranked",
            "spans",
            {"filter": "text_search('refund')", "order_by": "-rank"},
            "50 / 300",
        ),
        Question("traces by cost", "traces", {"order_by": "-cost_usd"}, "-"),
        Question("trace of 10", f"traces/{trace_id(0)}", {}, "8 / 25"),
        Question("trace of 5,000", f"traces/{trace_id(1, big=True)}", {}, "80 / 250", TREES),
        Question(
            "the same, skeleton",
            f"traces/{trace_id(1, big=True)}",
            {"payload": "false"},
            "80 / 250",
        ),
        Question(
            "trace of 50,000, skeleton",
            f"traces/{trace_id(2, big=True)}",
            {"payload": "false"},
            "1000",
        ),
        Question("hourly by model", "stats", {"group_by": "model", "bucket": "1h"}, "100 / 300"),
        Question("the same, one hour", "stats", {"group_by": "model", "to_ns": hour}, "-"),
        Question("facets", "facets", {}, "-"),
        Question("sessions", "sessions", {}, "-"),
        Question("projects", "", {}, "-"),
    ]


def main() -> None:
    """Fill, serve, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--repeat", type=int, default=30)
    options = parser.parse_args()
    cached = Path(tempfile.gettempdir()) / f"weave-core-latency-{options.spans}"
    home = options.home or cached
    if not (home / "store.db").exists():
        fill(home, options.spans)
    with start_server(home) as server, httpx.Client(base_url=server.url, timeout=120) as http:
        wait_for_sums(http)
        wait_for_texts(home)
        cursor = http.get(
            f"/api/projects/{PROJECT}/traces", params={"order_by": "-started_ns", "limit": 500}
        ).json()["next_cursor"]
        print(f"{'question':32} {'p50 ms':>9} {'p99 ms':>9} {'KB':>9}  target at 1 M  peers")
        for question in questions(cursor):
            ask(http, question, options.repeat)


def ask(http: httpx.Client, question: Question, repeat: int) -> None:
    """Ask once to warm up, then `repeat` times, and print."""
    path = f"/api/projects/{PROJECT}/{question.path}" if question.path else "/api/projects"
    times: list[float] = []
    size = 0
    for _ in range(repeat + 1):
        began = time.perf_counter()
        answer = http.get(path, params=question.query)
        times.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.text
        size = len(answer.content)
        if sum(times) > 20_000:
            break
    measured = sorted(times[1:])
    worst = measured[min(len(measured) - 1, int(len(measured) * 0.99))]
    print(
        f"{question.name:32} {statistics.median(measured):9.1f} {worst:9.1f} {size / 1024:9.1f}"
        f"  {question.target_ms:13}  {question.peers}".rstrip(),
        flush=True,
    )


def wait_for_sums(http: httpx.Client) -> None:
    """Return once the roll-up has caught up."""
    last = -1
    while True:
        listed = http.get("/api/projects").json()["items"]
        count = sum(project["span_count"] for project in listed)
        if count == last:
            return
        last = count
        time.sleep(2)


def wait_for_texts(home: Path) -> None:
    """Return once the full-text index has every span."""
    behind = (
        "SELECT (SELECT MAX(id) FROM span)"
        " - (SELECT MAX(position) FROM background_cursor WHERE name = 'texts')"
    )
    began = time.perf_counter()
    with sqlite3.connect(f"file:{home / 'store.db'}?mode=ro", uri=True) as database:
        while database.execute(behind).fetchone()[0] != 0:
            time.sleep(1)
    database.close()
    size = (home / "store.db").stat().st_size
    print(
        f"full text after {time.perf_counter() - began:.0f} s, {size / 2**20:.0f} MiB", flush=True
    )


def fill(home: Path, count: int) -> None:
    """Store `count` spans in traces of ten, and the big traces."""
    began = time.perf_counter()
    store = Store.open(Settings(home=home))
    waiting: list[Future[Any]] = []
    total = 0
    for batch in batches(count):
        waiting.append(store.add_spans(PROJECT, batch))
        total += len(batch)
        if len(waiting) > QUEUED:
            waiting.pop(0).result()
    for future in waiting:
        future.result()
    store.close()
    seconds = time.perf_counter() - began
    size = (home / "store.db").stat().st_size / total
    print(f"filled {total} spans in {seconds:.0f} s, {size:.0f} bytes a span", flush=True)


def batches(count: int) -> Iterator[list[RawSpan]]:
    """Spans in the order they would come."""
    numbers = random.Random(7)
    origin = RawOrigin(resource={"service.name": "bench"}, scope_name="bench")
    batch: list[RawSpan] = []
    for index, size in enumerate(BIG_TRACES, 1):
        batch += trace_spans(bytes.fromhex(trace_id(index, big=True)), size, 0, numbers, origin)
    for trace in range(count // SPANS_A_TRACE):
        raw_id = bytes.fromhex(trace_id(trace))
        batch += trace_spans(raw_id, SPANS_A_TRACE, trace, numbers, origin)
        while len(batch) >= BATCH:
            yield batch[:BATCH]
            batch = batch[BATCH:]
    if batch:
        yield batch


def trace_spans(
    raw_id: bytes, size: int, number: int, numbers: random.Random, origin: RawOrigin
) -> list[RawSpan]:
    """A root with `size - 1` children, four in ten of them model calls with messages."""
    start_ns = START_NS + number * SECOND_NS
    spans = []
    for index in range(size):
        duration_ns = int(numbers.lognormvariate(5.5, 1) * 1_000_000)
        is_call = index % 5 in {1, 3}
        spans.append(
            RawSpan(
                trace_id=raw_id,
                span_id=(number * 100_000 + index + 1).to_bytes(8, "big"),
                parent_id=(number * 100_000 + 1).to_bytes(8, "big") if index else None,
                name="chat" if is_call else ("agent" if index == 0 else f"step {index % 7}"),
                otel_kind=1,
                start_ns=start_ns + index * 1_000_000,
                end_ns=start_ns + index * 1_000_000 + duration_ns,
                status_code=2 if numbers.random() < 0.02 else 0,
                status_message="",
                attributes=attributes(number, numbers, is_call=is_call),
                events=[],
                links=[],
                origin=origin,
            )
        )
    return spans


def attributes(number: int, numbers: random.Random, *, is_call: bool) -> dict[str, Any]:
    """About a dozen, and 2 KB of messages for a model call."""
    found: dict[str, Any] = {
        "session.id": f"session-{number % 1000}",
        "user.id": f"user-{number % 300}",
        "tier": numbers.choice(("free", "pro", "team")),
        "request.id": f"r-{number}",
        "retry": number % 3,
    }
    if is_call:
        said = " ".join(numbers.choices(WORDS, k=130))
        found |= {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": numbers.choice(MODELS),
            "gen_ai.usage.input_tokens": numbers.randrange(2_000),
            "gen_ai.usage.output_tokens": numbers.randrange(500),
            "gen_ai.input.messages": message("user", said),
            "gen_ai.output.messages": message("assistant", said[::-1]),
        }
    return found


def message(role: str, text: str) -> str:
    """One message, as instrumentations send it."""
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def trace_id(number: int, *, big: bool = False) -> str:
    """The id of the trace with that number."""
    return f"{'b' if big else 'a'}{number:031x}"


if __name__ == "__main__":
    main()
