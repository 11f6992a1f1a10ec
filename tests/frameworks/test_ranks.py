"""Trainings of several processes that were started together: one run, whose ranks tell apart."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from weave_core import Client

Launch = Callable[..., "subprocess.CompletedProcess[str]"]

RANKS = """
import glob, os, sys, time, torch, weave_core
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

project = sys.argv[1]
attempt = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
with weave_core.run(project, name="before the group", config={"lr": 0.1}) as run:
    run.log({"attempt": attempt}, step=attempt)
    if attempt == 0:  # PyTorch's own process groups do not begin again where gloo had one before.
        open("begun " + os.environ["RANK"], "w").close()
        while len(glob.glob("begun *")) < 2:
            time.sleep(0.05)
        raise SystemExit("again")
dist.init_process_group("gloo")
rank = dist.get_rank()
torch.manual_seed(rank)
net = DistributedDataParallel(torch.nn.Linear(3, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
with weave_core.run(project, name="training", capture=["console"]) as run:
    for step in range(4):
        loss = net(torch.ones(8, 3) * rank).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log({"loss": rank}, step=step)
    print(f"rank {rank} says {run.rank}")
with weave_core.run(project, name=f"own of {rank}", capture=False):
    pass
with weave_core.run(project, name="broken", capture=False) as run:
    dist.barrier()
    if rank == 1:
        raise ValueError("no data")
    dist.barrier()
"""

LIGHTNING = """
import sys, torch, weave_core
import lightning
from torch.utils.data import DataLoader, TensorDataset
from weave_core.integrations.lightning import WeaveLogger

class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def training_step(self, batch, batch_idx):
        loss = (self.layer(batch[0]) - 1).square().mean()
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

if __name__ == "__main__":
    with weave_core.run(sys.argv[1], name="lightning", capture=["console"]) as run:
        lightning.Trainer(
            max_epochs=1, accelerator="cpu", devices=2, strategy=sys.argv[2],
            logger=WeaveLogger(every_rank=True), log_every_n_steps=1,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        ).fit(Line(), DataLoader(TensorDataset(torch.ones(8, 2)), batch_size=2))
        print("trained by", run.rank)
"""


@pytest.fixture
def launch(server_env: dict[str, str], tmp_path: Path) -> Launch:
    """Run a program's text by a launcher's words, in a process of its own."""

    def run(code: str, *words: str, by: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        program = tmp_path / "program.py"
        program.write_text(code, encoding="utf-8")
        return subprocess.run(
            [sys.executable, *by, str(program), *words],
            cwd=tmp_path, env=server_env | {"OMP_NUM_THREADS": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def series(client: Client, project: str, run_id: str, key: str) -> dict[int, dict[int, Any]]:
    """By rank, what it has logged at which step."""
    found = client.read_run_history(project, [run_id], [key]).series
    return {each.rank: dict(zip(each.steps, each.values, strict=True)) for each in found}


@pytest.mark.timeout(1_200)  # Five programs, each of which imports PyTorch.
def test_what_ranks_of_torchrun_begin_alike_is_one_run(
    client: Client, project: str, launch: Launch
) -> None:
    """Before and behind the process group, and when torchrun starts them again.

    Each rank has its own points and console; one that raises is why the run has failed.
    """
    torchrun = ("-m", "torch.distributed.run", "--nproc-per-node=2", "--max-restarts=1")
    done = launch(RANKS, project, by=torchrun)
    assert "no data" in done.stderr, done.stderr
    runs = {run.name: run for run in client.runs(project)}
    assert sorted(runs) == ["before the group", "broken", "own of 0", "own of 1", "training"]
    attempts = series(client, project, runs["before the group"].run_id, "attempt")
    assert attempts == {0: {0: 0, 1: 1}, 1: {0: 0, 1: 1}}
    assert runs["before the group"].state == "finished"
    training = client.run(runs["training"].run_id, project)
    assert (training.info.state, training.info.error) == ("finished", None)
    assert sorted(each.rank for each in training.info.writers) == [0, 1]
    losses = series(client, project, training.info.run_id, "loss")
    assert losses == {rank: dict.fromkeys(range(4), rank) for rank in (0, 1)}
    said = {(line.rank, line.plain) for line in training.console() if "says" in line.plain}
    assert said == {(0, "rank 0 says 0"), (1, "rank 1 says 1")}
    assert (runs["broken"].state, runs["broken"].error) == (
        "failed", "rank 1: ValueError: no data",
    )  # fmt: skip
    assert all("side by side" not in str(each.problems) for each in runs.values())


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("strategy", ["ddp", "ddp_spawn"])
def test_a_training_of_lightning_by_two_processes_is_the_run_that_is_open(
    client: Client, project: str, launch: Launch, strategy: str
) -> None:
    """Whether Lightning starts the program again or takes its objects to the other processes."""
    done = launch(LIGHTNING, project, strategy)
    assert done.returncode == 0, done.stderr
    [run] = client.runs(project)
    assert (run.name, run.state, run.problems) == ("lightning", "finished", {})
    losses = series(client, project, run.run_id, "loss")
    assert {rank: list(found) for rank, found in losses.items()} == {0: [0, 1], 1: [0, 1]}
    said = [line.plain for line in client.run(run.run_id, project).console()]
    assert "trained by 0" in said
    assert ("trained by 1" in said) == (strategy == "ddp")
