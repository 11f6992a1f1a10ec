"""`Evaluation`: what is run, what is stored, and what a failure costs."""

import asyncio
import math
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import clean_env, run_command
from support.servers import ServerProcess

import weave_core
from weave_core import Client, Dataset, Evaluation, Score
from weave_core.errors import BadRequest, ConfigError
from weave_core.evals import Budget, EvaluationResult

ROWS = [{"question": f"what is {n}?", "expected": str(n), "kind": "ab"[n % 2]} for n in range(20)]


def answer(question: str) -> str:
    """A task that knows every number but those that end in 7."""
    number = question.removeprefix("what is ").removesuffix("?")
    return "no idea" if number.endswith("7") else number


def exact(output: str, expected: str) -> bool:
    """A scorer."""
    return output == expected


def evaluate(task: Any = answer, scorers: Any = (exact,), **more: Any) -> EvaluationResult:
    """An evaluation of `ROWS`, quietly."""
    given = {"dataset": Dataset(ROWS, name="numbers"), "task": task, "scorers": [*scorers], **more}
    return Evaluation(**given).run(progress=False)


def estimate(result: EvaluationResult, scorer: str = "exact") -> float:
    """The value of a scorer."""
    found = result.summary.scorers[scorer].estimate
    assert found is not None
    return found.value


def test_what_is_run_is_stored_with_every_example_a_trace(client: Client, traced: str) -> None:
    """The numbers, their intervals, the items with their scores, and the task's own spans."""

    @weave_core.op
    async def traced_answer(question: str) -> str:
        await asyncio.sleep(0)
        return answer(question)

    result = evaluate(traced_answer, name="numbers-v1", slices=["kind"], tags=["first"])

    assert result.is_stored
    assert estimate(result) == pytest.approx(0.9)
    found = client.get_evaluation(traced, result.evaluation.evaluation_id)
    assert found.summary == result.summary
    assert (found.name, found.state, found.tags) == ("numbers-v1", "done", ["first"])
    assert found.dataset.version == Dataset(ROWS).digest
    assert found.summary is not None
    interval = found.summary.scorers["exact"].estimate
    assert interval is not None
    assert (interval.method, interval.n) == ("wilson", 20)
    items = list(client.iter_evaluated(traced, found.evaluation_id))
    assert [item.index for item in items] == list(range(20))
    assert items[7].scores["exact"].value == 0.0
    assert items[1].slices == {"kind": "b"}
    trace = client.get_trace(traced, items[7].trace_id or "")
    root, child = trace.spans
    assert (root.kind, root.inputs["question"], root.outputs) == ("task", "what is 7?", "no idea")
    assert (child.op and child.op.name, child.outputs) == ("traced_answer", "no idea")
    assert [(score.name, score.value) for score in root.scores] == [("exact", 0.0)]


def test_a_scorer_may_answer_in_many_ways(traced: str) -> None:
    """Truth, number, label, several at once, with a reason, of numpy, or nothing at all."""
    del traced

    def several(output: str) -> dict[str, Any]:
        return {"length": len(output), "digits": output.isdigit(), "skipped": None}

    class Judge:
        name = "judge"

        async def score(self, output: str, row: dict[str, Any]) -> Score:
            await asyncio.sleep(0)
            return Score(output == row["expected"], label="seen", reason="compared")

    def word(output: str) -> str:
        return "long" if len(output) > 1 else "short"

    def numpy_bool(output: str) -> Any:
        return np.bool_(bool(output))

    def silent() -> None:
        return None

    result = evaluate(scorers=[several, Judge(), word, numpy_bool, silent])

    scorers = result.summary.scorers
    assert set(scorers) == {"several.length", "several.digits", "judge", "word", "numpy_bool"}
    assert scorers["word"].labels == {"short": 9, "long": 11}
    assert scorers["word"].estimate is None
    assert scorers["several.digits"].is_rate
    assert not scorers["several.length"].is_rate
    assert result.examples[3].item.scores["judge"].reason == "compared"
    assert scorers["judge"].labels == {"seen": 20}


