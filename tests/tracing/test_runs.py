"""Runs from the side of the program that trains: what it logs arrives, and nothing stops it."""

import math
import os
import signal
import subprocess
import sys
import threading
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import clean_env
from support.programs import wait_for
from support.receivers import Answer, start_receiver
from support.servers import ServerProcess
from support.trainings import points, training

import weave_core
from weave_core import Client, Run
from weave_core.errors import ConfigError, RunStopped
from weave_core.model import RunChanges
from weave_core.tracing import run_ranks
from weave_core.tracing.logged_values import NO_DICTIONARY
from weave_core.tracing.run_joins import join
from weave_core.tracing.runs import current_run
from weave_core.tracing.spool import sync

RunProgram = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def tracing(server: ServerProcess, project: str, tmp_path: Path) -> Iterator[None]:
    """Tracing as a training program has it."""
    with training(project, server.url, tmp_path / "home"):
        yield


class Tensor:
    """As torch and JAX have them: one number, behind `item`."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = numbers

    def item(self) -> float:
        """The number, where there is one."""
        [number] = self.numbers
        return number


@pytest.mark.usefixtures("tracing")
def test_numbers_of_all_libraries_are_numbers(client: Client, project: str) -> None:
    """Python's, NumPy's, tensors of one element; mutated afterwards they are what they were."""
    with weave_core.run() as run:
        data = {"a": 1, "b": True, "c": np.float32(0.5), "d": np.array([2.5]), "e": Tensor(3.5)}
        more: dict[Any, Any] = {"f": 10**400, "g": {"h": {"i": np.int64(7)}}, 8: 8.0}
        run.log(data | more)
        data["a"] = 99
        run.log({"f": -math.inf})
    assert points(client, project, run.id) == {
        **{key: {0: value} for key, value in (("a", 1), ("b", 1), ("c", 0.5), ("d", 2.5))},
        "e": {0: 3.5},
        "f": {0: math.inf, 1: -math.inf},
        "g.h.i": {0: 7},
        "8": {0: 8},
    }


@pytest.mark.usefixtures("tracing")
def test_what_is_no_number_is_left_out_and_told(
    client: Client, project: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The numbers beside it are kept, the key is named on the run, the log has one line for it."""
    broken: list[Any] = ["text", None, [1, 2], Tensor(1, 2), object(), b"x", np.zeros(3)]
    with weave_core.run() as run:
        for _ in range(3):
            run.log({"good": 1.0, **{f"k{place}": each for place, each in enumerate(broken)}})
        run.log({"turns": 1.0}, step=10)
        run.log({"turns": "text", "good": 2.0}, step=11)
        run.log("no dictionary")  # type: ignore[arg-type]  # The mistake.
    found = client.run(run.id, project).info

    assert points(client, project, run.id) == {
        "good": {0: 1, 1: 1, 2: 1, 11: 2},
        "turns": {10: 1},
    }
    assert found.state == "finished"
    assert set(found.problems) == {
        *(f"k{place}" for place in range(len(broken))),
        "turns",
        NO_DICTIONARY,
    }
    assert "a str was logged" in found.problems["k0"]
    assert caplog.text.count("k0: a str") == 1


@pytest.mark.parametrize("step", [-1, math.nan, 2.5, "three", 2**70, math.inf, [1]])
@pytest.mark.usefixtures("tracing")
def test_a_step_that_is_none_costs_only_itself(client: Client, project: str, step: Any) -> None:
    """What was logged there is left out and told; the next step goes on as if nothing was."""
    with weave_core.run() as run:
        run.log({"x": 1})
        run.log({"x": 2}, step=step)
        run.log({"x": 3}, step=np.int64(5))  # type: ignore[arg-type]  # A whole number all the same.
        run.log({"x": 4})
    assert points(client, project, run.id) == {"x": {0: 1, 5: 3, 6: 4}}
    assert "no whole number" in client.run(run.id, project).info.problems["*"]


