"""The pages of monitors and alerts as Streamlit's test runner draws them, over a real server."""

import asyncio

import pytest
from support.monitors import add_monitor, send_answers, work
from support.screens import component_data, components_data, draw
from support.servers import ServerProcess

from weave_core import Client
from weave_core.app.process import START
from weave_core.evals.alert_channels import AlertPost
from weave_core.evals.alert_workers import AlertWorker
from weave_core.model import NewAlert

PAGES = START.parents[1] / "pages"
MONITORS, WATCH, ALERTS = (str(PAGES / f"{name}.py") for name in ("monitors", "watch", "alerts"))

pytestmark = pytest.mark.usefixtures("app_reads_the_server")


def careful(output: str) -> float:
    """A scorer that knows nothing of sevens."""
    if "7" in output:
        raise ValueError("no idea of sevens")
    return len(output) / 10


@pytest.fixture
def scored(server: ServerProcess, client: Client, project: str) -> list[str]:
    """A monitor that has judged four traces, one of them in vain; their ids."""
    add_monitor(client, project, "watch", f"{__name__}:careful", budget={"calls_per_hour": 100})
    traces = send_answers(server.url, project, ["a", "longer", "a 7", "ab"])
    work(client, project)
    return traces


def test_the_list_says_how_far_monitors_are_and_what_they_take(
    project: str, scored: list[str]
) -> None:
    """A row a monitor: state, filter, share, counts, spend against its budget; it leads to it."""
    assert len(scored) == 4
    [row] = component_data(draw(MONITORS, project=project), "figure_table")["rows"]
    assert row["url"] == f"./watch?project={project}&monitor=watch"
    name, state, watches, share, _, done, failed, waiting, spent = row["cells"]
    assert (name["text"], state["text"], watches["text"]) == ("watch", "active", "is_root")
    assert (share, done["text"], failed["text"], waiting) == ("100 %", "3", "1", "0")
    assert done["title"] == "100 % of 4 that matched"
    assert spent == "4 of 100 calls"


def test_a_monitor_shows_its_mean_its_worst_traces_and_its_errors(
    client: Client, project: str, scored: list[str]
) -> None:
    """The mean leaves errors out; the worst come first and lead to their traces."""
    at = {"project": project, "monitor": "watch"}
    [row] = component_data(draw(WATCH, **at), "figure_table")["rows"]
    name, mean, _, count, errors = row["cells"]
    assert (name, mean, count, errors["text"]) == ("careful", "0.3", "3", "1")
    worst = component_data(draw(WATCH, **at, view="Worst"), "figure_table")["rows"]
    assert [row["cells"][1] for row in worst] == ["0.1", "0.2", "0.6"]
    assert f"trace={scored[0]}" in worst[0]["url"]
    [error] = component_data(draw(WATCH, **at, view="Errors"), "figure_table")["rows"]
    assert error["cells"][2]["text"] == "ValueError: no idea of sevens"
    screen = draw(WATCH, **at)
    screen.button(key="pause").click().run()
    assert client.get_monitor(project, "watch").state == "paused"


def test_alerts_stand_with_what_was_measured_and_their_history(
    client: Client, project: str, scored: list[str]
) -> None:
    """One that fires is seen as such, with its event; a press on the button mutes it."""
    assert scored
    rule = {"name": "busy", "measure": "count", "condition": "above", "threshold": 3}
    client.add_alert(project, NewAlert.model_validate(rule))
    worker = AlertWorker(client, AlertPost({}, "http://app.example"), projects=[project])
    asyncio.run(worker.run(asyncio.Event(), until_idle=True))
    screen = draw(ALERTS, project=project, alert="busy")
    listed, history = components_data(screen, "figure_table")
    [row] = listed["rows"]
    assert [cell["text"] for cell in row["cells"][:4]] == [
        "busy",
        "firing",
        "count above 3 in 15 min",
        "count is 4 in 15 min; told of above 3",
    ]
    [event] = history["rows"]
    assert (event["cells"][2]["text"], event["cells"][4]["text"]) == ("firing", "nobody")
    screen.button(key="mute").click().run()
    assert client.get_alert(project, "busy").muted_until_ns is not None
