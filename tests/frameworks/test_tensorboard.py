"""What a program writes with its SummaryWriters, in the run as well."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorboardX
import torch
from support.programs import wait_for
from support.trainings import points
from torch.utils.tensorboard import SummaryWriter

import weave_core
from weave_core import Client
from weave_core.compat import wandb
from weave_core.integrations.tensorboard import patch

RED = np.zeros((3, 4, 6), dtype="uint8")
RED[0] = 255


def fit(writer: Any) -> None:
    """A short training that tells a writer of every kind of thing."""
    model, batch = torch.nn.Linear(3, 1), torch.ones(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(3):
        loss = model(batch).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        writer.add_scalar("train/loss", loss.item(), step)
        writer.add_histogram("weights", model.weight.detach().numpy(), step)
    writer.add_image("picture", RED, 2)
    writer.add_text("notes", "# It went well", 2)
    if isinstance(writer, SummaryWriter):  # tensorboardX needs soundfile for it.
        writer.add_audio("tone", torch.sin(torch.arange(800) / 8)[None], 2, sample_rate=8000)
    name = "run_name" if isinstance(writer, SummaryWriter) else "name"
    writer.add_hparams({"lr": 0.1}, {"best": 0.5}, **{name: "trial"})


@pytest.mark.parametrize("make", [SummaryWriter, tensorboardX.SummaryWriter])
@pytest.mark.usefixtures("traced")
def test_what_a_writer_is_told_is_in_the_run(
    client: Client, project: str, tmp_path: Path, make: Callable[[str], Any]
) -> None:
    """Numbers, pictures, histograms, sounds, texts and settings, and the files as ever."""
    with weave_core.run() as run, patch():
        writer = make(str(tmp_path / "board"))
        fit(writer)
        assert run.step == 2, "the run is told at once, not when the file is written"
        writer.close()
    found = points(client, project, run.id)
    assert set(found["train/loss"]) == {0, 1, 2}
    assert found["trial/best"] == {0: 0.5}
    stored = client.run(run.id, project)
    assert stored.info.config["lr"] == 0.1
    shown = {key: list(stored.media(key)) for key in stored.media_keys}
    kinds = {key: (each[0].kind, len(each)) for key, each in shown.items()}
    assert kinds.pop("tone", None) == (("audio", 1) if make is SummaryWriter else None)
    assert kinds == {
        "notes": ("markdown", 1), "picture": ("image", 1), "weights": ("histogram", 3)
    }  # fmt: skip
    assert sum(shown["weights"][0].info["counts"]) == 3
    assert stored.info.problems == {}
    assert list((tmp_path / "board").glob("*tfevents*")), "the files are written as ever"
    make(str(tmp_path / "later")).add_scalar("late", 1.0, 0)
    assert "late" not in points(client, project, run.id), "what came after the block was logged"


@pytest.mark.usefixtures("traced")
def test_scripts_of_wandb_sync_their_writers(client: Client, project: str, tmp_path: Path) -> None:
    """`sync_tensorboard=True` does here what it does there."""
    with (
        wandb.init(id="synced", sync_tensorboard=True),
        SummaryWriter(str(tmp_path / "board")) as writer,
    ):
        writer.add_scalar("loss", 0.5, 3)
        writer.add_scalars("both", {"one": 1.0}, 3)
    found = points(client, project, "synced")
    assert (found["loss"], found["both_one/both"]) == ({3: 0.5}, {3: 1.0})


@pytest.mark.usefixtures("traced")
def test_a_failure_of_ours_leaves_the_writer_alone(tmp_path: Path, broken_run: Any) -> None:
    """The file has what it would have without us."""
    with patch(run=broken_run), SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("loss", 0.5, 1)
    wait_for(lambda: b"loss" in next(tmp_path.glob("*tfevents*")).read_bytes())