@pytest.mark.usefixtures("tracing")
def test_what_is_not_committed_shares_its_step_with_what_comes_next(
    client: Client, project: str
) -> None:
    """A step that was left open is taken by the next `log`, whether it was named or counted."""
    with weave_core.run() as run:
        run.log({"a": 1}, commit=False)
        run.log({"b": 2})
        run.log({"a": 3}, step=5, commit=False)
        run.log({"b": 4})
        run.log({"b": 5})
        run.log({"a": 6}, step=2, commit=False)
        assert run.step == 7
    assert points(client, project, run.id) == {"a": {0: 1, 5: 3, 2: 6}, "b": {0: 2, 5: 4, 6: 5}}


@pytest.mark.usefixtures("tracing")
def test_the_open_run_is_the_one_that_was_begun_last() -> None:
    """What callbacks of libraries log to: none before and behind, the inner one within."""
    assert current_run() is None
    with weave_core.run() as outer:
        with weave_core.run() as inner:
            assert current_run() is inner
        assert current_run() is outer
    assert current_run() is None


@pytest.mark.usefixtures("tracing")
def test_any_name_is_a_key(client: Client, project: str) -> None:
    """Slashes, dots, commas, signs of any script; what no database holds is mended, long is cut."""
    names = ["a/b.c", "x,y", "größe 🙂", "", "n\0ul", "half \ud83d", "k" * 2_000, "'\"; drop"]
    with weave_core.run() as run:
        run.log(dict.fromkeys(names, 1.0))
    kept = set(points(client, project, run.id))
    asked = client.run(run.id, project).history(["x,y"]).to_arrow().column_names

    assert {"a/b.c", "x,y", "größe 🙂", "(empty)", "nul", "half ?", "k" * 500, "'\"; drop"} == kept
    assert asked == ["step", "x,y"]


@pytest.mark.usefixtures("tracing")
def test_ten_thousand_keys_are_kept_and_more_are_bounded(client: Client, project: str) -> None:
    """Each key is its own series; above the bound the run says so and goes on."""
    with weave_core.run() as run:
        run.log({f"layer{number}": float(number) for number in range(10_000)})
        for start in range(10_000, 21_000, 500):
            run.log({f"layer{start + number}": 1.0 for number in range(500)})
    packed = "select count(*) from run_metrics where key like 'layer%'"
    for _ in range(2):  # As they came, and packed.
        found = client.list_run_keys(project, run.id, limit=20_000)
        assert found.total == 20_000
        assert found.items[1].last == 1.0
        wait_for(lambda: client.run_sql(project, packed).rows == [[20_000]])
    assert "20,000 different keys" in client.run(run.id, project).info.problems["*"]


@pytest.mark.usefixtures("tracing")
def test_what_is_logged_last_stays_whatever_it_was_logged_with(
    client: Client, project: str
) -> None:
    """Of two values of one key at one step the later one; the summary has the last of all."""
    with weave_core.run() as run:
        run.log({"a": 1, "b": 1}, step=0)
        run.log({"a": 2}, step=0)
        run.log({"a": 3, "b": 3}, step=0)
        run.log({"a": 4}, step=1)
        run.log({"a": 10**400, "b": True, "half": 0.5}, step=2)
        run.log({"a": 5, "b": 5}, step=1)
    told = dict(run.summary)

    assert points(client, project, run.id) == {
        "a": {0: 3.0, 1: 5.0, 2: math.inf},
        "b": {0: 3.0, 1: 5.0, 2: 1.0},
        "half": {2: 0.5},
    }
    assert told == {"a": 5, "b": 5, "half": 0.5}


