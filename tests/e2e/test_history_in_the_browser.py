"""Back, Forward, fresh tabs: the address is the state, and a step is one entry in the history."""

import re

import pytest
from playwright.sync_api import expect
from support.otlp import agent_trace, send_spans
from support.servers import ServerProcess

from .conftest import Window

pytestmark = pytest.mark.browser


def test_back_and_forward_lead_through_a_conversation(
    server: ServerProcess, project: str, window: Window
) -> None:
    """List, conversation, trace: as many steps back as forward, none of them an error."""
    send_spans(server.url, project, agent_trace(session="chat-1"))
    page = window.page
    sessions, turns = (
        page.locator(".session-list .tr[data-id]"),
        page.locator(".conversation .turn"),
    )
    window.open(f"/sessions?project={project}")
    sessions.click()
    turns.get_by_role("link").click()
    expect(page.locator(".detail[data-ready]")).to_be_visible()

    page.go_back()
    expect(turns).to_have_count(1)
    expect(page).to_have_url(re.compile(f"/session\\?project={project}&session=chat-1$"))
    page.go_back()
    expect(sessions).to_have_count(1)
    page.go_forward()
    expect(turns).to_have_count(1)
    page.go_forward()
    expect(page.locator(".detail[data-ready]")).to_be_visible()


def test_looking_around_in_a_trace_is_one_step(
    server: ServerProcess, project: str, window: Window
) -> None:
    """However many spans were read, one step back is the list; the address has the span."""
    spans = agent_trace(is_failed=True)
    send_spans(server.url, project, spans)
    send_spans(server.url, project, agent_trace())
    page = window.page
    window.open(f"/?project={project}&filter=status+%3D+'error'")
    rows = page.locator(".trace-list .tr[data-id]")
    expect(rows).to_have_count(1)
    rows.get_by_role("link", name="invoke_agent support").click()
    for row in (1, 2, 4):
        page.locator(".span-tree .row").nth(row).click()
        span_id = spans[row].span_id.hex()
        expect(page.locator(".detail")).to_have_attribute("data-ready", span_id)
        expect(page).to_have_url(re.compile(f"span={span_id}"))

    page.go_back()
    expect(rows).to_have_count(1)
    expect(page.get_by_label("Filter")).to_have_value("status = 'error'")
    page.go_forward()
    expect(page.locator(".detail")).to_have_attribute("data-ready", spans[4].span_id.hex())
    page.get_by_role("link", name="Back to the list").click()
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("filter=status"))


def test_the_navigation_stays_in_the_project(
    server: ServerProcess, project: str, window: Window
) -> None:
    """A click on another page is one step, and Back is the page before."""
    send_spans(server.url, project, agent_trace())
    page = window.page
    window.open(f"/?project={project}&filter=kind+%3D+'llm'")
    expect(page.locator(".trace-list .tr[data-id]")).to_have_count(1)

    page.get_by_test_id("stTopNavLink").filter(has_text="Dashboard").click()
    expect(page.locator(".group-list .tr[data-id]")).to_have_count(1)
    expect(page).to_have_url(re.compile(f"/dashboard\\?project={project}$"))
    page.get_by_text("kind", exact=True).click()
    expect(page.locator(".group-list")).to_contain_text("retriever")
    page.locator(".group-list .tr", has_text="retriever").click()
    expect(page.get_by_label("Filter")).to_have_value("kind = 'retriever'")

    page.go_back()
    expect(page.locator(".group-list")).to_contain_text("retriever")
    expect(page).to_have_url(re.compile("/dashboard.*by=kind"))
    page.go_back()
    expect(page.get_by_label("Filter")).to_have_value("kind = 'llm'")


def test_a_comparison_is_one_step_and_a_link(
    server: ServerProcess, project: str, window: Window
) -> None:
    """The chosen pair is in the address; Back from one of its traces is the comparison again."""
    pair = [agent_trace(), agent_trace(is_failed=True)]
    for spans in pair:
        send_spans(server.url, project, spans)
    first, second = (spans[0].trace_id.hex() for spans in pair)
    page = window.page
    window.open(f"/compare?project={project}&a={first}&b={second}")
    rows = page.locator(".compare-tree .canvas .row")
    rows.nth(2).click()
    expect(page).to_have_url(re.compile("row=2"))
    page.locator(".compare-head a.name").last.click()
    expect(page.locator(".detail[data-ready]")).to_be_visible()

    page.go_back()
    expect(rows.nth(2)).to_have_attribute("aria-selected", "true")
    page.reload()
    expect(rows.nth(2)).to_have_attribute("aria-selected", "true")
