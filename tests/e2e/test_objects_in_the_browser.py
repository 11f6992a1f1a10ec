"""Objects in a real browser: from a trace into a dataset and back, and many rows."""

import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect
from support.otlp import agent_trace, new_span, new_trace_id, send_spans
from support.servers import ServerProcess

import weave_core
from weave_core import Client, Dataset

from .conftest import Window
from .test_hostile_traces import ALL, FIND_LIVE_PARTS, OPEN_EVERYTHING

pytestmark = pytest.mark.browser


def name_dataset(page: Page, name: str) -> None:
    """Type the name of a new dataset."""
    box = page.get_by_role("combobox", name="Dataset")
    box.fill(name)
    box.press("Enter")


def test_from_a_trace_into_a_dataset_and_back(
    server: ServerProcess, project: str, client: Client, window: Window
) -> None:
    """A span becomes a row that is corrected first; the row leads back to its span."""
    spans = agent_trace(question="Where is order 5?", answer="In Norway.")
    send_spans(server.url, project, spans)
    page = window.page
    window.open(f"/trace?project={project}&trace={spans[0].trace_id.hex()}")
    page.get_by_role("button", name="Add to dataset").click()
    row = page.get_by_label("Row", exact=True)
    expect(row).to_have_value(
        '{\n  "question": "Where is order 5?",\n  "expected": "In Norway."\n}'
    )
    row.fill('{"question": "Where is order 5?", "expected": "In Sweden."}')
    row.press("Control+Enter")
    name_dataset(page, "regressions")
    page.get_by_role("button", name="Add 1 row").click()

    expect(page.locator(".object-header[data-ready]")).to_contain_text("regressions")
    expect(page.locator(".json-value")).to_contain_text("In Sweden.")
    assert client.list_rows(project, "regressions").items[0].row["expected"] == "In Sweden."
    page.get_by_role("link", name="Its trace").click()
    expect(page.locator(".trace-header[data-ready]")).to_be_visible()
    assert spans[0].span_id.hex() in page.url


def test_marked_traces_become_rows(
    server: ServerProcess, project: str, client: Client, window: Window
) -> None:
    """Two rows of the list, edited in a table, in one version."""
    for number in range(3):
        spans = agent_trace(question=f"{number * 991}?", answer=f"{number * 977}." * 9)
        send_spans(server.url, project, spans)
    page = window.page
    window.open(f"/?project={project}")
    expect(page.locator(".trace-list[data-ready='3']")).to_be_visible()
    for place in (0, 2):
        page.locator(".trace-list .pick").nth(place).check()
    page.locator(".trace-list").get_by_role("button", name="Add to dataset").click()
    expect(page.get_by_text("Each row keeps which span it is from")).to_be_visible()
    name_dataset(page, "late")
    page.get_by_role("button", name="Add 2 rows").click()
    expect(page.locator(".figure-table[data-ready='2'] [aria-label='Rows']")).to_be_visible()
    assert client.list_rows(project, "late").version.version == 1


def test_many_rows_are_paged_searched_and_opened(
    project: str, client: Client, window: Window
) -> None:
    """The server finds a row among thousands; it opens below, and the address tells the view."""
    rows = ({"question": f"what is {n}?", "text": "words " * 100} for n in range(3_000))
    weave_core.publish(Dataset(rows, name="many"), project=project, client=client)
    page = window.page
    window.open(f"/objects?project={project}")
    page.locator(".figure-table .open", has_text="many").click()
    table = page.locator(".figure-table[data-ready='50'] [aria-label='Rows']")
    expect(table).to_be_visible()
    page.get_by_role("button", name="Next rows").click()
    expect(table.locator(".tr[data-id='50']")).to_be_visible()
    page.get_by_label("Search").fill("WHAT IS 2712")
    page.get_by_label("Search").press("Enter")
    found = page.locator(".figure-table[data-ready='1'] [aria-label='Rows'] .open")
    expect(found).to_have_text("2,712")
    found.click()
    expect(page.locator(".json-value")).to_contain_text("what is 2712?")
    page.reload()
    expect(page.locator(".json-value")).to_contain_text("what is 2712?")


def test_nothing_of_an_object_runs(
    server: ServerProcess, project: str, client: Client, new_window: Callable[..., Window]
) -> None:
    """Columns, values, tags and prompts are written by strangers: text on every page."""
    row = {ALL: ALL, "[x](javascript:alert(1))": {"![x](http://evil.example/x.png)": ALL}}
    client.add_rows(project, "set", [row, {"a": ALL}], added_by=ALL[:150])
    client.add_rows(project, "set", [{"b": ALL, "metadata": {"trace_id": ALL, "project": ALL}}])
    for text in (ALL, "<b>x</b>"):
        client.publish_object(project, "prompt", "p", {ALL: text}, tags=[ALL[:120]])
    said = {"input.value": json.dumps(row), "output.value": ALL}
    attack = new_span(ALL, new_trace_id(), start_ns=10**18, duration_ms=1, attributes=said)
    send_spans(server.url, project, [attack])
    window = new_window("dark")
    page = window.page
    dataset = {"project": project, "object": "dataset/set"}
    prompt = {"project": project, "object": "prompt/p"}
    trace = {"project": project, "span": attack.span_id.hex(), "trace": attack.trace_id.hex()}
    for path, query, ready in (
        ("objects", {"project": project}, ".figure-table .tr"),
        ("object", {**dataset, "row": "0"}, ".json-value"),
        ("object", {**dataset, "row": "2"}, ".json-value"),
        ("object", {**dataset, "view": "Changes"}, "[aria-label='Changes']"),
        ("object", prompt, ".json-value"),
        ("object", {**prompt, "view": "Changes"}, ".text-diff"),
        ("add_rows", trace, "[data-testid=stTextArea]"),
    ):
        window.open(f"/{path}?{urlencode(query)}")
        expect(page.locator(ready).first).to_be_visible()
        page.evaluate(OPEN_EVERYTHING)
        assert page.evaluate(FIND_LIVE_PARTS) == []
        assert page.evaluate("window.hacked") is None
