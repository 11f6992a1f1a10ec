"""What reading one span costs: `python tests/benchmarks/normalise_cost.py`.

`skeleton` runs for every span that arrives, `content` for each one that is opened.  Prints the best
of several rounds, in microseconds of processor time a span: first all that happens to a span before
the database sees it (12 attributes, 2 KB of messages), then both for a typical model call, a plain
span, and each recording.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import orjson

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.meanings import RECORDINGS, recorded, sent_span
from support.otlp_load import SPANS_A_BATCH, new_template

from weave_core.server.normalise import content, skeleton
from weave_core.server.otlp.records import RawSpan
from weave_core.server.otlp.traces import decode_traces
from weave_core.server.store.payloads import payload_json
from weave_core.server.store.rows import span_values

T = TypeVar("T")
ROUNDS = 7
SPANS_A_ROUND = 2_000


def typical_span() -> RawSpan:
    """A chat call as the conventions have it: 12 attributes, 2 KB of messages."""
    text = "The quick brown fox jumps over the lazy dog. " * 10
    question = [
        {"role": role, "parts": [{"type": "text", "content": text}]}
        for role in ("system", "user", "assistant", "user")
    ]
    answer = [{"role": "assistant", "parts": [{"type": "text", "content": text}]}]
    return sent_span(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
            "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.request.temperature": 0.2,
            "gen_ai.usage.input_tokens": 400,
            "gen_ai.usage.output_tokens": 90,
            "gen_ai.response.finish_reasons": ["stop"],
            "server.address": "api.openai.com",
            "gen_ai.input.messages": orjson.dumps(question).decode(),
            "gen_ai.output.messages": orjson.dumps(answer).decode(),
        },
        name="chat gpt-4o-mini",
        resource={"service.name": "shop"},
    )


def print_way_in() -> None:
    """What the parts of the acknowledging path cost that need no database."""
    bodies = [new_template(f"{number}").body for number in range(4)]
    spans = [s for body in bodies for each in decode_traces(body).spans.values() for s in each]
    decode = microseconds(decode_traces, bodies) / SPANS_A_BATCH
    read = microseconds(skeleton, spans)
    row, payload = microseconds(span_values, spans) - read, microseconds(payload_json, spans)
    print(f"decode and normalise {decode + read:.1f} us a span (target 30): decode {decode:.1f},")
    print(f"  skeleton {read:.1f}; then prices and row {row:.1f}, payload to JSON {payload:.1f}")


def microseconds(read: Callable[[T], Any], spans: list[T]) -> float:
    """The best round's time for one span."""
    repeats = max(1, SPANS_A_ROUND // len(spans)) if isinstance(spans[0], RawSpan) else 1
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.thread_time()
        for _ in range(repeats):
            for span in spans:
                read(span)
        best = min(best, (time.thread_time() - begun) / repeats / len(spans))
    return best * 1e6


def main() -> None:
    """Print the table."""
    print_way_in()
    names = sorted(path.name.removesuffix(".pb.gz") for path in RECORDINGS.glob("*.pb.gz"))
    groups = {"typical": [typical_span()], "plain": [sent_span({"http.route": "/pay"})]}
    groups |= {name: recorded(name) for name in names if not name.endswith(".logs")}
    print(f"{'':26}{'attributes':>11}{'skeleton µs':>13}{'content µs':>12}")
    for name, spans in groups.items():
        attributes = sum(len(span.attributes) for span in spans) / len(spans)
        costs = microseconds(skeleton, spans), microseconds(content, spans)
        print(f"{name:26}{attributes:>11.1f}{costs[0]:>13.1f}{costs[1]:>12.1f}")


if __name__ == "__main__":
    main()
