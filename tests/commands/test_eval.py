"""`weave-core eval` as a CI job runs it: its exit code, and the files that it writes."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from support.commands import run_command
from support.servers import ServerProcess

from weave_core import Client

PROGRAM = """
import os
import weave_core

ROWS = [{"question": f"what is {n}?", "expected": str(n)} for n in range(80)]
WRONG = int(os.environ.get("WRONG", "0"))


def answer(question: str) -> str:
    number = question.removeprefix("what is ").removesuffix("?")
    if number == "79" and WRONG:
        raise LookupError("no <such> number")
    return "?" if int(number) < WRONG else number


def exact(output: str, expected: str) -> bool:
    return output == expected


numbers = weave_core.Evaluation(
    name="numbers", dataset=weave_core.Dataset(ROWS, name="rows"), task=answer, scorers=[exact]
)


def made():
    return numbers.changed(name="made")
"""


@pytest.fixture
def env(server: ServerProcess, project: str, tmp_path: Path) -> dict[str, str]:
    """Settings of a job; its program lies in the test's folder."""
    (tmp_path / "job.py").write_text(PROGRAM, encoding="utf-8")
    return {
        "WEAVE_CORE_ENDPOINT": server.url,
        "WEAVE_CORE_PROJECT": project,
        "WEAVE_CORE_HOME": str(tmp_path / "home"),
    }


