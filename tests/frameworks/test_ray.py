"""Ray Tune's trials and Ray Train's trainings as runs."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
import torch
from ray import train, tune
from ray.train.torch import TorchTrainer
from support.trainings import points

import weave_core
from weave_core import Client
from weave_core.integrations.ray import WeaveLoggerCallback, WeaveTrainCallback


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Ray on this machine."""
    warnings.simplefilter("ignore")
    ray.init(num_cpus=2, include_dashboard=False, configure_logging=False)
    yield
    ray.shutdown()


@pytest.mark.timeout(600)  # Ray starts five programs.
@pytest.mark.usefixtures("traced", "cluster")
def test_each_trial_is_a_run(client: Client, project: str, tmp_path: Path) -> None:
    """Its parameters, its results at their iteration, one group, and whether it failed."""

    def train(config: dict[str, Any]) -> None:  # In here, so that Ray sends it as it is.
        for step in range(3):
            if config["x"] < 0:
                raise ValueError("x is negative")
            tune.report({"score": config["x"] * step, "nested": {"deep": step}})

    callback = WeaveLoggerCallback(tags=["tuned"])
    options = tune.RunConfig(
        name="tries", storage_path=str(tmp_path / "ray"), callbacks=[callback], verbose=0
    )
    space = {"x": tune.grid_search([2.0, -1.0])}
    tune.Tuner(train, param_space=space, run_config=options).fit()
    runs = {run.config["x"]: run for run in client.runs(project)}
    assert {x: run.state for x, run in runs.items()} == {2: "finished", -1: "failed"}
    assert {(run.job_type, *run.tags) for run in runs.values()} == {("trial", "tuned")}
    assert len({run.group for run in runs.values()}) == 1
    found = points(client, project, runs[2].run_id)
    assert found["score"] == {1: 0.0, 2: 2.0, 3: 4.0}
    assert found["nested.deep"] == {1: 0.0, 2: 1.0, 3: 2.0}


@pytest.mark.timeout(1_200)  # Seven more programs, each imports Ray and PyTorch.
@pytest.mark.usefixtures("traced", "cluster")
def test_a_training_of_ray_train_is_a_run(client: Client, project: str, tmp_path: Path) -> None:
    """What its workers report and its settings, in the run that the program has open."""

    def fit(config: dict[str, Any]) -> None:  # In here, so that Ray sends it as it is.
        rank = train.get_context().get_world_rank()
        model = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.constant_(model.weight, 1.0)
        optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"])
        for step in range(3):
            loss = model(torch.ones(1)).square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            train.report({"loss": loss.item() + rank, "nested": {"deep": step}})

    callback = WeaveTrainCallback(tags=["trained"], every_rank=True)
    with weave_core.run(id="mine"):
        TorchTrainer(
            fit,
            train_loop_config={"lr": 0.25},
            scaling_config=train.ScalingConfig(num_workers=2, resources_per_worker={"CPU": 0.5}),
            run_config=train.RunConfig(
                name="fit", storage_path=str(tmp_path / "ray"), callbacks=[callback]
            ),
        ).fit()
    found = points(client, project, "mine")
    assert found["loss"] == {1: 1.0, 2: 0.25, 3: 0.0625}
    assert found["rank_1/loss"] == {1: 2.0, 2: 1.25, 3: 1.0625}
    assert found["nested.deep"] == {1: 0.0, 2: 1.0, 3: 2.0}
    run = client.run("mine", project).info
    assert (run.name, run.tags, run.state) == ("fit", ["trained"], "finished")
    assert run.config["lr"] == 0.25
    assert run.config["scaling"] == {"num_workers": 2, "use_gpu": False}
