"""The pages of sweeps as Streamlit's own test runner draws them, over a real server."""

from uuid import uuid4

import pytest
from support.screens import component_data, draw

from weave_core import Client
from weave_core.app.process import START
from weave_core.app.sweep_charts import best_so_far
from weave_core.model import TrialQuestion, TrialResult

PAGES = START.parents[1] / "pages"
SWEEPS = str(PAGES / "sweeps.py")
SWEEP = str(PAGES / "sweep.py")

pytestmark = pytest.mark.usefixtures("app_reads_the_server")


@pytest.fixture
def sweep_id(client: Client, project: str) -> str:
    """A grid of eight, six of which were tried: one failed, one was stopped."""
    config = {
        "method": "grid",
        "name": "depth *and* rate",
        "metric": {"name": "loss"},
        "parameters": {"lr": {"values": [0.1, 0.2]}, "depth": {"min": 1, "max": 4}},
    }
    made = client.add_sweep(project, config).sweep_id
    states = ["finished", "failed", "finished", "stopped", "finished", "finished"]
    for state, value in zip(states, [3.0, 0.1, 2.0, 5.0, 1.5, 2.5], strict=True):
        question = TrialQuestion(ask_key=uuid4().hex, agent="a")
        trial = client.ask_trial(project, made, question).trial
        assert trial is not None
        told = {"state": state, "value": value, "error": "no memory" if state == "failed" else None}
        result = TrialResult.model_validate({"token": trial.token, **told})
        client.tell_trial(project, made, trial.number, result)
    return made


def test_the_list_says_how_far_sweeps_are(project: str, sweep_id: str) -> None:
    """A row a sweep: state, method, trials, best; it leads to the sweep."""
    [row] = component_data(draw(SWEEPS, project=project), "figure_table")["rows"]
    assert row["url"] == f"./sweep?project={project}&sweep={sweep_id}"
    name, state, method, trials, best, _ = row["cells"]
    assert (name["text"], state["text"], method) == ("depth *and* rate", "running", "grid")
    assert (trials, best) == ("6 of 8, 1 stopped, 1 failed", "loss 1.5 (trial 4)")


def test_a_sweep_shows_its_trials_and_the_best_so_far(
    client: Client, project: str, sweep_id: str
) -> None:
    """A row a trial, newest first, the best one marked; a failed one says why and is no best."""
    table = component_data(draw(SWEEP, project=project, sweep=sweep_id), "figure_table")
    assert [name for name, _ in table["columns"]][:5] == ["Trial", "State", "loss", "lr", "depth"]
    assert [row["id"] for row in table["rows"]] == ["5", "4", "3", "2", "1", "0"]
    assert [row["id"] for row in table["rows"] if row["is_on"]] == ["4"]
    assert table["rows"][4]["cells"][5]["text"] == "no memory"
    trials = client.list_trials(project, sweep_id)
    line = best_so_far(client.get_sweep(project, sweep_id), trials)
    assert line == [(0, 3.0), (2, 2.0), (3, 2.0), (4, 1.5), (5, 1.5)]


def test_relations_and_importance_are_of_the_parameters(project: str, sweep_id: str) -> None:
    """The same drawings as of runs, over the trials."""
    at = {"project": project, "sweep": sweep_id}
    relations = component_data(draw(SWEEP, **at, view="Relations"), "run_relations")
    assert [axis["name"] for axis in relations["axes"]] == ["depth", "lr", "loss"]
    assert len(relations["runs"]) == 6
    shown = component_data(draw(SWEEP, **at, view="Importance"), "figure_table")
    assert {row["cells"][0]["text"] for row in shown["rows"]} == {"depth", "lr"}


def test_a_sweep_is_paused_on_its_page(client: Client, project: str, sweep_id: str) -> None:
    """A press on the button pauses it; then there is one to go on."""
    screen = draw(SWEEP, project=project, sweep=sweep_id)
    screen.button(key="move_paused").click().run()
    assert client.get_sweep(project, sweep_id).state == "paused"
    assert screen.button(key="move_running").label == "Resume"
