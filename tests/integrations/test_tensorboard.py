"""A TensorBoard folder that is followed while it is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.programs import wait_for
from support.servers import ServerProcess
from support.trainings import points, training

import weave_core
from weave_core import Client
from weave_core.integrations.tensorboard import follow

EVENTS = next((Path(__file__).parents[1] / "data" / "foreign_runs" / "tb" / "first").iterdir())


@pytest.fixture
def traced(server: ServerProcess, project: str, tmp_path: Path) -> Iterator[None]:
    """Tracing as a training program has it."""
    with training(project, server.url, tmp_path / "home"):
        yield


@pytest.mark.usefixtures("traced")
def test_a_folder_is_followed_while_it_grows(client: Client, project: str, tmp_path: Path) -> None:
    """A record that is half written waits for its rest; the end reads what is left."""
    body, folder = EVENTS.read_bytes(), tmp_path / "runs"
    with weave_core.run() as run, follow(folder):
        (folder / "below").mkdir(parents=True)
        with (folder / EVENTS.name).open("wb") as file:
            file.write(body[:170])
            file.flush()
            wait_for(lambda: run.step > 0)
            file.write(body[170:])
        (folder / "below" / EVENTS.name).write_bytes(body)
        run.log({"own": 1.0})
    found = points(client, project, run.id)
    assert found["loss"] == pytest.approx({step: 1 / (step + 1) for step in range(5)})
    assert found["below/loss"] == found["loss"]
    assert set(found["own"].values()) == {1.0}


@pytest.mark.usefixtures("traced")
def test_a_run_is_begun_and_a_broken_file_left(
    client: Client, project: str, tmp_path: Path
) -> None:
    """What is no event file costs only itself."""
    (tmp_path / "events.out.tfevents.0").write_bytes(b"nothing that is an event")
    (tmp_path / EVENTS.name).write_bytes(EVENTS.read_bytes())
    with follow(tmp_path, name="followed"):
        pass
    [run] = client.runs(project)
    assert (run.name, run.state) == ("followed", "finished")
    assert len(points(client, project, run.run_id)["loss"]) == 5
