"""`@pytest.mark.evaluate`, in a pytest of its own, alone and with pytest-xdist."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import clean_env
from support.servers import ServerProcess

from weave_core import Client

PROGRAM = """
import pytest

ROWS = [{"question": f"q{n}", "expected": f"Q{n}", "group": n // 10} for n in range(40)]


def exact(output: str, expected: str) -> bool:
    return output == expected


@pytest.mark.evaluate(ROWS, scorers=[exact], gate="exact >= 0.8", name="shouting", slices=["group"])
def test_shouting(row, evaluated):
    evaluated.output = row["question"].upper()
    evaluated.score("length", len(evaluated.output))
    assert row["question"] != "q7", "seven is hard"


@pytest.mark.evaluate(ROWS[:5], gate="exact >= 0.8", scorers=[exact], name="whispering")
def test_whispering(row, evaluated):
    evaluated.output = row["question"]


@pytest.mark.evaluate([{"n": 1}, {"n": 2}], epochs=2, name="plain")
async def test_plain(row, evaluated):
    if row["n"] == 2:
        raise LookupError("no two")
    assert row["n"] == 1
    evaluated.output = row["n"]


def test_ordinary():
    assert True
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_rows_become_tests_and_the_gate_decides(
    server: ServerProcess, client: Client, project: str, tmp_path: Path, workers: tuple[str, ...]
) -> None:
    """Each example is stored with its trace, in one evaluation however many workers there were."""
    (tmp_path / "test_it.py").write_text(PROGRAM, encoding="utf-8")
    env = clean_env(
        {
            "WEAVE_CORE_ENDPOINT": server.url,
            "WEAVE_CORE_PROJECT": project,
            "WEAVE_CORE_HOME": str(tmp_path / "home"),
        }
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "weave_core.evals.pytest_plugin"]
    command += ["-p", "no:cacheprovider", "-o", "asyncio_mode=auto", *workers, "test_it.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed, 47 passed, 1 xfailed" in done.stdout
    found = {item.name: item for item in client.list_evaluations(project).items}
    verdicts = {name: item.gate and item.gate.verdict for name, item in found.items()}
    assert verdicts == {"shouting": "pass", "whispering": "fail", "plain": None}
    assert "evaluation shouting" in done.stdout
    summary = found["shouting"].summary
    assert summary is not None
    assert (summary.items, summary.errors) == (40, 0)
    assert summary.scorers["passed"].estimate is not None
    assert summary.scorers["passed"].estimate.value == pytest.approx(39 / 40)
    assert summary.scorers["length"].estimate is not None
    plain = found["plain"].summary
    assert plain is not None
    assert (plain.examples, plain.error_types) == (4, {"LookupError": 2})
    items = list(client.iter_evaluated(project, found["shouting"].evaluation_id))
    assert [item.index for item in items] == list(range(40))
    assert items[7].scores["passed"].reason is not None
    assert "seven is hard" in items[7].scores["passed"].reason
    assert client.get_trace(project, items[7].trace_id or "").spans[0].inputs["question"] == "q7"


def test_a_wrong_mark_says_how_it_is_used(tmp_path: Path) -> None:
    """An option that there is not, and a test that takes no row."""
    for text, said in (
        ("@pytest.mark.evaluate([{'a': 1}], threshold=1)\ndef test_x(row): ...", "threshold"),
        ("@pytest.mark.evaluate([{'a': 1}])\ndef test_x(): ...", "it takes `row`"),
    ):
        (tmp_path / "test_it.py").write_text(f"import pytest\n\n{text}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "weave_core.evals.pytest_plugin"]
        done = subprocess.run(
            [*command, "test_it.py"],
            cwd=tmp_path,
            env=clean_env(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode != 0
        assert said in done.stdout + done.stderr
