"""Ray Tune's trials as runs."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray import tune
from support.trainings import points

from weave_core import Client
from weave_core.integrations.ray import WeaveLoggerCallback


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
