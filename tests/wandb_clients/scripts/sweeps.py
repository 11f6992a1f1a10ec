"""A sweep made, tried by two kinds of agents, steered and read, by the client alone."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import wandb

project = sys.argv[1]
config = {
    "method": "grid",
    "name": "rates",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"values": [0.1, 0.2]},
        "net": {"parameters": {"depth": {"value": 2}}},
    },
}
seen: list[tuple[str | None, float, dict[str, int]]] = []


def train() -> None:
    """A trial."""
    with wandb.init() as run:
        seen.append((run.sweep_id, run.config.lr, dict(run.config.net)))
        for step in range(3):
            run.log({"loss": run.config.lr / (step + 1)})


sweep_id = wandb.sweep(config, project=project)
wandb.agent(sweep_id, train, project=project, count=1)
wandb.agent(sweep_id, train, project=project)
assert [each[1] for each in seen] == [0.1, 0.2], seen
assert {each[0] for each in seen} == {sweep_id}
assert seen[0][2] == {"depth": 2}

sweep = wandb.Api().sweep(f"{project}/{sweep_id}")
assert (sweep.state, sweep.name, sweep.expected_run_count) == ("FINISHED", "rates", 2)
assert len(sweep.runs) == 2
best = sweep.best_run()
assert best.config["lr"] == 0.1, best.config
assert best.sweep.id == sweep_id
assert sweep.config["method"] == "grid"

# By command, from a file, as `wandb sweep` and `wandb agent` do.
Path("train.py").write_text(
    "import wandb\n"
    "with wandb.init() as run:\n"
    "    run.log({'loss': run.config.lr})\n"
    "    assert run.config.lr < 0.55\n"
)
Path("sweep.yaml").write_text(
    "program: train.py\nmethod: grid\nmetric: {name: loss}\n"
    "parameters: {lr: {values: [0.5, 0.6]}}\n"
)


def wandb_command(*words: str) -> str:
    """What the command prints."""
    # Trials are begun with the first `python` there is.
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-m", "wandb", *words],
        env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


printed = wandb_command("sweep", "--project", project, "sweep.yaml")
by_command = printed.split("sweep with ID: ")[1].split()[0]
wandb_command("agent", f"{project}/{by_command}")
again = wandb.Api().sweep(f"{project}/{by_command}")
assert again.state == "FINISHED", again.state
assert sorted(run.state for run in again.runs) == ["failed", "finished"]

# Paused: agents wait; ended: they end.
third = wandb.sweep({**config, "method": "random"}, project=project)
wandb_command("sweep", "--pause", f"{project}/{third}")
assert wandb.Api().sweep(f"{project}/{third}").state == "PAUSED"
wandb_command("sweep", "--resume", f"{project}/{third}")
wandb_command("sweep", "--cancel", f"{project}/{third}")
assert wandb.Api().sweep(f"{project}/{third}").state == "CANCELED"
before = len(seen)
wandb.agent(third, train, project=project)
assert len(seen) == before
print("sweeps", sweep_id, by_command, third)
try:
    wandb.sweep({"method": "magic", "parameters": {}}, project=project)
except Exception as error:  # noqa: BLE001  # Whatever the client makes of it.
    print(f"refused: {error}")

# A trial that is asked to stop ends, and the agent goes on: here to find that nothing is left.
stopped: list[str] = []


def long() -> None:
    """A trial that would go on for minutes."""
    with wandb.init() as run:
        try:
            for step in range(1_200):
                run.log({"loss": run.config.lr})
                if step == 20:
                    threading.Thread(
                        target=wandb.Api().run(f"{project}/{run.id}").stop, daemon=True
                    ).start()
                time.sleep(0.1)
        except BaseException:
            stopped.append(run.id)
            raise


fourth = wandb.sweep({**config, "run_cap": 1}, project=project)
wandb.agent(fourth, long, project=project)
assert len(stopped) == 1
print("stopped", fourth, *stopped)
