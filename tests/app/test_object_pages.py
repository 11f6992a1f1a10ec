"""The pages of objects, and of rows for a dataset, as Streamlit's own test runner draws them."""

from typing import Any

import pytest
from support.evaluations import send_evaluation
from support.otlp import agent_trace, send_spans
from support.screens import component_data, components_data, draw
from support.servers import ServerProcess

import weave_core
from weave_core import Client, Dataset
from weave_core.app.process import START

PAGES = START.parents[1] / "pages"
OBJECTS = str(PAGES / "objects.py")
OBJECT = str(PAGES / "object.py")
ADD_ROWS = str(PAGES / "add_rows.py")
ROWS = [{"question": f"question {n}", "expected": f"answer {n * n}"} for n in range(120)]


pytestmark = pytest.mark.usefixtures("app_reads_the_server")


@pytest.fixture
def published(client: Client, project: str) -> str:
    """A project with a dataset, and a prompt in two versions."""
    weave_core.publish(Dataset(ROWS, name="golden"), project=project, client=client)
    for text in ("Be terse.\nBe kind.", "Be terse.\nBe honest."):
        client.publish_object(
            project, "prompt", "desk", {"system": text}, aliases=[f"a{len(text)}"], tags=["v"]
        )
    return project


def table(screen: Any, label: str) -> dict[str, Any]:
    """The table of that name."""
    return next(t for t in components_data(screen, "figure_table") if t["label"] == label)


def test_objects_are_listed_by_kind_with_their_names(published: str) -> None:
    """One row an object: its latest version, what leads to it, and how large it is."""
    screen = draw(OBJECTS, project=published)
    rows = table(screen, "Objects")["rows"]
    assert [row["cells"][:5] for row in rows] == [
        ["golden", {"text": "dataset", "dim": True}, "1", "", ""],
        ["desk", {"text": "prompt", "dim": True}, "2", "a20", "v"],
    ]
    only = draw(OBJECTS, project=published, kind="prompt")
    assert [row["cells"][0] for row in table(only, "Objects")["rows"]] == ["desk"]


def test_a_prompt_shows_what_it_says_and_what_changed(published: str) -> None:
    """Its content as a tree, and line by line against the version before."""
    screen = draw(OBJECT, project=published, object="prompt/desk")
    assert component_data(screen, "object_header")["version"] == 2
    assert component_data(screen, "json_value")["value"] == {"system": "Be terse.\nBe honest."}
    assert [row["cells"][0] for row in table(screen, "Versions")["rows"]] == [
        "v2", "v1",
    ]  # fmt: skip
    changes = draw(OBJECT, project=published, object="prompt/desk", view="Changes")
    [section] = component_data(changes, "text_diff")["sections"]
    assert [row["op"] for row in section["rows"] if row["op"] != "same"] == ["changed"]


def test_rows_are_paged_searched_and_opened(published: str) -> None:
    """A page of the server's, what it found, and one row in full."""
    where = {"project": published, "object": "dataset/golden"}
    screen = draw(OBJECT, **where, start="100")
    rows = table(screen, "Rows")
    assert [name for name, _ in rows["columns"]] == ["Row", "expected", "question"]
    assert [row["cells"][0] for row in rows["rows"]] == [str(n) for n in range(100, 120)]
    assert component_data(screen, "object_header")["rows"] == 120
    found = draw(OBJECT, **where, find="ANSWER 49", row="7")
    assert [row["id"] for row in table(found, "Rows")["rows"]] == ["7", "70"]
    assert component_data(found, "json_value")["value"] == ROWS[7]


def test_who_used_a_version_is_told(server: ServerProcess, client: Client, published: str) -> None:
    """Evaluations on it, and calls that got it."""
    version = client.get_object(published, "dataset", "golden")
    subject = {"name": "golden", "version": version.digest}
    for number, dataset in enumerate(
        (subject, {"name": "golden", "version": "sha256:" + 64 * "0"})
    ):
        send_evaluation(
            server.url, published, f"{number}" * 32, [1.0] * 3, name="support", dataset=dataset
        )
    screen = draw(OBJECT, project=published, object="dataset/golden", view="Used by")
    assert [row["id"] for row in component_data(screen, "evaluation_list")["rows"]] == ["0" * 32]