@pytest.mark.usefixtures("tracing")
def test_threads_log_to_one_run(client: Client, project: str) -> None:
    """Every call gets a step of its own, and none is lost."""
    with weave_core.run() as run:

        def log(number: int) -> None:
            for step in range(2_000):
                run.log({f"x{number}": step})

        threads = [threading.Thread(target=log, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = points(client, project, run.id)

    assert sorted(found) == ["x0", "x1", "x2", "x3"]
    assert all(list(logged.values()) == list(range(2_000)) for logged in found.values())
    assert len({step for logged in found.values() for step in logged}) == 8_000


@pytest.mark.usefixtures("tracing")
def test_a_run_is_called_as_its_id_was_chosen(client: Client, project: str) -> None:
    """Two ids that begin alike are told apart; a made id has the program's name before it."""
    for given in ("prepare", "prepare-more"):
        with weave_core.run(id=f"{project}-{given}"):
            pass
        assert client.run(f"{project}-{given}", project).info.name == f"{project}-{given}"
    with weave_core.run() as made:
        pass
    name = client.run(made.id, project).info.name

    assert name is not None
    assert name.endswith(f"-{made.id[:6]}")


@pytest.mark.parametrize(
    ("error", "state"),
    [(None, "finished"), (ValueError("no data"), "failed"), (KeyboardInterrupt(), "killed")],
)
@pytest.mark.usefixtures("tracing")
def test_a_run_ends_as_its_block_does(
    client: Client, project: str, error: BaseException | None, state: str
) -> None:
    """The exception goes on to the program, its words stand on the run."""
    runs: list[Run] = []
    with suppress(ValueError, KeyboardInterrupt), weave_core.run() as run:
        runs.append(run)
        if error is not None:
            raise error
    found = client.run(runs[0].id, project).info

    assert found.state == state
    assert found.error == (None if error is None else f"{type(error).__name__}: {error}")
    assert client.get_trace(project, found.trace_id).spans[0].kind == "run"


@pytest.mark.usefixtures("tracing")
def test_a_config_stays_what_it_was(client: Client, project: str) -> None:
    """Values are set once; a change has to be asked for; anything that has fields will do."""
    with weave_core.run(config=Namespace(lr=0.1, model={"depth": 3})) as run:
        run.config["batch"] = 32
        run.config.lr = 0.1  # The same is no change.
        with pytest.raises(ConfigError, match=r"config\['lr'\] is 0.1 and would become 0.2"):
            run.config["lr"] = 0.2
        with pytest.raises(ConfigError, match="can't be deleted"):
            del run.config["lr"]
        run.config.update({"lr": 0.3}, allow_val_change=True)
        run.summary["note"] = "best so far"
    found = client.run(run.id, project).info

    assert found.config == {"lr": 0.3, "model": {"depth": 3}, "batch": 32}
    assert found.summary == {"note": "best so far"}


@pytest.mark.usefixtures("tracing")
def test_what_a_config_holds_is_kept_as_it_was_set(client: Client, project: str) -> None:
    """A list or mapping that the program changes later is told of, and changes no record."""
    given = {"model": {"depth": 3}, "layers": [1, 2]}
    with weave_core.run(config=given, tags="alone") as run:
        given["layers"].append(3)  # type: ignore[attr-defined]  # It is the list.
        with pytest.raises(ConfigError, match=r"is \[1, 2\] and would become \[1, 2, 3\]"):
            run.config["layers"] = given["layers"]
        run.config["batch"] = 32
    found = client.run(run.id, project).info

    assert found.config == {"model": {"depth": 3}, "layers": [1, 2], "batch": 32}
    assert set(found.problems) == {"config['layers']"}
    assert found.tags == ["alone"]


@pytest.mark.usefixtures("tracing")
def test_behind_its_end_a_run_is_edited_but_logs_nothing(
    client: Client, project: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning says that points are left out; summary, config, name and tags are told still."""
    with weave_core.run() as run:
        run.log({"loss": 1.0})
    for _ in range(3):
        run.log({"loss": 2.0})
    run.summary["test.accuracy"] = 0.9
    run.config["judged_by"] = "hand"
    run.describe(name="judged", tags=["good"])
    assert weave_core.flush()
    found = client.run(run.id, project).info

    assert caplog.text.count("has ended: what is logged to it now is left out") == 1
    assert points(client, project, run.id) == {"loss": {0: 1}}
    assert (found.state, found.name, found.tags) == ("finished", "judged", ["good"])
    assert found.summary["test.accuracy"] == 0.9
    assert found.config == {"judged_by": "hand"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"id": "a/b"}, "the id of a run is 'a/b'"),
        ({"resume": "perhaps"}, "resume is 'perhaps'"),
        ({"fork_from": "x?step=-1"}, "fork_from is"),
        ({"rank": -1}, "rank is -1"),
        ({"config": 5}, "the config of a run is a int"),
        ({"id": "nowhere", "resume": "must"}, "has no run 'nowhere'"),
        ({"fork_from": "nowhere?step=3"}, "has no run 'nowhere' to fork from"),
        ({"rewind_to": 1.5}, "rewind_to is 1.5"),
    ],
)
@pytest.mark.usefixtures("tracing")
def test_a_wrong_beginning_is_told_at_once(given: dict[str, Any], message: str) -> None:
    """Before anything was trained a mistake is an error that says what was given."""
    with pytest.raises(ConfigError, match=message):
        weave_core.run(**given)


@pytest.mark.usefixtures("tracing")
def test_a_stop_reaches_the_program(client: Client, project: str) -> None:
    """The next `log` raises; a program that wants to end by itself only sees it."""
    runs: list[Run] = []
    with suppress(RunStopped), weave_core.run() as run:
        runs.append(run)
        run.log({"x": 1})
        assert weave_core.flush()
        client.run(run.id, project).update(stop=True)
        run.ask()
        run.log({"x": 2})
        raise AssertionError("a stop was asked for")
    with weave_core.run(on_stop="flag") as polite:
        assert weave_core.flush()
        client.change_run(project, polite.id, RunChanges(stop=True))
        polite.ask()
        assert polite.stop_requested
        polite.log({"x": 3})

    stopped = client.run(runs[0].id, project).info
    assert (stopped.state, stopped.error) == ("killed", "a stop was asked for")
    assert points(client, project, polite.id) == {"x": {0: 3}}


@pytest.mark.usefixtures("tracing")
def test_a_stop_that_a_library_has_wrapped_is_one(client: Client, project: str) -> None:
    """Trainers and pools raise an error of their own from what ends them: that is no failure."""
    runs: list[Run] = []
    with suppress(ConfigError), weave_core.run() as run:
        runs.append(run)
        raise ConfigError("a worker has ended") from RunStopped("a stop was asked for")

    assert client.run(runs[0].id, project).info.state == "killed"


@pytest.mark.usefixtures("tracing")
def test_several_writers_have_one_config(client: Client, project: str) -> None:
    """A program that goes on with a run, or takes part in one, takes nothing from its config."""
    with weave_core.run(id="shared", config={"lr": 0.1, "seed": 1}) as run:
        part = join(project, "shared")
        part.config.update({"workers": {"count": 2}})
        part.log({"x": 1})
        part.finish()
        assert client.run("shared", project).info.state == "running"
        run.config["late"] = True
    with weave_core.run(id="shared", config={"seed": 2}):
        pass

    found = client.run("shared", project).info
    assert found.state == "finished"
    assert found.config == {"lr": 0.1, "seed": 2, "workers": {"count": 2}, "late": True}
    assert points(client, project, "shared") == {"x": {0: 1}}
    workers = client.runs(project, filter="config['workers.count'] = 2 and config['lr'] = 0.1")
    assert [each.run_id for each in workers] == ["shared"]


def test_ranks_of_a_job_share_what_they_begin_alike(
    tmp_path: Path, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the step of SLURM's job or the program that started them; other names are other runs."""

    def begin(rank: int) -> list[str]:
        monkeypatch.setattr(run_ranks, "_begun", Counter())  # As a process of its own has it.
        own = f"own of {rank}"
        options: list[dict[str, Any]] = [{}, {}, {"group": "g"}, {"name": own}, {"id": "named"}]
        runs = [weave_core.run(project, **each, capture=False) for each in options]
        assert [run.rank for run in runs] == [rank] * 5
        for run in runs:
            run.finish()
        return [run.id for run in runs]

    job = {"SLURM_JOB_ID": "77", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2"}
    with training(project, "offline", tmp_path):
        for name, value in job.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("RANK", "0")
        first = begin(0)
        monkeypatch.setenv("RANK", "1")
        second = begin(1)
        assert [mine == other for mine, other in zip(first, second, strict=True)] == [
            True, True, True, False, True,
        ]  # fmt: skip
        assert len(set(first)) == 5
        monkeypatch.setenv("SLURM_STEP_ID", "1")
        assert set(begin(1)) & set(first) == {"named"}
        monkeypatch.delenv("SLURM_STEP_NUM_TASKS")
        monkeypatch.setattr(run_ranks, "_begun", Counter())
        with weave_core.run(project, capture=False) as alone:
            assert alone.id not in first
            assert alone.rank == 0
            monkeypatch.setattr(run_ranks, "_begun", Counter())
            monkeypatch.setattr(os, "getppid", os.getpid)  # As its child sees it.
            with weave_core.run(project, capture=False) as child:
                assert (child.id, child.rank) == (alone.id, 1)


@pytest.mark.usefixtures("tracing")
def test_operations_of_a_run_are_found_by_it(client: Client, project: str) -> None:
    """A trace that begins while a run is open names it; after it none does."""

    @weave_core.op
    def step(number: int) -> int:
        return number

    with weave_core.run() as run:
        step(1)
    step(2)
    assert weave_core.flush()

    [span] = client.list_spans(project, filter=f"run_id = '{run.id}' and kind = 'op'").items
    assert client.get_span(project, span.span_id).outputs == 1


def test_a_run_without_a_server_arrives_later(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Offline first: all of it waits on disk, and `weave-core sync` brings it."""
    home = tmp_path / "home"
    with training(project, "offline", home), weave_core.run(id="away", config={"a": 1}) as run:
        for step in range(3_000):
            run.log({"loss": step})
        assert run.finish()
    report = sync(server.url, home=home)

    assert (report.failure, report.left_bytes) == ("", 0)
    assert client.run("away", project).info.config == {"a": 1}
    assert points(client, project, "away")["loss"] == dict(enumerate(range(3_000)))


def test_finish_does_not_wait_for_a_server_that_hangs(tmp_path: Path, project: str) -> None:
    """It gives up after its time and says so; the rest is on disk."""
    is_over = threading.Event()

    def hang(_number: int, _request: object) -> Answer:
        is_over.wait(20)
        return Answer()

    with start_receiver(hang) as receiver, training(project, receiver.url, tmp_path / "home"):
        run = weave_core.run()
        run.log({"x": 1})
        assert not run.finish(timeout_s=0)  # Which is no word for the default of five seconds.
        run = weave_core.run()
        run.log({"x": 1})
        assert not run.finish(timeout_s=0.2)
        assert list((tmp_path / "home" / "spool").glob("*.spans"))
        is_over.set()


def test_a_server_that_is_silent_is_not_waited_for_again(
    tmp_path: Path, project: str, caplog: pytest.LogCaptureFixture
) -> None:
    """After five seconds without an answer ends are short, whatever they may take; it is told."""
    is_over = threading.Event()

    def hang(_number: int, _request: object) -> Answer:
        is_over.wait(60)
        return Answer()

    with start_receiver(hang) as receiver, training(project, receiver.url, tmp_path / "home"):
        for _ in range(2):
            run = weave_core.run()
            run.log({"x": 1})
            assert not run.finish()
        assert not weave_core.flush(600, is_patient=False)
        is_over.set()
    assert "has not taken all of run" in caplog.text


TRAINING = """
import os, sys, time
import weave_core
weave_core.init("trained", sys.argv[1])
run = weave_core.run(id=sys.argv[2])
for step in range(100):
    run.log({"x": step})
if sys.argv[3] == "fork":
    child = os.fork()
    if child == 0:
        for step in range(100, 150):
            run.log({"y": step}, step=step)
        time.sleep(0.5)
        weave_core.shutdown()
        os._exit(0)
    os.waitpid(child, 0)
if sys.argv[3] == "raise":
    raise ValueError("no data")
if sys.argv[3] == "wait":
    time.sleep(0.5)
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(("way", "state"), [("end", "finished"), ("raise", "failed")])
def test_a_run_that_nobody_finished_ends_with_its_program(
    *,
    run_program: RunProgram,
    server: ServerProcess,
    client: Client,
    project: str,
    way: str,
    state: str,
) -> None:
    """At the exit of the program all is sent, and an error that ended it is told."""
    run_program(TRAINING, server.url, f"{project}-{way}", way, check=False)
    found = client.run(f"{project}-{way}", "trained").info
    assert (found.state, found.last_step) == (state, 99)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_run_says_so_or_falls_silent(
    server: ServerProcess, client: Client, project: str, tmp_path: Path, number: signal.Signals
) -> None:
    """SIGTERM marks the run and still ends the program; SIGKILL leaves what was on disk."""
    program = tmp_path / "program.py"
    program.write_text(TRAINING, encoding="utf-8")
    env = {**clean_env(), "WEAVE_CORE_HOME": str(tmp_path / "home")}
    run_id = f"{project}-{number.name}"
    words = [sys.executable, str(program), server.url, run_id, "wait"]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(timeout=30) == -number
    sync(server.url, home=tmp_path / "home")
    found = client.run(run_id, "trained").info

    assert found.state == ("killed" if number is signal.SIGTERM else "running")
    assert points(client, "trained", run_id) == {"x": dict(enumerate(range(100)))}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_worker_logs_to_its_parents_run(
    run_program: RunProgram, server: ServerProcess, client: Client, project: str
) -> None:
    """As data loaders do: the child's points are there, and its end is not the run's."""
    run_program(TRAINING, server.url, f"{project}-fork", "fork")
    found = points(client, "trained", f"{project}-fork")
    assert found["x"] == dict(enumerate(range(100)))
    assert found["y"] == {step: step for step in range(100, 150)}
    assert client.run(f"{project}-fork", "trained").info.state == "finished"


def test_a_run_does_nothing_where_tracing_is_off(run_program: RunProgram, tmp_path: Path) -> None:
    """The same program, with WEAVE_CORE_DISABLED=1, writes nothing and waits for nothing."""
    run_program(TRAINING, "http://127.0.0.1:9", "off", "end", WEAVE_CORE_DISABLED="1")
    assert not (tmp_path / "home").exists()


def test_a_silent_run_counts_as_crashed(own_server: ServerProcess, tmp_path: Path) -> None:
    """A run whose writers have not been heard of for long is no longer running."""
    import sqlite3

    with training("quiet", own_server.url, tmp_path / "client"), Client(own_server.url) as client:
        run = weave_core.run(id="quiet")
        run.log({"x": 1})
        wait_for(lambda: bool(client.get_run_signals("quiet", "quiet").exists))
        assert client.get_run("quiet", "quiet").state == "running"
        with sqlite3.connect(tmp_path / "home" / "store.db") as database:  # The clock, moved on.
            database.execute("UPDATE run SET seen_ns = seen_ns - 100000000000")
        assert client.get_run("quiet", "quiet").state == "crashed"
        assert [each.run_id for each in client.runs("quiet", filter="state = 'crashed'")]
        assert not [*client.runs("quiet", filter="state = 'running'")]
        run.finish()
        assert client.get_run("quiet", "quiet").state == "finished"
