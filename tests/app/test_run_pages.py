"""The pages of runs as Streamlit's own test runner draws them, over a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from support.programs import wait_for
from support.screens import draw
from support.sent_spans import otlp_span, send_spans
from support.servers import ServerProcess
from support.trainings import training

import weave_core
from weave_core import Client
from weave_core.app.process import START
from weave_core.app.run_charts import metric_chart, sections_of
from weave_core.model import RunSeries

PAGES = START.parents[1] / "pages"
RUNS = str(PAGES / "runs.py")
RUN = str(PAGES / "run.py")


@pytest.fixture(autouse=True)
def app_reads_the_server(server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The app is told its server by the environment, as the command line tells it."""
    monkeypatch.setenv("WEAVE_CORE_ENDPOINT", server.url)
    st.cache_data.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def project_with_runs(server: ServerProcess, client: Client, project: str, tmp_path: Path) -> str:
    """Two runs, one of which has a metric that became NaN and something that was left out."""
    with training(project, server.url, tmp_path / "home"):
        for number in range(2):
            config = {"lr": 0.1, "model": {"depth": number}}
            with weave_core.run(name=f"r{number}", id=f"r{number}", config=config) as run:
                for step in range(20):
                    run.log({"loss": 1.0 / (step + 1), "val": {"acc": step}}, step=step)
                if number:
                    run.log({"loss": float("nan"), "note": "text"})
    wait_for(lambda: all("loss" in each.summary for each in client.runs(project)))
    return project


def test_the_list_has_config_and_metrics(project_with_runs: str) -> None:
    """A row says how a run stands, what its metrics came to and what it was started with."""
    [table] = draw(RUNS, project=project_with_runs).dataframe
    newest, oldest = table.value.to_dict("records")
    assert newest["run"] == f"./run?project={project_with_runs}&run=r1&name=r1"
    assert (oldest["state"], oldest["step"], oldest["metric loss"]) == ("finished", 19, 0.05)
    assert newest["metric loss"] != newest["metric loss"]
    assert (newest["config model.depth"], oldest["config model.depth"]) == ("1", "0")


def test_the_list_is_filtered_and_says_what_is_wrong_with_a_filter(project_with_runs: str) -> None:
    """The filter language of all lists; an error stands under its place."""
    [table] = draw(RUNS, project=project_with_runs, filter="config['model.depth'] = 0").dataframe
    wrong = draw(RUNS, project=project_with_runs, filter="metrics['loss'] = 'low'")
    assert list(table.value["metric loss"]) == [0.05]
    assert any("is a number" in each.value for each in wrong.text)


def test_a_project_without_runs_says_how_to_begin(server: ServerProcess, project: str) -> None:
    """Whoever has logged nothing yet is told what to write."""
    send_spans(server.url, project, [otlp_span(1, 1)])
    screen = draw(RUNS, project=project)
    assert any(f'weave_core.run("{project}"' in each.value for each in screen.markdown)


def test_a_run_shows_what_was_left_out_and_its_config(project_with_runs: str) -> None:
    """What was no number is said, not hidden."""
    screen = draw(RUN, project=project_with_runs, run="r1")
    assert any(each.value.startswith("note: a str was logged") for each in screen.text)
    assert any("depth" in each.value for each in screen.json)


def test_a_chart_draws_gaps_and_what_a_log_axis_has() -> None:
    """NaN is a gap; a logarithm has no zero; a key is data, never markup."""
    series = RunSeries(run_id="a", key="<b>", count=4, steps=[0, 1, 2, 3], values=[1, "NaN", 0, 2])
    plain = metric_chart("<b>", [series], names={}, x="step")["series"][0]
    logged = metric_chart("<b>", [series], names={"a": "first"}, x="step", is_log=True)["series"][0]
    assert plain["data"] == [[0, 1], [1, None], [2, 0], [3, 2]]
    assert (plain["name"], logged["name"]) == ("<b>", "first")
    assert logged["data"][2] == [2, None]
    assert sections_of(["val/b", "a", "val.a", ".x"]) == {
        "": [".x", "a"],
        "val": ["val.a", "val/b"],
    }