def test_a_failure_is_a_state_of_its_own(client: Client, traced: str) -> None:
    """A task that raises, one that hangs, a scorer that raises, NaN, a wrong type: no zeros."""

    def task(question: str) -> str:
        if question == "what is 3?":
            raise KeyError("order")
        if question == "what is 4?":
            time.sleep(60)
        return answer(question)

    def picky(output: str) -> Any:
        if output == "8":
            raise ZeroDivisionError
        return {"5": math.nan, "6": [1]}.get(output, True)

    began_s = time.monotonic()
    result = evaluate(task, [exact, picky], timeout_s=0.5)

    assert time.monotonic() - began_s < 30, "the call that hangs was waited for"
    summary = result.summary
    assert (summary.examples, summary.errors) == (20, 2)
    assert summary.error_types == {"KeyError": 1, "TimeoutError": 1}
    assert [each.item.outcome for each in result.examples[3:6]] == ["error", "timeout", "ok"]
    assert estimate(result) == pytest.approx(16 / 18)
    assert summary.scorers["picky"].errors == 3
    errors = [result.examples[n].item.scores["picky"].error for n in (5, 6, 8)]
    assert [error and error.type for error in errors] == [
        "BadScore",
        "BadScore",
        "ZeroDivisionError",
    ]
    assert "failed: the task on row 3: KeyError: 'order'" in str(result)
    assert "failed: picky on rows 5, 6: BadScore: the scorer gave nan" in str(result)
    stored = client.list_evaluated(traced, result.evaluation.evaluation_id, outcome="timeout").items
    assert [item.error and item.error.message for item in stored] == ["no answer within 0.5 s"]


def test_a_busy_provider_gets_fewer_calls_and_every_answer_comes(traced: str) -> None:
    """429 with `Retry-After` halves what is under way, and costs no item."""
    del traced
    under_way = most = refused = 0

    class RateLimitError(Exception):
        status_code = 429

    async def task(question: str) -> str:
        nonlocal under_way, most, refused
        under_way += 1
        most = max(most, under_way)
        try:
            await asyncio.sleep(0.01)
            if under_way > 4:
                refused += 1
                raise RateLimitError("slow down")
            return answer(question)
        finally:
            under_way -= 1

    result = evaluate(task, concurrency=16)

    assert result.summary.errors == 0
    assert estimate(result) == pytest.approx(0.9)
    assert most == 16
    assert refused > 0


def test_what_fails_on_the_way_is_tried_again_and_what_is_wrong_is_not(traced: str) -> None:
    """A connection that breaks twice is no failure; a ValueError is one at once."""
    del traced
    calls: dict[str, int] = {}

    async def task(question: str) -> str:
        calls[question] = calls.get(question, 0) + 1
        if question == "what is 1?" and calls[question] < 3:
            raise ConnectionResetError("gone")
        if question == "what is 2?":
            raise ValueError("never")
        return answer(question)

    result = evaluate(task)

    assert calls["what is 1?"] == 3
    assert calls["what is 2?"] == 1
    assert result.summary.error_types == {"ValueError": 1}


def test_epochs_show_what_is_not_steady(traced: str) -> None:
    """An item counts once, by its mean; the interval is over items, the flaky ones are named."""
    del traced
    seen: dict[str, int] = {}
    lock = threading.Lock()

    def moody(question: str) -> str:
        with lock:
            seen[question] = seen.get(question, 0) + 1
            return "?" if question == "what is 5?" and seen[question] % 2 else answer(question)

    result = evaluate(moody, epochs=4)

    assert (result.summary.items, result.summary.examples) == (20, 80)
    assert estimate(result) == pytest.approx((17 + 0.5) / 20)
    assert [(each.index, each.mean, each.epochs) for each in result.summary.flaky] == [(5, 0.5, 4)]
    found = result.summary.scorers["exact"].estimate
    assert found is not None
    assert (found.n, found.method) == (20, "t")


def test_a_budget_ends_it_early_and_the_next_run_goes_on(traced: str) -> None:
    """What is over the budget is not begun; run again, only the rest is."""
    del traced
    calls = 0

    async def slow(question: str) -> str:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.05)
        return answer(question)

    first = evaluate(slow, concurrency=2, budget=Budget(time_s=0.15))
    begun = calls
    second = evaluate(slow, concurrency=2)

    assert first.stopped_by == "its time of 0.15 s"
    assert first.evaluation.state == "stopped"
    assert 0 < begun < 20
    assert calls == 20
    assert second.evaluation.evaluation_id == first.evaluation.evaluation_id
    assert (second.evaluation.state, second.summary.examples) == ("done", 20)


def test_outputs_are_used_again_where_that_is_wanted(traced: str) -> None:
    """With `cache=True` a new scorer costs no call of the task; without it all is run anew."""
    del traced
    calls = 0

    def counted(question: str) -> str:
        nonlocal calls
        calls += 1
        return answer(question)

    def is_number(output: str) -> bool:
        return output.isdigit()

    evaluate(counted)
    again = evaluate(counted, [exact, is_number], cache=True)

    assert calls == 20
    assert estimate(again, "is_number") == pytest.approx(0.9)
    assert estimate(again) == pytest.approx(0.9)
    assert all(each.item.is_cached for each in again.examples)
    assert again.is_stored
    evaluate(counted)
    assert calls == 40


