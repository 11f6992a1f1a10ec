"""A load of OTLP requests over several connections, and what the processes that take it use."""

import gzip
import http.client
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

__all__ = [
    "SPANS_A_BATCH",
    "Load",
    "Template",
    "Watch",
    "cpu_seconds",
    "family_of",
    "new_template",
    "rss_mb",
    "send",
    "watching",
]

SPANS_A_BATCH = 512
SPANS_A_TRACE = 10
_MESSAGE_BYTES = 1000  # Two of them a span.
_MARK_BYTES = 8
_SAMPLE_S = 0.25


@dataclass(frozen=True)
class Template:
    """An export request whose traces can be made new ones."""

    body: bytes
    mark: bytes
    """How each of its trace ids begins."""
    reply_mark: bytes
    """How each of its reply ids begins."""
    trace_ids: tuple[str, ...] = ()
    """Of `body`, in hex."""

    def fresh(self, *, is_gzip: bool = False) -> bytes:
        """The same spans under trace and reply ids that nobody has seen."""
        body = self.body.replace(self.mark, os.urandom(_MARK_BYTES))
        body = body.replace(self.reply_mark, os.urandom(_MARK_BYTES).hex().encode())
        return gzip.compress(body, 1) if is_gzip else body


@dataclass
class Load:
    """What became of the requests that were sent."""

    waits_s: list[float] = field(default_factory=list)
    """From the moment at which a request was due to its answer."""
    ended_s: list[float] = field(default_factory=list)
    """When each of these answers came, by the monotonic clock."""
    failed: int = 0
    took_s: float = 0.0

    @property
    def rate(self) -> float:
        """Spans a second that were answered with 200."""
        return len(self.waits_s) * SPANS_A_BATCH / self.took_s

    def wait_ms(self, share: float) -> float:
        """The wait that so many stay below."""
        waits = sorted(self.waits_s)
        return waits[min(len(waits) - 1, int(len(waits) * share))] * 1000


def send(
    url: str,
    next_body: Callable[[int], bytes | None],
    *,
    connections: int,
    batches_a_second: float | None = None,
    is_gzip: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Load:
    """Send what `next_body` gives by number, until it gives None.

    Args:
        url: Of the server.
        next_body: A request by its number; called from every connection.
        connections: Each sends one request after the other.
        batches_a_second: When requests are due, whatever the server does; None: at once.
        is_gzip: Whether the bodies are.
        headers: What the receiver wants to be told besides.
    """
    load = Load()
    lock = threading.Lock()
    numbers = iter(range(1 << 40))
    sent = {"content-type": "application/x-protobuf", **(headers or {})}
    if is_gzip:
        sent["content-encoding"] = "gzip"
    began = time.perf_counter()

    def run() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=300)
        while True:
            with lock:
                number = next(numbers)
            body = next_body(number)
            if body is None:
                break
            due = time.perf_counter()
            if batches_a_second is not None:
                due = began + number / batches_a_second
                time.sleep(max(0.0, due - time.perf_counter()))
            connection.request("POST", "/v1/traces", body, sent)
            answer = connection.getresponse()
            answer.read()
            with lock:
                if answer.status == http.HTTPStatus.OK:
                    load.waits_s.append(time.perf_counter() - due)
                    load.ended_s.append(time.monotonic())
                else:
                    load.failed += 1
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.took_s = time.perf_counter() - began
    return load


@dataclass
class Watch:
    """What processes used, and how far the background was behind, while something went on."""

    cpu_s: float = 0.0
    max_rss_mb: float = 0.0
    """Of all processes together."""
    max_behind: dict[str, float] = field(default_factory=dict)
    """By the name of the gauge."""
    last_behind: dict[str, float] = field(default_factory=dict)


@contextmanager
def watching(pid: int, behind: Callable[[], dict[str, float]] | None = None) -> Iterator[Watch]:
    """Watch a process and its children.

    Args:
        pid: The parent's.
        behind: Gives what is behind, by name.
    """
    watch = Watch()
    is_over = threading.Event()

    def sample() -> None:
        while not is_over.wait(_SAMPLE_S):
            watch.max_rss_mb = max(watch.max_rss_mb, rss_mb(pid))
            if behind is not None:
                watch.last_behind = behind()
                for name, value in watch.last_behind.items():
                    watch.max_behind[name] = max(watch.max_behind.get(name, 0.0), value)

    sampler = threading.Thread(target=sample)
    before = cpu_seconds(pid)
    sampler.start()
    try:
        yield watch
    finally:
        watch.cpu_s = cpu_seconds(pid) - before
        is_over.set()
        sampler.join()
        watch.max_rss_mb = max(watch.max_rss_mb, rss_mb(pid))