def test_a_span_becomes_a_row_that_says_where_it_is_from(
    server: ServerProcess, client: Client, project: str
) -> None:
    """What went in and came out, edited, in a new version; a second time it is told first."""
    spans = agent_trace(question="Where is the order 1 of last week, please?", answer="On its way.")
    send_spans(server.url, project, spans)
    where = {"trace": spans[0].trace_id.hex(), "span": spans[0].span_id.hex()}

    # Streamlit's runner chooses among what is offered; a new name is typed in tests/e2e.
    client.add_rows(project, "regressions", [{"question": "none of these", "expected": "no"}])

    screen = draw(ADD_ROWS, project=project, **where)
    offered = screen.text_area[0].value or ""
    assert '"question": "Where is the order 1 of last week, please?"' in offered
    screen.text_area[0].set_value(
        '{"question": "Where is the order 1 of last week, please?", "expected": "On its way!"}'
    )
    screen.selectbox(key="add_to").set_value("regressions").run()
    screen.text_input(key="added_by").set_value("ada").run()
    screen.button[-1].click().run()
    assert not screen.exception

    _, row = client.list_rows(project, "regressions").items
    assert row.row["expected"] == "On its way!"
    origin = row.row["metadata"]
    assert (origin["trace_id"], origin["span_id"]) == (where["trace"], where["span"])
    assert origin["added_by"] == "ada"
    shown = draw(OBJECT, project=project, object="dataset/regressions", row="1")
    assert where["span"] in component_data(shown, "json_value")["source"]

    again = draw(ADD_ROWS, project=project, **where)
    again.text_area[0].set_value(
        '{"question": "Where is the order 1 of last week, please?", "expected": "On its way!!"}'
    )
    again.selectbox(key="add_to").set_value("regressions").run()
    again.button[-1].click().run()
    assert client.list_rows(project, "regressions").count == 2, "it is shown first"
    assert "alike" in table(again, "Rows that stand there already")["rows"][0]["cells"][1]
    again.button[-1].click().run()
    assert client.list_rows(project, "regressions").count == 3


def test_many_traces_become_rows(server: ServerProcess, client: Client, project: str) -> None:
    """Those that were picked, or all that pass a filter, in a table to edit."""
    for number in range(3):
        send_spans(
            server.url,
            project,
            agent_trace(
                question=f"{number * 977}?", answer=f"{number * 991}." * 9, user=f"user{number}"
            ),
        )
    wanted = client.list_traces(project, filter="user_id <> 'user1'").items
    for query in (
        {"list": "1", "filter": "user_id <> 'user1'"},
        {"traces": ",".join(each.trace_id for each in wanted)},
    ):
        client.add_rows(project, f"set{len(query)}", [{"question": "another one"}])
        screen = draw(ADD_ROWS, project=project, **query)
        screen.selectbox(key="add_to").set_value(f"set{len(query)}").run()
        assert screen.button[-1].label == "Add 2 rows"
        screen.button[-1].click().run()
        assert not screen.exception
        rows = client.list_rows(project, f"set{len(query)}", start=1).items
        assert {each.row["question"] for each in rows} == {"0?", "1954?"}
        assert {each.row["metadata"]["trace_id"] for each in rows} == {
            each.trace_id for each in wanted
        }


def test_a_wrong_address_says_what_to_do(published: str) -> None:
    """No object, no such object, no span, and a dataset that is no list of rows."""
    for page, query, said in (
        (OBJECT, {}, "the address names no object"),
        (OBJECT, {"object": "prompt/nothing"}, "there is no prompt 'nothing'"),
        (OBJECT, {"object": "dataset/golden", "version": "9"}, "has no version '9'"),
        (ADD_ROWS, {}, "the address names no span"),
    ):
        screen = draw(page, project=published, **query)
        assert said in "\n".join(each.value for each in screen.text), said
