"""What an evaluation costs beside its task: 1,000 examples of 20 ms at concurrency 50.

    python tests/benchmarks/eval_overhead.py

Against bare asyncio in the same process, rounds taking turns, medians told.  Every example is a
trace, all of them are in a server's database before the clock stops for the second figure.
TARGETS.md: at most 1.25 times the ideal 0.40 s, and 0.3 ms CPU an example.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.servers import start_server

import weave_core
from weave_core import Client, Dataset, Evaluation

EXAMPLES = 1_000
TASK_S = 0.02
CONCURRENCY = 50
ROUNDS = 7
IDEAL_S = EXAMPLES * TASK_S / CONCURRENCY
ROWS = [{"question": f"what is {n}?", "expected": f"it is {n}"} for n in range(EXAMPLES)]


async def answer(question: str) -> str:
    """A task that waits, as for a model."""
    await asyncio.sleep(TASK_S)
    return question.replace("what is", "it is").removesuffix("?")


def exact(output: str, expected: str) -> bool:
    """A scorer."""
    return output == expected


async def bare() -> int:
    """The floor: the same calls and comparisons, and nothing else."""
    places = asyncio.Semaphore(CONCURRENCY)

    async def one(row: dict[str, str]) -> bool:
        async with places:
            return exact(await answer(row["question"]), row["expected"])

    return sum(await asyncio.gather(*map(one, ROWS)))


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds and CPU seconds of this process."""
    began_s, cpu_s = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began_s, time.process_time() - cpu_s


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, start_server(Path(folder) / "home") as server:
        os.environ["WEAVE_CORE_HOME"] = str(Path(folder) / "client")
        weave_core.init("overhead", server.url)
        dataset = Dataset(ROWS, name="questions")
        runs: dict[str, list[tuple[float, float]]] = {"bare": [], "run": [], "stored": []}
        made: list[str] = []

        def evaluate() -> None:
            result = Evaluation(
                dataset=dataset, task=answer, scorers=[exact], concurrency=CONCURRENCY
            ).run(progress=False)
            assert result.is_stored
            assert result.evaluation.ended_ns is not None
            took_s = (result.evaluation.ended_ns - result.evaluation.started_ns) / 1e9
            runs["run"].append((took_s, 0.0))
            made.append(result.evaluation.evaluation_id)

        for number in range(ROUNDS + 1):
            floor, whole = measured(lambda: asyncio.run(bare())), measured(evaluate)
            if number:  # The first warms up.
                runs["bare"].append(floor)
                runs["stored"].append(whole)
            else:
                runs["run"].clear()
        with Client(server.url) as client:
            stored = sum(1 for _ in client.iter_evaluated("overhead", made[-1]))
            traces = client.list_spans("overhead", filter="kind = 'task'", limit=1).items
        assert stored == EXAMPLES, stored
        assert traces
        weave_core.shutdown()
    print(f"ideal {IDEAL_S:.2f} s; medians of {ROUNDS} rounds, {stored} examples stored a round")
    for name, meaning in (
        ("bare", "bare asyncio"),
        ("run", "evaluated, until the last example ended"),
        ("stored", "evaluated, summed up and stored"),
    ):
        took_s = statistics.median(each[0] for each in runs[name])
        cpu_ms = statistics.median(each[1] for each in runs[name]) * 1000 / EXAMPLES
        told = f"{cpu_ms:.3f} ms CPU an example" if cpu_ms else ""
        print(f"{meaning:<42}{took_s:6.2f} s {took_s / IDEAL_S:6.2f} x ideal  {told}")


if __name__ == "__main__":
    main()
