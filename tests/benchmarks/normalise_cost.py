"""What reading one span costs: `python tests/benchmarks/normalise_cost.py`.

`skeleton` runs for every span that arrives, `content` for each one that is opened.  Prints the best
of several rounds, in microseconds of processor time a span: for a typical model call (12
attributes, 2 KB of messages), a plain span, and each recording.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.meanings import RECORDINGS, recorded, sent_span

from weave_core.server.normalise import content, skeleton
from weave_core.server.otlp.records import RawSpan

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


def microseconds(read: Callable[[RawSpan], Any], spans: list[RawSpan]) -> float:
    """The best round's time for one span."""
    repeats = max(1, SPANS_A_ROUND // len(spans))
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