def cpu_seconds(pid: int) -> float:
    """CPU that a process and its children have used, theirs and the kernel's for them."""
    total = 0
    for each in family_of(pid):
        fields = _read(f"/proc/{each}/stat").rpartition(")")[2].split()
        if fields:
            total += sum(map(int, fields[11:15] if each == pid else fields[11:13]))
    return total / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Memory of a process and its children now."""
    pages = (_read(f"/proc/{each}/statm").split() for each in family_of(pid))
    return sum(int(found[1]) for found in pages if found) * os.sysconf("SC_PAGE_SIZE") / 2**20


def family_of(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(str(task)).split():
            found += family_of(int(child))
    return found


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # It has just ended.
        return ""


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


def new_template(seed: str, *, is_agent: bool = False, text_share: float = 1.0) -> Template:
    """Traces of ten spans, model calls and what is around them.

    Args:
        seed: The same gives the same.
        is_agent: Messages repeat themselves as an agent's do; else they are random words, which
            hardly compress.
        text_share: Of the spans, how many have messages.
    """
    dice = random.Random(seed)
    mark = dice.randbytes(_MARK_BYTES)
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    _add(resource_spans.resource, "service.name", "benchmark")
    _add(resource_spans.resource, "telemetry.sdk.language", "python")
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "benchmark"
    now_ns = time.time_ns()
    trace_id = parent_id = b""
    trace_ids: list[str] = []
    for index in range(SPANS_A_BATCH):
        is_root = index % SPANS_A_TRACE == 0
        if is_root:
            trace_id = mark + dice.randbytes(16 - _MARK_BYTES)
            trace_ids.append(trace_id.hex())
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
        _fill(span, dice, reply_mark=mark.hex(), is_call=bool(index % 2))
        if text_share >= 1 or dice.random() < text_share:
            _add_messages(span, dice, is_agent=is_agent)
    body = bytes(request.SerializeToString())
    return Template(body, mark, mark.hex().encode(), tuple(trace_ids))


def _fill(span: Any, dice: random.Random, *, reply_mark: str, is_call: bool) -> None:
    """Ten attributes."""
    _add(span, "gen_ai.operation.name", "chat" if is_call else "execute_tool")
    _add(span, "gen_ai.provider.name", "openai")
    _add(span, "gen_ai.request.model", "gpt-4o-mini")
    _add(span, "gen_ai.request.temperature", 0.7)
    _add(span, "gen_ai.response.model", "gpt-4o-mini-2024-07-18")
    _add(span, "gen_ai.usage.input_tokens", dice.randrange(50, 5000))
    _add(span, "gen_ai.usage.output_tokens", dice.randrange(5, 500))
    _add(span, "gen_ai.response.id", f"chatcmpl-{reply_mark}{dice.randbytes(4).hex()}")
    _add(span, "session.id", f"session-{dice.randrange(1000)}")
    _add(span, "tier", dice.choice(["free", "pro", "team"]))


def _add_messages(span: Any, dice: random.Random, *, is_agent: bool) -> None:
    """Two more attributes, about 1,000 characters each."""
    for key, role in (("gen_ai.input.messages", "user"), ("gen_ai.output.messages", "assistant")):
        if is_agent:
            _add(span, key, json.dumps(_agent_messages(dice, role)))
            continue
        text = " ".join(dice.choices(WORDS, k=_MESSAGE_BYTES // 7))
        message = {"role": role, "parts": [{"type": "text", "content": text}]}
        _add(span, key, json.dumps([message]))


def _agent_text(dice: random.Random, size: int) -> str:
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


def _agent_messages(dice: random.Random, role: str) -> list[dict[str, Any]]:
    """What goes in begins with the prompt and what a tool said; about 1,000 characters each."""
    if role == "assistant":
        return [{"role": role, "parts": [{"type": "text", "content": _agent_text(dice, 900)}]}]
    found = {"order": f"NW-{dice.randrange(10**7)}", "state": "in_transit", "items": 3}
    return [
        {"role": "system", "parts": [{"type": "text", "content": SYSTEM}]},
        {"role": "user", "parts": [{"type": "text", "content": _agent_text(dice, 350)}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": found}]},
    ]


def _add(holder: Any, key: str, value: str | float) -> None:
    item = holder.attributes.add()
    item.key = key
    if isinstance(value, str):
        item.value.string_value = value
    elif isinstance(value, int):
        item.value.int_value = value
    else:
        item.value.double_value = value
