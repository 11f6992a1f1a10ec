"""The pages of evaluations as Streamlit's own test runner draws them, over a real server."""

import random

import pytest
from support.evaluations import send_evaluation
from support.screens import component_data, components_data, draw
from support.servers import ServerProcess

from weave_core.app.process import START

PAGES = START.parents[1] / "pages"
EVALUATIONS = str(PAGES / "evaluations.py")
EVALUATION = str(PAGES / "evaluation.py")
VERSUS = str(PAGES / "versus.py")
OLD, NEW = "aa" * 16, "bb" * 16


pytestmark = pytest.mark.usefixtures("app_reads_the_server")


@pytest.fixture
def two_evaluations(server: ServerProcess, project: str) -> str:
    """A project with an evaluation and a better one on the same sixty items."""
    chance = random.Random(7)
    for evaluation_id, share in ((OLD, 0.4), (NEW, 0.9)):
        scores = [float(chance.random() < share) for _ in range(60)]
        send_evaluation(server.url, project, evaluation_id, scores, name="support")
    return project


def test_the_list_has_each_evaluation_with_its_interval(two_evaluations: str) -> None:
    """A row says what was judged, on what, how it came out, and where the true mean lies."""
    screen = draw(EVALUATIONS, project=two_evaluations)
    data = component_data(screen, "evaluation_list")
    newest, oldest = data["rows"]
    assert (newest["id"], oldest["id"]) == (NEW, OLD)
    [score] = newest["scores"]
    assert score["name"] == "exact"
    assert score["low"] < score["value"] < score["high"]
    assert score["words"].endswith(" %")
    assert newest["url"] == f"./evaluation?project={two_evaluations}&evaluation={NEW}"


def test_the_leaderboard_has_the_best_task_first(two_evaluations: str) -> None:
    """One row a version of the task, on one dataset, by one scorer."""
    screen = draw(EVALUATIONS, project=two_evaluations, view="leaderboard")
    data = component_data(screen, "evaluation_list")
    assert [row["id"] for row in data["rows"]] == [NEW, OLD]
    assert data["is_ranked"]


def test_an_evaluation_shows_what_its_items_are(two_evaluations: str) -> None:
    """Head, scorers with intervals, and the items: the worst first, where that is asked for."""
    screen = draw(EVALUATION, project=two_evaluations, evaluation=NEW, items="worst by exact")
    head = component_data(screen, "evaluation_header")
    assert head["name"] == "support"
    assert ["Items", "60", ""] in head["facts"]
    tables = components_data(screen, "figure_table")
    scorers, items = (
        next(table for table in tables if table["label"] == label) for label in ("Scorers", "Items")
    )
    assert scorers["rows"][0]["cells"][0] == "exact"
    assert len(items["rows"]) == 50
    assert items["rows"][0]["cells"][3]["text"] == "no"
    assert items["rows"][0]["url"].startswith(f"./trace?project={two_evaluations}&trace=")


def test_a_judge_is_shown_with_its_corrected_rate_and_its_parts(
    server: ServerProcess, project: str
) -> None:
    """The rate that people would give stands below the judge's own; a score tells each claim."""
    checked = {"n": 40, "people_mean": 0.5, "judge_mean": 0.6}
    checked |= {"people_variance": 0.25, "judge_variance": 0.24, "covariance": 0.2}
    parts = [{"claim": "it is late", "holds": False, "reason": "no document says so"}]
    send_evaluation(
        server.url,
        project,
        OLD,
        [1.0] * 30 + [0.0] * 10,
        name="judged",
        detail=parts,
        scorers=[{"name": "exact", "rectifier": checked}],
    )
    screen = draw(EVALUATION, project=project, evaluation=OLD)
    tables = {table["label"]: table for table in components_data(screen, "figure_table")}
    names = [row["cells"][0] for row in tables["Scorers"]["rows"]]
    assert names == ["exact", "exact.corrected"]
    assert "%" in tables["Scorers"]["rows"][1]["cells"][1]
    cell = tables["Items"]["rows"][0]["cells"][3]
    assert cell["title"] == "no: it is late (no document says so)"


def test_two_evaluations_are_compared_item_by_item(two_evaluations: str) -> None:
    """The difference with its interval and verdict, and the items that came out otherwise."""
    screen = draw(VERSUS, project=two_evaluations, ids=f"{OLD},{NEW}")
    tables = components_data(screen, "figure_table")
    difference = next(table for table in tables if "against" in table["label"])
    [row] = difference["rows"]
    assert row["cells"][0] == "exact"
    assert row["cells"][3].startswith("+")
    assert row["cells"][7] == {"verdict": "better", "text": "better"}
    flips = next(table for table in tables if table["label"] == "Items that changed")
    assert flips["rows"][0]["is_on"]
    diff = component_data(screen, "text_diff")
    assert [section["name"] for section in diff["sections"]] == ["Input", "Output"]


def test_a_wrong_address_says_what_to_do(two_evaluations: str) -> None:
    """An unknown evaluation, none, and too many."""
    unknown = draw(EVALUATION, project=two_evaluations, evaluation="cc" * 16)
    assert "there is no evaluation" in unknown.text[0].value
    none = draw(VERSUS, project=two_evaluations)
    assert "names no evaluation" in none.text[0].value
    many = draw(VERSUS, project=two_evaluations, ids="1,2,3,4,5,6")
    assert "compare 2 to 5" in "\n".join(each.value for each in many.text)


def test_an_empty_project_says_how_to_begin(project: str, server: ServerProcess) -> None:
    """Someone without evaluations is told what to type."""
    send_evaluation(server.url, project, OLD, [], name="support")
    screen = draw(EVALUATIONS, project=project, name="nothing of that name")
    data = component_data(screen, "evaluation_list")
    assert data["rows"] == []
    assert "weave_core.Evaluation(" in data["empty"]