def test_what_is_clear_early_costs_no_more(traced: str) -> None:
    """A gate that is decided ends the run; one that is near its bound goes to the end."""
    del traced
    rows = [{"question": f"what is {n}?", "expected": str(n)} for n in range(600)]

    def run(gate: str, task: Any = answer) -> EvaluationResult:
        return Evaluation(
            dataset=rows,
            task=task,
            scorers=[exact],
            gate=gate,
            stop_when_decided=True,
            concurrency=8,
        ).run(progress=False)

    clear, wrong, near = run("exact >= 0.6"), run("exact >= 0.99"), run("exact >= 0.895")

    assert (clear.verdict, wrong.verdict, near.verdict) == ("pass", "fail", "inconclusive")
    assert clear.evaluation.state == "done"
    assert len(clear.examples) < 150
    assert len(wrong.examples) < 300
    assert len(near.examples) == 600
    with pytest.raises(ConfigError, match="can't be decided early"):
        run("exact >= 0.5 and latency.p95 < 9")

    def letters(output: str) -> int:
        return len(output)

    with pytest.raises(ConfigError, match="only scores from 0 to 1"):
        Evaluation(
            dataset=rows,
            task=answer,
            scorers=[letters],
            gate="letters > 0.5",
            stop_when_decided=True,
        ).run(progress=False)


PROMPT = "be brief"


def test_a_changed_constant_is_another_version_of_the_task(
    traced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prompt beside the function decides what it answers, so a cache must not miss it."""
    del traced

    def prompted(question: str) -> str:
        return f"{PROMPT} {question}"

    first = evaluate(prompted, cache=True)
    monkeypatch.setitem(prompted.__globals__, "PROMPT", "be kind")
    second = evaluate(prompted, cache=True)

    assert first.evaluation.task.version != second.evaluation.task.version
    assert second.examples[0].output == "be kind what is 0?"


def test_a_baseline_and_a_gate_give_a_verdict(client: Client, traced: str) -> None:
    """Better is passed, worse is failed, and what can't be told is said so, with what it takes."""

    def perfect(question: str) -> str:
        return question.removeprefix("what is ").removesuffix("?")

    def broken(question: str) -> str:
        return "?" if len(question) == 11 else perfect(question)

    first = evaluate(perfect, name="gated", tags=["golden"])
    same = evaluate(perfect, name="gated", baseline="golden", gate="exact.delta > -0.25")
    worse = evaluate(broken, name="gated", baseline="golden", gate="exact.delta > -0.05")
    unsure = evaluate(answer, name="gated", baseline=first, gate="exact.delta > -0.05")

    assert same.verdict == "pass"
    assert worse.verdict == "fail"
    assert unsure.verdict == "inconclusive"
    assert unsure.evaluation.gate is not None
    assert "shared items would show" in unsure.evaluation.gate.clauses[0].note
    near = evaluate(answer, name="near", gate="exact >= 0.8")
    assert near.evaluation.gate is not None
    # 18 of 20: Wilson's interval reaches down to 69.9 %, twice as far as 80 % is: four times 20.
    assert "about 81 items would tell" in near.evaluation.gate.clauses[0].note
    assert worse.comparison is not None
    assert worse.comparison.baseline == first.evaluation.evaluation_id
    stored = client.compare_evaluations(
        traced, worse.evaluation.evaluation_id, first.evaluation.evaluation_id
    )
    assert stored.scorers == worse.comparison.scorers
    assert {each.item for each in stored.flipped} == {
        each.item for each in worse.comparison.flipped
    }


def test_a_baseline_without_shared_items_is_told(traced: str) -> None:
    """Nothing can be compared, so nothing is passed."""
    del traced
    other = Evaluation(
        dataset=[{"question": "what is 99?", "expected": "99"}], task=answer, scorers=[exact]
    ).run(progress=False)
    result = evaluate(baseline=other, gate="exact.delta > -0.1")
    assert result.verdict == "inconclusive"
    assert "no item in common" in str(result)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gate": "precision >= 0.9"}, "there are exact, errors"),
        ({"gate": "exact >"}, "can't be read"),
        ({"gate": "exact == 1"}, "no condition of a gate"),
        ({"scorers": []}, "no scorers"),
        ({"scorers": [exact, exact]}, "called 'exact'"),
        ({"epochs": 0}, "epochs is 0"),
        ({"cluster": "user"}, "no row has a column 'user'"),
        ({"task": "gpt-4o"}, "the task is 'gpt-4o'"),
        ({"scorers": [lambda output, truth: output == truth]}, "takes 'truth'"),
        ({"dataset": []}, "no row that can be used"),
        ({"dataset": [1, "x"]}, "row 0 is 1, which is no mapping"),
    ],
)
def test_what_can_not_work_is_refused_before_anything_is_run(
    change: dict[str, Any], said: str
) -> None:
    """Each message says what was given and what there is."""
    given: dict[str, Any] = {"dataset": ROWS, "task": answer, "scorers": [exact]}
    with pytest.raises((ConfigError, BadRequest), match=said):
        Evaluation(**{**given, **change})


