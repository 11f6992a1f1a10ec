"""Spans for monitors, and workers that score them, in this process and in others."""

import asyncio
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.commands import WEAVE_CORE, clean_env
from support.otlp import new_span, new_trace_id, send_spans
from weave_core import Client, semconv
from weave_core.evals.monitor_scorers import ScorerShelf
from weave_core.evals.monitor_workers import MonitorWorker
from weave_core.model import NewMonitor

__all__ = ["add_monitor", "scored_by", "send_answers", "work", "worker_process"]


def send_answers(
    url: str, project: str, outputs: Sequence[str], *, age_s: float = 1.0, kind: str = "agent"
) -> list[str]:
    """One trace of one span for each output; their trace ids."""
    spans = []
    for number, output in enumerate(outputs):
        spans.append(
            new_span(
                "answer",
                new_trace_id(),
                start_ns=time.time_ns() - int(age_s * 1e9) + number,
                duration_ms=1,
                attributes={
                    semconv.KIND: kind,
                    semconv.INPUTS: {"question": f"question {number}"},
                    semconv.OUTPUTS: output,
                },
            )
        )
    send_spans(url, project, spans)
    return [span.trace_id.hex() for span in spans]


def add_monitor(client: Client, project: str, name: str, *scorers: str, **more: Any) -> Any:
    """A monitor that waits for nothing."""
    specs = [{"scorer": each} if isinstance(each, str) else each for each in scorers]
    given = {"name": name, "scorers": specs, "settle_s": 0, **more}
    return client.add_monitor(project, NewMonitor.model_validate(given))


def work(client: Client, project: str, *, modules: Sequence[str] | None = None) -> MonitorWorker:
    """A worker in this process, after it has done all there was to do in `project`."""
    shelf = ScorerShelf(modules=modules, model=lambda name: name)
    worker = MonitorWorker(client, shelf, projects=[project])

    async def run() -> None:
        await worker.run(asyncio.Event(), until_idle=True)

    asyncio.run(run())
    return worker


def scored_by(client: Client, project: str, name: str) -> list[tuple[str, str, float | None]]:
    """Trace, score and value of all that a monitor said, sorted."""
    page = client.list_monitor_scores(project, name, limit=500)
    return sorted((each.trace_id, each.name, each.value) for each in page.items)


@contextmanager
def worker_process(
    url: str, folder: Path, *options: str, env: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A real `weave-core worker`; killed in the end where it still runs."""
    given = {"WEAVE_CORE_HOME": str(folder / "home"), **(env or {})}
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [*WEAVE_CORE, "worker", "--server", url, *options],
            env=clean_env(given),
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=10)
