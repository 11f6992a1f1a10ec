"""The server, run so that it writes down what its threads did and when: a tool of benchmarks.

    python tests/support/traced_server.py STEPS.json server --home DIR ...

What is timed are the steps of the writer and of what works beside it, and the way of each request
through the queue.  Times are those of the monotonic clock, which all processes share.
"""

import atexit
import functools
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PROGRAM", "Step", "during", "read_steps"]

PROGRAM = str(Path(__file__).absolute())
_LEAST_S = 0.002
"""Shorter steps are not worth a line."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that took a while."""

    thread: str
    name: str
    began_s: float
    ended_s: float

    @property
    def took_ms(self) -> float:
        """How long it took."""
        return (self.ended_s - self.began_s) * 1000


def read_steps(path: Path) -> list[Step]:
    """What a traced server wrote at its end."""
    return [Step(*each) for each in json.loads(path.read_text())]


def during(steps: Sequence[Step], began_s: float, ended_s: float) -> Iterator[Step]:
    """Those that went on at some moment of a time, in their order."""
    for step in sorted(steps, key=lambda step: (step.began_s, -step.ended_s)):
        if step.began_s < ended_s and step.ended_s > began_s:
            yield step


def _main() -> None:
    from weave_core.__main__ import main

    path = Path(sys.argv[1])
    steps: list[tuple[str, str, float, float]] = []
    _watch(steps)
    atexit.register(lambda: path.write_text(json.dumps(steps)))
    sys.argv[:2] = ["weave-core"]
    main()


def _watch(steps: list[tuple[str, str, float, float]]) -> None:
    from weave_core.server.store import (
        background,
        checkpoints,
        queues,
        trainings,
        writer,
    )

    def note(name: str, began_s: float, ended_s: float) -> None:
        if ended_s - began_s > _LEAST_S:
            steps.append((threading.current_thread().name, name, began_s, ended_s))

    def timed(owner: Any, method: str, name: str) -> None:
        run: Callable[..., Any] = getattr(owner, method)

        @functools.wraps(run)
        def noting(*args: Any, **given: Any) -> Any:
            began_s = time.monotonic()
            try:
                return run(*args, **given)
            finally:
                note(name, began_s, time.monotonic())

        setattr(owner, method, noting)

    for name in (
        *("Dictionaries", "TextIndex", "Statistics", "TextMerges", "PayloadPacker", "FreePages"),
        *("SpanRejoins", "TraceRollups", "MinuteRollups", "RunPacker"),
    ):
        timed(getattr(background, name), "step", name)
    timed(writer.Writer, "_store", "store")
    timed(writer.Writer, "_write", "store: statements")
    timed(writer.Writer, "_step", "background")
    timed(writer.Writer, "_decode", "store: read")
    timed(writer.Writer, "_decode_own", "decode its own part")
    timed(checkpoints.Checkpoints, "_carry_over", "checkpoint")
    timed(trainings.Trainings, "_run", "training")
    _watch_requests(queues, note)


def _watch_requests(queues: Any, note: Callable[[str, float, float], None]) -> None:
    """The stretches of a request's way: waiting, away to be decoded, waiting again, stored."""
    put, give_back, pick = (getattr(queues.JobQueue, n) for n in ("put", "give_back", "_pick"))
    came: dict[int, float] = {}

    def noting_put(self: Any, produce: Any, size_bytes: int) -> Any:
        future = put(self, produce, size_bytes)
        came[id(future)] = time.monotonic()
        return future

    def noting_give_back(self: Any, job: Any, answer: bytes | None) -> None:
        now_s = time.monotonic()
        note("request: waits to be decoded", came[id(job.future)], job.lent_at or now_s)
        note("request: is decoded elsewhere", job.lent_at or now_s, now_s)
        came[id(job.future)] = now_s
        give_back(self, job, answer)

    def noting_pick(self: Any) -> Any:
        jobs = pick(self)
        now_s = time.monotonic()
        for job in jobs:
            note("request: waits to be stored", came.pop(id(job.future), now_s), now_s)
        return jobs

    queues.JobQueue.put = noting_put
    queues.JobQueue.give_back = noting_give_back
    queues.JobQueue._pick = noting_pick


if __name__ == "__main__":
    _main()
