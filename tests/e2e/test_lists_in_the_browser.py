"""What a person does with many traces: narrow, search, save, compare, talk through, watch."""

import re
import time

import pytest
from playwright.sync_api import Page, expect
from support.otlp import agent_trace, new_span, new_trace_id, send_spans
from support.servers import ServerProcess
from support.telemetry import log_record, send_counter, send_logs

from .conftest import Window

pytestmark = pytest.mark.browser


def wait_for_rows(page: Page, count: int) -> None:
    """Until the list shows `count` traces."""
    expect(page.locator(".trace-list .tr[data-id]")).to_have_count(count)


def test_a_facet_narrows_the_list_and_widens_it_again(
    server: ServerProcess, project: str, window: Window
) -> None:
    """A click writes into the filter and the address, another takes it out."""
    for user in ("ada", "ada", "o'hara"):
        send_spans(server.url, project, agent_trace(user=user))
    page = window.page
    window.open(f"/?project={project}")
    wait_for_rows(page, 3)
    value = page.locator('.facets .value[data-value="o\'hara"]')
    expect(value.locator(".n")).to_have_text("1")

    value.click()
    wait_for_rows(page, 1)
    expect(page.get_by_label("Filter")).to_have_value("user_id = 'o''hara'")
    expect(page).to_have_url(re.compile("filter=user_id"))
    expect(value).to_have_attribute("aria-pressed", "true")

    value.click()
    wait_for_rows(page, 3)
    page.locator(".facets section[data-field=user_id] .fold").press("Enter")
    expect(page.locator(".facets section[data-field=user_id] .value")).to_have_count(0)
    page.get_by_text("Facets", exact=True).click()
    expect(page.locator(".facets")).to_have_count(0)
    expect(page).to_have_url(re.compile("facets=false"))


def test_the_search_box_looks_through_all_texts(
    server: ServerProcess, project: str, window: Window
) -> None:
    """Words are found in what went in, and the search is part of the filter."""
    send_spans(server.url, project, agent_trace(question="Where is my umbrella?"))
    send_spans(server.url, project, agent_trace(question="Where is my lamp?"))
    page = window.page
    window.open(f"/?project={project}")
    wait_for_rows(page, 2)

    page.get_by_label("Search").fill("umbrella")
    page.get_by_label("Search").press("Enter")

    wait_for_rows(page, 1)
    expect(page.get_by_label("Filter")).to_have_value("text_search('umbrella')")
    page.get_by_label("Search").fill("")
    page.get_by_label("Search").press("Enter")
    wait_for_rows(page, 2)


def test_a_saved_view_is_a_link_to_the_list_as_it_was(
    server: ServerProcess, project: str, window: Window
) -> None:
    """Filter and columns come back, for a colleague too."""
    send_spans(server.url, project, agent_trace(is_failed=True))
    send_spans(server.url, project, agent_trace())
    page = window.page
    window.open(f"/?project={project}&filter=status+%3D+'error'&cols=started,service")
    wait_for_rows(page, 1)
    expect(page.locator(".trace-list .th")).to_contain_text("Service")

    page.get_by_role("button", name="Views").click()
    page.get_by_label("Save this view as").fill("Failed *today*")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Failed *today*", exact=True)).to_be_visible()
    window.open(f"/?project={project}")
    wait_for_rows(page, 2)
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="Failed *today*", exact=True).click()

    wait_for_rows(page, 1)
    expect(page.get_by_label("Filter")).to_have_value("status = 'error'")
    expect(page.locator(".trace-list .th")).not_to_contain_text("Cost")
    view = re.search(r"view=([0-9a-f]+)", page.url)
    assert view is not None
    window.open(f"/?project={project}&view={view[1]}")
    wait_for_rows(page, 1)


def test_two_rows_are_picked_and_compared(
    server: ServerProcess, project: str, window: Window
) -> None:
    """From two marks to the words that differ; the address is the comparison."""
    send_spans(server.url, project, agent_trace(model="gpt-4o-mini", ago_s=9))
    send_spans(
        server.url,
        project,
        agent_trace(model="gpt-4o", answer="It left our warehouse on **Tuesday**.", is_failed=True),
    )
    page = window.page
    window.open(f"/?project={project}")
    wait_for_rows(page, 2)

    page.locator(".trace-list .pick").nth(1).check()
    expect(page.get_by_role("button", name="Compare", exact=True)).to_be_disabled()
    page.locator(".trace-list .pick").nth(0).check()
    page.get_by_role("button", name="Compare", exact=True).click()

    rows = page.locator(".compare-tree .canvas .row")
    expect(rows).to_have_count(7)
    expect(page).to_have_url(re.compile(r"/compare\?.*a=[0-9a-f]{32}.*b=[0-9a-f]{32}"))
    call = rows.filter(has_text="chat gpt-4o-mini → chat gpt-4o").last
    expect(call.locator(".tag[data-mark=output]")).to_be_visible()
    call.click()
    diff = page.locator(".text-diff")
    expect(diff.locator("section[data-section=Output] [data-side=b] mark").first).to_contain_text(
        "Tuesday"
    )
    page.get_by_role("button", name="Only differences").click()
    expect(rows.filter(has_text="SELECT orders")).to_have_count(0)
    page.reload()
    expect(diff.locator("section[data-section=Output] [data-side=b] mark").first).to_contain_text(
        "Tuesday"
    )