def test_the_exit_code_is_the_verdict(env: dict[str, str], tmp_path: Path, client: Client) -> None:
    """0 holds, 1 fails, 2 can't be told; the words say why."""
    first = run_command("eval", "run", "job.py::numbers", "--tag", "main", env=env, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "100.0%" in first.stdout

    gate = ("--baseline", "main", "--gate", "exact.delta > -0.05")
    codes = {}
    for wrong in (0, 1, 30):
        job = run_command(
            "eval", "run", "job.py", *gate, env={**env, "WRONG": str(wrong)}, cwd=tmp_path
        )
        codes[wrong] = job.returncode, job.stdout
    assert {wrong: code for wrong, (code, _) in codes.items()} == {0: 0, 1: 2, 30: 1}
    assert "gate: inconclusive" in codes[1][1]
    assert "shared items would show such a difference" in codes[1][1]
    listed = client.list_evaluations(env["WEAVE_CORE_PROJECT"]).items
    assert [item.gate and item.gate.verdict for item in listed] == [
        "fail",
        "inconclusive",
        "pass",
        None,
    ]


def test_reports_are_written_for_ci(env: dict[str, str], tmp_path: Path) -> None:
    """JUnit XML, Markdown and JSON; the JSON is a baseline where there is no server."""
    offline = {**env, "WEAVE_CORE_ENDPOINT": "offline"}
    words = ("eval", "run", "job.py::numbers", "--report", "old.json")
    run_command(*words, env=offline, cwd=tmp_path)
    done = run_command(
        *("eval", "run", "job.py::numbers", "--baseline", "old.json", "--junit", "junit.xml"),
        *("--gate", "exact >= 0.99 or exact.delta >= 0", "--markdown", "pr.md", "--json"),
        env={**offline, "WRONG": "3"},
        cwd=tmp_path,
    )

    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["comparison"]["scorers"]["exact"]["worsened"] == 3
    assert len(report["items"]) == 80
    [suite] = ET.parse(tmp_path / "junit.xml").getroot()  # noqa: S314  # Our own.
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("82", "5", "1")
    error = suite.find("testcase/error")
    assert error is not None
    assert error.get("message") == "no <such> number"
    markdown = (tmp_path / "pr.md").read_text()
    assert "## numbers ❌ fail" in markdown
    assert "| exact | 96.2% |" in markdown
    assert "item 79: LookupError: no &lt;such> number" in markdown


def test_what_was_run_is_listed_and_compared(env: dict[str, str], tmp_path: Path) -> None:
    """In a terminal and as JSON."""
    for wrong in ("0", "20"):
        run_command("eval", "run", "job.py", env={**env, "WRONG": wrong}, cwd=tmp_path)
    listed = json.loads(run_command("eval", "list", "--json", env=env).stdout)["items"]
    ids = [item["evaluation_id"] for item in listed]

    table = run_command("eval", "list", env=env).stdout
    compared = run_command("eval", "compare", *ids, env=env)

    assert "exact 100.0%" in table
    assert "exact 74.7%" in table
    assert compared.returncode == 0, compared.stderr
    assert "79 shared items" in compared.stdout or "80 shared items" in compared.stdout
    assert "0 better, 20 worse" in compared.stdout


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nowhere.py::x", "there is no file 'nowhere.py'"),
        ("job.py::nothing", "names no Evaluation (there is numbers; write PATH::NAME)"),
        ("job.py --report none/x.json", "--report is 'none/x.json', and there is no folder 'none'"),
        ("job.py::exact", "'job.py::exact' is a function that takes output, expected (name an"),
    ],
)
def test_what_is_no_evaluation_is_told(
    env: dict[str, str], tmp_path: Path, target: str, said: str
) -> None:
    """One line, and what there is."""
    done = run_command("eval", "run", *target.split(), env=env, cwd=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr


JUDGES = """
import os


def polite(output: str) -> bool:
    \"\"\"As far as a length tells.\"\"\"
    return len(output) > int(os.environ.get("LIMIT", "10"))


def made():
    return polite


number = 7
"""


def test_a_judge_is_watched_by_a_command(env: dict[str, str], tmp_path: Path) -> None:
    """0 where it says the same, 1 where it has moved, 2 where few can't tell, each with the why."""
    (tmp_path / "judges.py").write_text(JUDGES, encoding="utf-8")
    labelled = [("Gladly, it is Paris.", True), ("Paris.", False)] * 40
    rows = [{"output": text, "people": said} for text, said in labelled]
    (tmp_path / "anchors.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "few.jsonl").write_text("\n".join(map(json.dumps, rows[:4])))
    watch = ("eval", "drift", "judges.py::polite", "--anchors", "anchors.jsonl")

    first = run_command(*watch, env=env, cwd=tmp_path)
    same = run_command(*watch, "--report", "then.json", env=env, cwd=tmp_path)
    moved = run_command(*watch, env={**env, "LIMIT": "30"}, cwd=tmp_path)
    few = run_command(
        *("eval", "drift", "judges.py::made", "--anchors", "few.jsonl", "--json"),
        *("--baseline", "then.json"), env=env, cwd=tmp_path,
    )  # fmt: skip

    assert [each.returncode for each in (first, same, moved, few)] == [0, 0, 1, 2], few.stderr
    assert "judge polite: first time that it judges these outputs" in first.stdout
    assert "judge polite: same, within the tolerance" in same.stdout
    assert "judge polite: moved, and chance does not explain it" in moved.stdout
    assert "the judge itself is the same version as then" in moved.stdout
    assert "40 of 80 verdicts changed" in moved.stdout
    assert "agreement     1.000 -> 0.500" in moved.stdout
    assert json.loads(few.stdout)["verdict"] == "can't tell"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("judges.py::number", "--anchors", "rows.jsonl"), "names no judge"),
        (("judges.py::polite", "--anchors", "none.jsonl"), "can't read none.jsonl"),
        (("judges.py::polite", "--anchors", "rows.jsonl"), "has a column 'output'"),
        (("judges.py::polite", "--anchors", "dataset/none"), "there is no project"),
    ],
)
def test_what_cannot_be_watched_is_told(
    env: dict[str, str], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """In one line, and never as if all were well."""
    (tmp_path / "judges.py").write_text(JUDGES, encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text('{"a": "b"}\n')
    done = run_command("eval", "drift", *words, env=env, cwd=tmp_path)
    assert said in done.stderr, done.stderr
    assert done.returncode == 1


def test_a_function_may_make_the_evaluation(env: dict[str, str], tmp_path: Path) -> None:
    """What takes long to build is built only when it is run."""
    done = run_command("eval", "run", "job.py::made", env=env, cwd=tmp_path)
    assert done.stdout.startswith("made: 80 items")
