"""Ray Tune's trials and Ray Train's trainings as runs."""

import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
import torch
from ray import train, tune
from ray.train.torch import TorchTrainer
from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer
from support.servers import ServerProcess
from support.trainings import points

import weave_core
from weave_core import Client
from weave_core.integrations.ray import WeaveLoggerCallback, WeaveTrainCallback
from weave_core.model import RunChanges


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

    callback = WeaveTrainCallback(every_rank=True)
    with weave_core.run(id="mine", config={"mine": 1}) as run:
        TorchTrainer(
            fit,
            train_loop_config={"lr": 0.25},
            scaling_config=train.ScalingConfig(num_workers=2, resources_per_worker={"CPU": 0.5}),
            run_config=train.RunConfig(
                name="fit", storage_path=str(tmp_path / "ray"), callbacks=[callback]
            ),
        ).fit()
        assert client.run("mine", project).info.state == "running"
        run.log({"after": 1.0})
    found = points(client, project, "mine")
    assert found["loss"] == {1: 1.0, 2: 0.25, 3: 0.0625}
    assert found["rank_1/loss"] == {1: 2.0, 2: 1.25, 3: 1.0625}
    assert found["nested.deep"] == {1: 0.0, 2: 1.0, 3: 2.0}
    assert found["after"] == {0: 1.0}
    told = client.run("mine", project).info
    assert (told.name, told.state) == ("mine", "finished")
    assert (told.config["mine"], told.config["lr"]) == (1, 0.25)
    assert told.config["scaling"] == {"num_workers": 2, "use_gpu": False}


class Press(tune.Callback):  # type: ignore[misc]  # Not installed where types are checked.
    """Somebody who stops the long trial in the app."""

    def __init__(self, client: Client, callback: WeaveLoggerCallback) -> None:
        self._client = client
        self._callback = callback

    def __getstate__(self) -> dict[str, Any]:
        return {}  # As Ray keeps it; nobody restores it.

    def on_trial_result(self, trial: Any, **_: Any) -> None:
        """It has reported."""
        run = self._callback._trials[trial.trial_id].run
        if trial.config["steps"] == 900 and run is not None and not run.stop_requested:
            weave_core.flush()
            self._client.change_run(run.project, run.id, RunChanges(stop=True))
            run.ask()  # Not five seconds later.


@pytest.mark.timeout(1_200)
@pytest.mark.usefixtures("traced", "cluster")
def test_a_stop_ends_one_trial(client: Client, project: str, tmp_path: Path) -> None:
    """What is pressed in the app ends that trial at its next report; the other one is finished."""

    def train(config: dict[str, Any]) -> None:
        for _ in range(config["steps"]):
            time.sleep(0.02)
            tune.report({"score": 1.0})

    callback = WeaveLoggerCallback()
    callbacks = [callback, Press(client, callback)]
    options = tune.RunConfig(
        name="stop", storage_path=str(tmp_path / "ray"), callbacks=callbacks, verbose=0
    )
    tune.Tuner(train, param_space={"steps": tune.grid_search([900, 3])}, run_config=options).fit()
    runs = {run.config["steps"]: run for run in client.runs(project)}
    assert {steps: run.state for steps, run in runs.items()} == {900: "killed", 3: "finished"}
    assert len(points(client, project, runs[900].run_id)["score"]) < 900


@pytest.mark.timeout(1_200)
@pytest.mark.usefixtures("traced", "cluster")
def test_a_stop_ends_a_training_of_ray_train(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Its workers are stopped, `fit` says why, and the run was killed, as is the program's own."""

    def fit(config: dict[str, Any]) -> None:
        train.report({"loss": 1.0})
        with Client(config["url"]) as reader:
            reader.change_run(config["project"], "mine", RunChanges(stop=True))
        for _ in range(3_000):  # Two and a half minutes, where nobody stops it.
            time.sleep(0.05)
        train.report({"loss": 0.0})

    trainer = DataParallelTrainer(
        fit,
        train_loop_config={"url": server.url, "project": project},
        scaling_config=train.ScalingConfig(num_workers=1, resources_per_worker={"CPU": 0.5}),
        run_config=train.RunConfig(
            name="stop", storage_path=str(tmp_path / "ray"), callbacks=[WeaveTrainCallback()]
        ),
    )
    run = weave_core.run(id="mine")
    weave_core.flush()
    with pytest.raises(train.ControllerError), run:
        trainer.fit()
    assert run.state == "killed"
    assert client.run("mine", project).info.state == "killed"
    assert points(client, project, "mine") == {"loss": {1: 1.0}}


@pytest.mark.timeout(1_200)
@pytest.mark.usefixtures("traced", "cluster")
def test_a_training_that_is_begun_again_goes_on(
    client: Client, project: str, tmp_path: Path
) -> None:
    """A worker that fails and is started again, a training that fails, one that goes on with it.

    The steps are counted on, so that nothing that was reported is lost.
    """

    def fit(config: dict[str, Any]) -> None:
        found = train.get_checkpoint()
        done = int(Path(found.path, "done").read_text(encoding="utf-8")) if found else 0
        for epoch in range(done, 6):
            if epoch in (2, 4) and not Path(config["folder"], f"broke-{epoch}").exists():
                Path(config["folder"], f"broke-{epoch}").touch()
                raise ValueError(f"epoch {epoch} is broken")
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "done").write_text(str(epoch + 1), encoding="utf-8")
                kept = train.Checkpoint.from_directory(folder)
                train.report({"epoch": epoch, "loss": 1 / (epoch + 1)}, checkpoint=kept)

    def trainer() -> DataParallelTrainer:
        return DataParallelTrainer(
            fit,
            train_loop_config={"folder": str(tmp_path)},
            scaling_config=train.ScalingConfig(num_workers=1, resources_per_worker={"CPU": 0.5}),
            run_config=train.RunConfig(
                name="again",
                storage_path=str(tmp_path / "ray"),
                failure_config=train.FailureConfig(max_failures=1),
                callbacks=[WeaveTrainCallback(id="again", tags=["trained"])],
            ),
        )

    with pytest.raises(train.WorkerGroupError, match="epoch 4 is broken"):
        trainer().fit()
    failed = client.run("again", project).info
    assert (failed.state, failed.tags) == ("failed", ["trained"])
    assert "epoch 4 is broken" in str(failed.error)
    trainer().fit()
    assert client.run("again", project).info.state == "finished"
    found = points(client, project, "again")
    assert found["epoch"] == {step: step - 1 for step in range(1, 7)}
