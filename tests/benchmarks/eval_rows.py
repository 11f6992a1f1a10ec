"""What many rows cost: resume of 10,000, and 100,000 published, loaded and evaluated.

    python tests/benchmarks/eval_rows.py [ROWS]

TARGETS.md: a finished evaluation of 10,000 rows is resumed within 2 s.  The second part runs in a
program of its own, whose peak of memory is told beside the size of the rows.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.commands import clean_env
from support.servers import start_server

import weave_core
from weave_core import Dataset, Evaluation

RESUMED = 10_000
ROUNDS = 3
TEXT = "a document of some length " * 40


async def answer(question: str) -> str:
    """A task that takes no time."""
    return question.replace("what is", "it is").removesuffix("?")


def exact(output: str, expected: str) -> bool:
    """A scorer."""
    return output == expected


def rows(count: int, text: str = "") -> Iterator[dict[str, Any]]:
    """Rows as they come."""
    for number in range(count):
        row = {"question": f"what is {number}?", "expected": f"it is {number}"}
        yield {**row, "text": f"{number} {text}"} if text else row


def resumed(url: str) -> None:
    """A finished evaluation, run again with what it gave."""
    weave_core.init("resumed", url)
    dataset = Dataset(rows(RESUMED), name="ten thousand")

    def run(*, cache: bool) -> tuple[float, str]:
        began_s = time.perf_counter()
        result = Evaluation(
            dataset=dataset, task=answer, scorers=[exact], cache=cache, name="resumed"
        ).run(progress=False)
        assert result.is_stored
        assert len(result.examples) == RESUMED
        return time.perf_counter() - began_s, result.evaluation.evaluation_id

    first_s, _ = run(cache=False)
    again = [run(cache=True)[0] for _ in range(ROUNDS)]
    weave_core.shutdown()
    print(
        f"{RESUMED:,} rows: run {first_s:.2f} s, run again with what is known"
        f" {statistics.median(again):.2f} s (median of {ROUNDS})"
    )


def many(url: str, count: int) -> None:
    """Publish, load and evaluate many rows, within this process."""
    weave_core.init("many", url)
    started_mib = _peak_mib()
    took: dict[str, float] = {}

    def timed(name: str, began_s: float) -> None:
        took[name] = time.perf_counter() - began_s
        print(f"  {name:<10}{took[name]:7.1f} s   peak {_peak_mib() - started_mib:6.0f} MiB")

    began_s = time.perf_counter()
    dataset = Dataset(rows(count, TEXT), name="many")
    timed("read", began_s)
    began_s = time.perf_counter()
    weave_core.publish(dataset)
    timed("published", began_s)
    del dataset
    began_s = time.perf_counter()
    loaded = weave_core.get("dataset/many")
    timed("loaded", began_s)
    began_s = time.perf_counter()
    result = Evaluation(dataset=loaded, task=answer, scorers=[exact], name="many").run(
        progress=False
    )
    timed("evaluated", began_s)
    found = result.summary.scorers["exact"].estimate
    assert found is not None
    assert (found.n, found.value) == (count, 1.0)
    weave_core.shutdown()


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    if len(sys.argv) > 2:  # This file runs itself for the second part.
        many(sys.argv[1], int(sys.argv[2]))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder, start_server(Path(folder) / "home") as server:
        env = clean_env({"WEAVE_CORE_HOME": str(Path(folder) / "client")})
        size_mib = count * len(TEXT) / 1024**2
        print(f"{count:,} rows of {size_mib:.0f} MiB in all; memory above that of the imports")
        subprocess.run([sys.executable, __file__, server.url, str(count)], env=env, check=True)
        resumed(server.url)


if __name__ == "__main__":
    main()
