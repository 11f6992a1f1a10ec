"""Sweeps: every trial once, whoever asks how often, and whatever becomes of the one who has it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from support.programs import wait_for
from support.servers import ServerProcess
from support.trainings import training

import weave_core
from weave_core import Client, WeaveError
from weave_core.compat import wandb
from weave_core.errors import BadRequest, NotFound
from weave_core.model import SweepChanges, TrialAnswer, TrialQuestion, TrialResult

GRID = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {
        "lr": {"values": [0.1, 0.2]},
        "seed": {"value": 7},
        "model": {"parameters": {"depth": {"min": 1, "max": 3}, "act": {"values": ["a", "b"]}}},
    },
}
LOST = """
import os, sys, time, weave_core

def train(run):
    run.log({"loss": 1.0})
    print("works", flush=True)
    time.sleep(60)

weave_core.agent(sys.argv[1], train, lease_s=1)
"""


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    """Of the server of this database."""
    with Client(server.url) as client:
        yield client


@pytest.fixture
def tracing(server: ServerProcess, project: str, tmp_path: Path) -> Iterator[None]:
    """Tracing as a training program has it."""
    with training(project, server.url, tmp_path / "home"):
        yield


def ask(client: Client, project: str, sweep_id: str, **more: Any) -> TrialAnswer:
    """What an agent is answered."""
    key, agent = more.pop("ask_key", uuid4().hex), more.pop("agent", "one")
    question = TrialQuestion(ask_key=key, agent=agent, **more)
    return client.ask_trial(project, sweep_id, question)


def tell(client: Client, project: str, sweep_id: str, asked: TrialAnswer, **more: Any) -> Any:
    """What the trial is after an agent has told its result."""
    assert asked.trial is not None
    result = TrialResult(token=asked.trial.token, **more)
    return client.tell_trial(project, sweep_id, asked.trial.number, result)


def test_a_grid_is_handed_out_once_however_many_ask_at_once(client: Client, project: str) -> None:
    """Six agents at a time get each of twelve points exactly once; then the sweep is over."""
    sweep_id = client.add_sweep(project, GRID).sweep_id

    def work(_agent: int) -> list[dict[str, Any]]:
        had = []
        while (asked := ask(client, project, sweep_id)).trial is not None:
            had.append(asked.trial.params)
            tell(client, project, sweep_id, asked, value=asked.trial.params["lr"])
        return had

    with ThreadPoolExecutor(6) as pool:
        had = [params for each in pool.map(work, range(6)) for params in each]
    wanted = [
        {"lr": lr, "seed": 7, "model": {"depth": depth, "act": act}}
        for lr, depth, act in product([0.1, 0.2], [1, 2, 3], ["a", "b"])
    ]
    assert sorted(map(repr, had)) == sorted(map(repr, wanted))
    done = client.get_sweep(project, sweep_id)
    assert (done.state, done.reason, done.size) == ("finished", "all trials were tried", 12)
    assert done.counts == {"finished": 12}
    assert done.best is not None
    assert done.best.value == pytest.approx(0.1)


def test_who_asks_again_gets_the_same_trial(client: Client, project: str) -> None:
    """An answer that got lost costs no trial: the same key gets the same again."""
    sweep_id = client.add_sweep(project, GRID).sweep_id
    first = ask(client, project, sweep_id, ask_key="k")
    assert ask(client, project, sweep_id, ask_key="k") == first
    assert len(client.list_trials(project, sweep_id)) == 1
    told = tell(client, project, sweep_id, first, value=0.5)
    # Told twice, as by one who got no answer, it stays what it is.
    assert tell(client, project, sweep_id, first, value=9.0) == told


def test_a_trial_of_a_silent_agent_goes_to_the_next(client: Client, project: str) -> None:
    """When its lease has run out another gets it; what the first one says then does not count."""
    sweep_id = client.add_sweep(project, GRID | {"run_cap": 1}).sweep_id
    first = ask(client, project, sweep_id, lease_s=1)
    assert first.trial is not None
    waits = ask(client, project, sweep_id)
    assert (waits.trial, waits.is_draining, waits.is_over) == (None, True, False)
    time.sleep(1.1)
    second = ask(client, project, sweep_id, agent="two")
    assert second.trial is not None
    assert (second.trial.number, second.trial.attempts) == (0, 2)
    assert second.trial.params == first.trial.params
    assert second.trial.run_id != first.trial.run_id
    heard = client.beat_trial(project, sweep_id, 0, first.trial.token)
    assert heard.is_lost
    tell(client, project, sweep_id, first, value=1.0)
    tell(client, project, sweep_id, second, value=2.0)
    [trial] = client.list_trials(project, sweep_id)
    assert (trial.state, trial.value, trial.agent) == ("finished", 2.0, "two")


def test_a_heartbeat_keeps_a_trial(client: Client, project: str) -> None:
    """Longer than its lease, as long as the agent says that it is there."""
    sweep_id = client.add_sweep(project, GRID | {"run_cap": 1}).sweep_id
    asked = ask(client, project, sweep_id, lease_s=1)
    assert asked.trial is not None
    assert asked.heartbeat_s <= 0.25
    for _ in range(4):
        time.sleep(0.4)
        assert not client.beat_trial(project, sweep_id, 0, asked.trial.token).is_lost
    assert ask(client, project, sweep_id).is_draining


def test_a_sweep_is_paused_resumed_and_cancelled(client: Client, project: str) -> None:
    """A paused one makes agents wait, a cancelled one sends them home and stops what runs."""
    sweep_id = client.add_sweep(project, GRID).sweep_id
    asked = ask(client, project, sweep_id)
    assert asked.trial is not None
    client.change_sweep(project, sweep_id, SweepChanges(state="paused"))
    assert ask(client, project, sweep_id).wait_s
    client.change_sweep(project, sweep_id, SweepChanges(state="running"))
    tell(client, project, sweep_id, asked, state="waiting")  # Handed back: it comes first.
    again = ask(client, project, sweep_id)
    assert again.trial is not None
    assert again.trial.number == asked.trial.number
    client.change_sweep(project, sweep_id, SweepChanges(state="cancelled"))
    assert ask(client, project, sweep_id).is_over
    heard = client.beat_trial(project, sweep_id, 0, again.trial.token)
    assert (heard.stop, heard.reason) == (True, "the sweep was cancelled")
    with pytest.raises(BadRequest, match="is cancelled and can't become paused"):
        client.change_sweep(project, sweep_id, SweepChanges(state="paused"))
    client.delete_sweep(project, sweep_id)
    with pytest.raises(NotFound, match="has no sweep"):
        client.get_sweep(project, sweep_id)


def test_a_sweep_ends_at_its_target(client: Client, project: str) -> None:
    """As soon as one trial is as good as what was wished for."""
    metric = {"name": "acc", "goal": "maximize", "target": 0.9}
    sweep_id = client.add_sweep(project, GRID | {"metric": metric}).sweep_id
    for value in (0.5, 0.95):
        tell(client, project, sweep_id, ask(client, project, sweep_id), value=value)
    done = client.get_sweep(project, sweep_id)
    assert (done.state, done.reason) == ("finished", "trial 1 reached the target 0.9")
    assert done.best is not None
    assert done.best.value == 0.95


def test_a_sweep_ends_with_its_budget_and_gets_it_anew(client: Client, project: str) -> None:
    """Of hours on the clock or of trials; what runs may end, and resuming gives it once more."""
    short = client.add_sweep(project, GRID | {"budget": {"hours": 1e-9}}).sweep_id
    assert ask(client, project, short).is_over
    assert client.get_sweep(project, short).reason == "its budget of 1e-09 hours is used up"

    sweep_id = client.add_sweep(project, GRID | {"budget": {"trial_hours": 1e-9}}).sweep_id
    for number in range(2):
        asked = ask(client, project, sweep_id)
        assert asked.trial is not None
        assert asked.trial.number == number
        assert ask(client, project, sweep_id).is_draining
        tell(client, project, sweep_id, asked, value=0.5)
        done = client.get_sweep(project, sweep_id)
        assert (done.state, done.reason) == (
            "finished", "its budget of 1e-09 hours of trials is used up",
        )  # fmt: skip
        client.change_sweep(project, sweep_id, SweepChanges(state="running"))
    with pytest.raises(BadRequest, match=r"budget\.hours"):
        client.add_sweep(project, GRID | {"budget": {"hours": 0}})


@pytest.mark.usefixtures("tracing")
def test_a_sweep_learns_from_runs_before_it(client: Client, project: str) -> None:
    """They are its first trials, which nobody has to try, and do not count for `run_cap`."""
    for place in range(9):
        lr = 0.1 * (place + 1)
        with weave_core.run(id=f"prior-{place}", config={"model": {"lr": lr}}) as run:
            run.log({"loss": (lr - 0.7) ** 2})
    with weave_core.run(id="other", config={"epochs": 3}) as run:
        run.log({"loss": 1.0})
    wait_for(lambda: client.get_run(project, "other").summary.get("loss") == 1.0)
    prior = [f"prior-{place}" for place in range(9)]
    space = {"lr": {"min": 0.0, "max": 1.0}}
    config = {
        "method": "bayes",
        "metric": {"name": "loss"},
        "parameters": {"model": {"parameters": space}},
        "run_cap": 1,
    }
    sweep_id = wandb.sweep(config, project=project, prior_runs=prior)

    began = client.get_sweep(project, sweep_id)
    assert (began.size, began.counts) == (10, {"finished": 9})
    assert began.best is not None
    assert (began.best.run_id, began.best.attempts) == ("prior-6", 0)
    asked = ask(client, project, sweep_id)
    assert asked.trial is not None
    assert asked.trial.number == 9
    assert abs(asked.trial.params["model"]["lr"] - 0.7) < 0.1
    tell(client, project, sweep_id, asked, value=0.0)
    assert client.get_sweep(project, sweep_id).reason == "all trials were tried"
    for bad, told in ((["other"], "none of this space"), (["prior-0", "gone"], "gone")):
        with pytest.raises(WeaveError, match=told):
            client.add_sweep(project, config, prior_runs=bad)
    with pytest.raises(BadRequest, match="a grid tries every point"):
        client.add_sweep(project, GRID, prior_runs=prior)


def test_a_host_on_which_all_fails_gets_no_more(client: Client, project: str) -> None:
    """One bad machine must not burn the trials of a night."""
    sweep_id = client.add_sweep(project, GRID).sweep_id
    for _ in range(5):
        asked = ask(client, project, sweep_id, host="bad")
        tell(client, project, sweep_id, asked, state="failed", error="out of memory")
    refused = ask(client, project, sweep_id, host="bad")
    assert refused.is_over
    assert "failed one after another on host 'bad'" in (refused.reason or "")
    assert ask(client, project, sweep_id, host="good").trial is not None


@pytest.mark.usefixtures("tracing")
def test_a_function_is_tried_and_a_failure_is_one_trial_s(client: Client, project: str) -> None:
    """Each trial is a run with the chosen values; the best value of the metric is its result."""
    sweep_id = weave_core.sweep(GRID | {"run_cap": 4})

    def train(run: weave_core.Run) -> None:
        for value in (3.0, run.config.lr, 2.0):
            run.log({"loss": value + run.config["model"]["depth"]})
        if run.config["model"]["depth"] == 2:
            raise ValueError("diverged")

    assert weave_core.agent(sweep_id, train) == 4
    trials = sorted(client.list_trials(project, sweep_id), key=lambda each: each.number)
    assert [each.state for each in trials] == ["finished", "finished", "failed", "failed"]
    assert trials[0].value == pytest.approx(1.1)
    assert trials[2].error == "ValueError: diverged"
    run = client.get_run(project, trials[0].run_id or "")
    assert (run.state, run.group, run.config) == ("finished", sweep_id, trials[0].params)
    assert run.trial is not None
    assert (run.trial.sweep_id, run.trial.number) == (sweep_id, trials[0].number)
    assert client.get_run(project, trials[2].run_id or "").state == "failed"


@pytest.mark.usefixtures("tracing")
def test_an_agent_gives_up_where_all_fails(project: str) -> None:
    """It says with what, and does not go through the whole grid."""
    sweep_id = weave_core.sweep(GRID)

    def train() -> None:
        raise OSError("no disk")

    with pytest.raises(WeaveError, match=r"3 trials of sweep .* failed .* OSError: no disk"):
        weave_core.agent(sweep_id, train, max_failures=3)
    del project


@pytest.mark.usefixtures("tracing")
def test_ctrl_c_hands_a_trial_back(client: Client, project: str) -> None:
    """The trial is nobody's and the first that the next agent gets; its run is marked as killed."""
    sweep_id = weave_core.sweep(GRID)

    def train(run: weave_core.Run) -> None:
        run.log({"loss": 1.0})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weave_core.agent(sweep_id, train)
    [trial] = client.list_trials(project, sweep_id)
    assert trial.state == "waiting"
    assert client.get_run(project, trial.run_id or "").state == "killed"
    again = ask(client, project, sweep_id)
    assert again.trial is not None
    assert again.trial.number == 0