def test_a_trace_offers_its_likes_to_compare_with(
    server: ServerProcess, project: str, window: Window
) -> None:
    """Its page leads to the traces of the same name, and one of them to the comparison."""
    first, second = agent_trace(), agent_trace()
    for spans in (first, second):
        send_spans(server.url, project, spans)
    page = window.page
    window.open(f"/trace?project={project}&trace={first[0].trace_id.hex()}")

    page.get_by_role("link", name="Compare…").click()
    wait_for_rows(page, 1)
    page.locator(".trace-list .tr[data-id]").click()

    expect(page.locator(".compare-tree")).to_have_attribute(
        "data-ready", f"{first[0].trace_id.hex()}/{second[0].trace_id.hex()}"
    )


def test_a_session_is_read_as_a_conversation(
    server: ServerProcess, project: str, window: Window
) -> None:
    """Turns in order with what they took, each leading to its trace; and back to the list."""
    for number, question in enumerate(("And when?", "Where is it?")):
        spans = agent_trace(session="o'hara", question=question, ago_s=10 + number)
        send_spans(server.url, project, spans)
    send_spans(server.url, project, agent_trace(session="other"))
    page = window.page
    window.open(f"/sessions?project={project}")

    page.locator(".session-list .tr", has_text="o'hara").click()
    turns = page.locator(".conversation .turn")
    expect(turns).to_have_count(2)
    expect(turns.nth(0)).to_contain_text("Where is it?")
    expect(turns.nth(0)).to_contain_text("1,052 tokens")
    expect(turns.nth(1).locator(".msg[data-output]")).to_contain_text("on Monday and arrives")
    page.get_by_role("link", name="Traces of this session").click()
    wait_for_rows(page, 2)
    page.go_back()
    turns.nth(1).get_by_role("link").click()

    expect(page.locator(".trace-header h1")).to_have_text("invoke_agent support")
    page.locator(".trace-header").get_by_role("link", name="session o'hara").click()
    expect(turns).to_have_count(2)
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(".session-list .tr[data-id]")).to_have_count(2)


def test_a_conversation_is_found_by_what_was_said(
    server: ServerProcess, project: str, window: Window
) -> None:
    """Words of any turn; the list says what was asked, and its address keeps the search."""
    for session, question in (("chat-1", "Where is my lamp?"), ("chat-2", "I want a refund")):
        send_spans(server.url, project, agent_trace(session=session, question=question))
    page = window.page
    window.open(f"/sessions?project={project}")
    rows = page.locator(".session-list .tr[data-id]")
    expect(rows).to_have_count(2)

    page.get_by_label("Words").fill("refund")
    page.get_by_label("Words").press("Enter")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("I want a refund")
    rows.click()
    expect(page.locator(".conversation .turn")).to_have_count(1)
    page.get_by_role("link", name="Back to the list").click()
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("words=refund"))


def is_clickable(page: Page, x: float, y: float) -> bool:
    """Move the pointer there and see what it becomes."""
    page.mouse.move(x, y)
    script = "([x, y]) => getComputedStyle(document.elementFromPoint(x, y)).cursor"
    return bool(page.evaluate(script, [x, y]) == "pointer")


def test_a_point_of_a_chart_leads_to_its_traces(
    server: ServerProcess, project: str, window: Window
) -> None:
    """The click filters by the line's group and the point's time."""
    now = time.time_ns()
    for model, ago_s in (("gpt-4o", 0), ("gpt-4o", 3 * 3_600)):
        attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model}
        span = new_span(
            "chat",
            new_trace_id(),
            start_ns=now - ago_s * 10**9,
            duration_ms=5,
            attributes=attributes,
        )
        send_spans(server.url, project, [span])
    page = window.page
    window.open(f"/dashboard?project={project}")
    chart = page.locator("[data-testid=stEChartsChart], .stEChartsChart").first
    expect(chart.locator("canvas")).to_be_visible()
    box = chart.locator("canvas").bounding_box()
    assert box is not None

    # The newest point is near the right edge; the pointer tells where something can be clicked.
    right, top = box["x"] + box["width"], box["y"]
    spots = [(right - x, top + y) for y in range(26, 150, 3) for x in range(4, 30, 3)]
    for _ in range(10):  # The line grows into its place, which takes its time on a busy machine.
        page.wait_for_timeout(1_000)
        if any(is_clickable(page, x, y) for x, y in spots):
            page.mouse.down()
            page.mouse.up()
        elif "/dashboard" not in page.url:
            break

    wait_for_rows(page, 1)
    expect(page.get_by_label("Filter")).to_have_value(
        re.compile(r"^model = 'gpt-4o' and span.started_at >= '.+' and span.started_at < '.+'$")
    )


PATHS = ["/", "/sessions", "/dashboard", "/metrics", "/logs", "/session", "/compare", "/trace"]


@pytest.mark.parametrize("path", PATHS)
def test_a_narrow_window_scrolls_no_page_sideways(
    server: ServerProcess, project: str, window: Window, path: str
) -> None:
    """At 1024 pixels everything has room."""
    spans = [agent_trace(session="chat-1"), agent_trace(session="chat-1")]
    for each in spans:
        send_spans(server.url, project, each)
    send_logs(server.url, project, [log_record("a long line " * 40)])
    send_counter(server.url, project, "orders", 7)
    first, second = (each[0].trace_id.hex() for each in spans)
    page = window.page
    page.set_viewport_size({"width": 1024, "height": 768})
    trace = f"&trace={first}" if path == "/trace" else ""
    window.open(f"{path}?project={project}&session=chat-1{trace}&a={first}&b={second}")
    ready = {
        "/": ".trace-list[data-ready]",
        "/sessions": ".session-list[data-ready]",
        "/dashboard": ".group-list[data-ready]",
        "/metrics": ".metric-list[data-ready]",
        "/logs": ".log-list[data-ready]",
        "/session": ".conversation[data-ready]",
        "/compare": ".text-diff[data-ready]",
        "/trace": ".detail[data-ready]",
    }
    expect(page.locator(ready[path]).first).to_be_visible()

    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 1024