def test_rows_that_are_none_are_left_out_and_told(traced: str) -> None:
    """The others are run; a row that comes twice is run twice."""
    del traced
    dataset = Dataset([ROWS[0], "oops", ROWS[0], {}], name="rough")
    result = Evaluation(dataset=dataset, task=answer, scorers=[exact]).run(progress=False)

    assert (result.summary.items, len(result.problems)) == (2, 2)
    assert [item.index for item in dataset.repeats] == [2]
    assert "left out: row 1 is 'oops'" in str(result)
    assert "repeated: row 2, as another row" in str(result)
    grouped = Evaluation(dataset=dataset, task=answer, scorers=[exact], cluster="question")
    assert grouped.run(progress=False).repeats == []


def test_a_home_that_can_not_be_written_costs_no_result(
    traced: str, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told that the evaluation could not go on where it was; it is run all the same."""
    del traced
    home.mkdir(exist_ok=True)
    (home / "evals").write_text("a file where the folder would be")
    result = evaluate(answer, [exact])
    assert result.summary.examples == 20
    assert "can't go on where it was" in caplog.text


def test_it_runs_within_a_running_loop(traced: str) -> None:
    """A notebook has one."""
    del traced

    async def cell() -> EvaluationResult:
        return evaluate()

    assert estimate(asyncio.run(cell())) == pytest.approx(0.9)


PROGRAM = """
import sys, time
from pathlib import Path
import weave_core

def slow(question: str) -> str:
    with open("calls.txt", "a") as file:
        file.write(question + "\\n")
    time.sleep(0.1)
    return question

def same(output: str, question: str) -> bool:
    return output == question

rows = [{"question": f"q{n}"} for n in range(60)]
weave_core.init("interrupted", sys.argv[1])
result = weave_core.Evaluation(
    dataset=rows, task=slow, scorers=[same], concurrency=4, name="slow"
).run()
print(result.evaluation.evaluation_id, result.summary.examples)
"""


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL])
def test_an_evaluation_that_is_broken_off_goes_on(
    server: ServerProcess, tmp_path: Path, ended_by: signal.Signals
) -> None:
    """After Ctrl-C nothing is run twice, after SIGKILL next to nothing; it is one evaluation."""
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, "program.py", server.url]
    env = clean_env({"WEAVE_CORE_HOME": str(tmp_path / "home")})
    calls = tmp_path / "calls.txt"
    with subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE) as first:
        for _ in range(600):
            if calls.exists() and len(calls.read_text().splitlines()) >= 24:
                break
            time.sleep(0.05)
        first.send_signal(ended_by)
        _, said = first.communicate(timeout=30)
    begun = len(calls.read_text().splitlines())
    done = subprocess.run(
        command, cwd=tmp_path, env=env, check=True, capture_output=True, text=True, timeout=60
    )

    evaluation_id, count = done.stdout.split()
    assert 24 <= begun < 60
    assert count == "60"
    assert (b"run it again, and it goes on from there" in said) == (ended_by == signal.SIGINT)
    # What was under way is run again, and after SIGKILL what was not yet on disk: a quarter second.
    assert len(calls.read_text().splitlines()) - 60 <= (4 if ended_by == signal.SIGINT else 20)
    with Client(server.url) as client:
        assert len(list(client.iter_evaluated("interrupted", evaluation_id))) == 60
        assert client.get_evaluation("interrupted", evaluation_id).state == "done"


OFFLINE = """
import weave_core

def task(question: str) -> str:
    return question.upper()

def shout(output: str) -> bool:
    return output.isupper()

result = weave_core.Evaluation(
    dataset=[{"question": "a"}, {"question": "1"}], task=task, scorers=[shout], name="offline"
).run(progress=False)
print(result)
"""


def test_without_a_server_the_results_wait_on_disk(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """They are in the spans, so `sync` brings the evaluation as well."""
    program = tmp_path / "program.py"
    program.write_text(OFFLINE, encoding="utf-8")
    home = {"WEAVE_CORE_HOME": str(tmp_path / "home"), "WEAVE_CORE_PROJECT": project}
    env = clean_env({**home, "WEAVE_CORE_ENDPOINT": "offline"})
    done = subprocess.run(
        [sys.executable, str(program)], env=env, check=True, capture_output=True, text=True
    )
    assert "50.0%" in done.stdout

    synced = run_command("sync", "--server", server.url, env=home)

    assert synced.returncode == 0, synced.stderr
    [found] = client.list_evaluations(project).items
    assert found.summary is not None
    assert found.summary.scorers["shout"].estimate is not None
    items = client.list_evaluated(project, found.evaluation_id).items
    assert [item.scores["shout"].value for item in items] == [1.0, 0.0]
