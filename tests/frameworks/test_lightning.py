"""Lightning's trainings as runs."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from support.trainings import points
from torch.utils.data import DataLoader, TensorDataset

import weave_core
from weave_core import Client
from weave_core.integrations.lightning import WeaveLogger


class Line(lightning.LightningModule):  # type: ignore[misc]  # Not installed where types are checked.
    """A line through four points."""

    def __init__(self, lr: float = 0.1) -> None:  # noqa: ARG002  # Kept as a hyper-parameter.
        super().__init__()
        self.save_hyperparameters()
        torch.manual_seed(1)
        self.layer = torch.nn.Linear(2, 1)
        self.losses: list[float] = []

    def training_step(self, batch: Any, batch_idx: int) -> Any:  # noqa: ARG002
        """A step."""
        loss = (self.layer(batch[0]) - 1).square().mean()
        self.losses.append(float(loss.detach()))
        if len(self.losses) == getattr(self, "fails_at", None):
            raise ValueError("the data are broken")
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        """A step."""
        self.log("val_loss", (self.layer(batch[0]) - 1).square().mean())

    def test_step(self, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        """A step."""
        self.log("test_loss", (self.layer(batch[0]) - 1).square().mean())

    def configure_optimizers(self) -> Any:
        """Plain descent."""
        return torch.optim.SGD(self.parameters(), lr=self.hparams["lr"])


def data() -> DataLoader[Any]:
    """Two batches."""
    return DataLoader(TensorDataset(torch.ones(4, 2)), batch_size=2)


def trainer(folder: Path, logger: Any, *callbacks: Any) -> lightning.Trainer:
    """Two epochs on the CPU."""
    warnings.filterwarnings("ignore", module="lightning")
    return lightning.Trainer(
        max_epochs=2,
        logger=logger,
        callbacks=list(callbacks),
        accelerator="cpu",
        default_root_dir=folder,
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=bool(callbacks),
    )


@pytest.mark.usefixtures("traced")
def test_training_and_test_are_one_run(client: Client, project: str, tmp_path: Path) -> None:
    """Metrics at the global step, the epoch along; hyper-parameters and the best checkpoint too."""
    logger = WeaveLogger(name="line", prefix="a/", log_model=True)
    keep = ModelCheckpoint(dirpath=tmp_path / "kept", monitor="val_loss")
    made = trainer(tmp_path, logger, keep)
    line = Line(lr=0.2)
    logger.watch(line, log_freq=1)
    made.fit(line, data(), data())
    [run] = client.runs(project)
    assert (run.name, run.state, run.run_id) == ("line", "finished", logger.version)
    found = points(client, project, run.run_id)
    assert list(found["a/train_loss"].values()) == pytest.approx(line.losses)
    assert list(found["a/train_loss"]) == [0, 1, 2, 3]
    assert found["a/epoch"][3] == 1
    assert set(found["a/val_loss"]) == {1, 3}
    assert len(found["gradients/norm"]) == 4
    assert run.config["lr"] == 0.2
    assert run.summary["checkpoint/best_path"] == keep.best_model_path
    best = client.artifact(f"model-{run.run_id}:best", project=project)
    assert [entry.path for entry in best.files()] == [Path(keep.best_model_path).name]

    made.test(line, data(), verbose=False)
    [again] = client.runs(project)
    assert (again.run_id, again.state) == (run.run_id, "finished")
    assert "a/test_loss" in points(client, project, run.run_id)


@pytest.mark.usefixtures("traced")
def test_the_program_s_own_run_goes_on(client: Client, project: str, tmp_path: Path) -> None:
    """Nothing is begun, and nothing is ended."""
    with weave_core.run() as run:
        trainer(tmp_path, WeaveLogger()).fit(Line(), data())
        assert run.state == "running"
    assert [each.run_id for each in client.runs(project)] == [run.id]


@pytest.mark.usefixtures("traced")
def test_a_training_that_fails_is_a_failed_run(
    client: Client, project: str, tmp_path: Path
) -> None:
    """The error is the program's own."""
    line = Line()
    line.fails_at = 2
    with pytest.raises(ValueError, match="data are broken"):
        trainer(tmp_path, WeaveLogger()).fit(line, data())
    assert [run.state for run in client.runs(project)] == ["failed"]


@pytest.mark.usefixtures("traced")
def test_other_ranks_are_silent(
    client: Client, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that is not the first of those that were started together begins no run."""
    from lightning.fabric.utilities.rank_zero import rank_zero_only

    weave_core.run(name="alone").finish()
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    trainer(tmp_path, logger := WeaveLogger()).fit(Line(), data())
    assert logger.experiment is None
    assert [run.name for run in client.runs(project)] == ["alone"]


@pytest.mark.usefixtures("traced")
def test_a_failure_of_ours_is_a_warning(broken_run: Any, tmp_path: Path) -> None:
    """The losses are the same as without us."""
    alone, with_us = Line(), Line()
    trainer(tmp_path, False).fit(alone, data())
    trainer(tmp_path, WeaveLogger(broken_run)).fit(with_us, data())
    assert with_us.losses == alone.losses


PROGRAM = """
import weave_core.compat.wandb as wandb

wandb.install()

import json, sys
import lightning, torch
from lightning.pytorch.loggers import WandbLogger
from test_lightning import Line, data, trainer
from pathlib import Path

logger = WandbLogger(project=sys.argv[1], name="line", log_model=True)
line = Line(lr=0.2)
logger.watch(line, log_freq=1)
made = trainer(Path("."), logger, lightning.pytorch.callbacks.ModelCheckpoint(dirpath="kept"))
made.fit(line, data(), data())
logger.log_table(key="rows", columns=["a", "b"], data=[[1, 2]])
print("TOLD " + json.dumps([wandb.run.id, line.losses]))
wandb.finish()
"""


def test_its_own_logger_for_wandb_logs_here(
    run_alone: Callable[[str], Any], client: Client, project: str
) -> None:
    """`WandbLogger` as it is, where `install` was called first: metrics, watch, model, tables."""
    run_id, losses = run_alone(PROGRAM)
    run = client.run(run_id, project)
    found = points(client, project, run_id)
    assert (run.info.name, run.info.state, run.info.config) == ("line", "finished", {"lr": 0.2})
    assert list(found["train_loss"].values()) == pytest.approx(losses)
    assert run.info.metrics["*"].step_metric == "trainer/global_step"
    assert {"gradients/layer.weight", "rows"} <= set(run.media_keys)
    assert [use.role for use in client.list_run_artifacts(project, run_id)] == ["made"]