@pytest.mark.usefixtures("tracing")
def test_the_trial_of_a_killed_agent_is_tried_by_another(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """SIGKILL in the middle: an agent that is still there ends every trial exactly once."""
    sweep_id = weave_core.sweep(GRID | {"run_cap": 2})
    env = os.environ | {"WEAVE_CORE_ENDPOINT": server.url, "WEAVE_CORE_HOME": str(tmp_path / "x")}
    command = [sys.executable, "-c", LOST, sweep_id]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "works\n"
        killed.send_signal(signal.SIGKILL)
    assert weave_core.agent(sweep_id, lambda run: run.config.lr) == 2
    trials = client.list_trials(project, sweep_id)
    assert [(each.state, each.attempts) for each in trials] == [("finished", 1), ("finished", 2)]
    assert client.get_sweep(project, sweep_id).state == "finished"


PROGRAM = """
import sys
import weave_core.compat.wandb as wandb

wandb.init(config={"lr": 99, "epochs": 2})
given = dict(word.lstrip("-").split("=") for word in sys.argv[1:])
assert float(given["lr"]) == wandb.config.lr, (sys.argv, wandb.config)
for epoch in range(wandb.config.epochs):
    wandb.log({"loss": wandb.config.lr / (epoch + 1)})
if wandb.config.lr == 0.2:
    sys.exit(3)
"""


def test_a_command_agent_runs_the_program_of_a_sweep(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """A wandb script with its sweep file: the values come as arguments and in the config."""
    (tmp_path / "train.py").write_text(PROGRAM, encoding="utf-8")
    config = "program: train.py\nmethod: grid\nmetric: {name: loss}\n"
    config += "parameters:\n  lr: {values: [1e-1, 0.2]}\n"
    sweep_id = client.add_sweep(project, config).sweep_id
    env = os.environ | {
        "WEAVE_CORE_ENDPOINT": server.url,
        "WEAVE_CORE_PROJECT": project,
        "WEAVE_CORE_HOME": str(tmp_path / "home"),
    }
    command = [sys.executable, "-m", "weave_core", "sweep", "agent", sweep_id]
    told = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    ).stderr
    assert "trial 0 finished: 0.05" in told
    assert "trial 1 failed: exit code 3" in told
    first, second = sorted(client.list_trials(project, sweep_id), key=lambda each: each.number)
    assert client.get_run(project, first.run_id or "").config == {"lr": 0.1, "epochs": 2}
    assert (second.state, second.error) == ("failed", "exit code 3")


@pytest.mark.usefixtures("tracing")
@pytest.mark.parametrize("rule", ["hyperband", "asha", "median"])
def test_a_trial_that_is_far_behind_is_stopped(client: Client, project: str, rule: str) -> None:
    """The server sees it in the points that arrive; the run's next `log` raises, and says why."""
    sweep_id = weave_core.sweep(
        {
            "method": "grid",
            "metric": {"name": "acc", "goal": "maximize"},
            "parameters": {"top": {"values": [0.9, 0.8, 0.85, 0.1]}},
            "early_terminate": {"type": rule, "min_iter": 2, "min_trials": 2, "eta": 2},
        }
    )

    def train(run: weave_core.Run) -> None:
        for epoch in range(4):
            run.log({"acc": run.config.top * (epoch + 1) / 4})
        until = time.monotonic() + 30
        while run.config.top == 0.1 and time.monotonic() < until:
            run.log({"acc": 0.1})
            time.sleep(0.1)

    assert weave_core.agent(sweep_id, train, lease_s=1) == 4
    trials = sorted(client.list_trials(project, sweep_id), key=lambda each: each.number)
    assert [each.state for each in trials] == ["finished"] * 3 + ["stopped"]
    assert trials[3].reason is not None
    assert trials[3].reason.startswith(f"{rule}: after ")
    assert trials[3].value == pytest.approx(0.1)
    assert client.get_run(project, trials[3].run_id or "").state == "killed"


@pytest.mark.usefixtures("tracing")
def test_wandb_s_own_calls_work_on_a_sweep(client: Client, project: str) -> None:
    """`wandb.sweep` and `wandb.agent`: what the sweep chose stays, whatever the script sets."""
    config = {
        "method": "random",
        "metric": {"name": "acc", "goal": "maximize"},
        "parameters": {
            "lr": {"min": 0.0, "max": 1.0},
            "model": {"parameters": {"n": {"value": 3}}},
        },
    }
    sweep_id = wandb.sweep(config, project=project)

    def train() -> None:
        wandb.init(config={"lr": 5.0, "epochs": 1, "model": {"act": "relu"}})
        wandb.config.update({"lr": 7.0})
        wandb.log({"acc": wandb.config.lr})

    wandb.agent(f"team/{project}/{sweep_id}", train, count=2)
    first, second = client.list_trials(project, sweep_id)
    assert first.params["lr"] != second.params["lr"]
    for trial in (first, second):
        assert (trial.state, trial.value) == ("finished", trial.params["lr"])
        run = client.get_run(project, trial.run_id or "")
        model = {"act": "relu", "n": 3}
        assert run.config == {"lr": trial.value, "epochs": 1, "model": model}
        assert run.state == "finished"
