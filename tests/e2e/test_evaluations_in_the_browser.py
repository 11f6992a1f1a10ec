"""Evaluations in a real browser: from the list to one of them, and two beside each other."""

import random
import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect
from support.evaluations import send_evaluation
from support.servers import ServerProcess

from .conftest import Window
from .test_hostile_traces import ALL, FIND_LIVE_PARTS, OPEN_EVERYTHING

pytestmark = pytest.mark.browser

OLD, NEW = "aa" * 16, "bb" * 16


def send_two(url: str, project: str, **more: str) -> None:
    """An evaluation and a better one."""
    chance = random.Random(3)
    for evaluation_id, share in ((OLD, 0.4), (NEW, 0.9)):
        scores = [float(chance.random() < share) for _ in range(40)]
        send_evaluation(url, project, evaluation_id, scores, **{"name": "support", **more})


def test_from_the_list_to_the_trace_of_the_worst_item(
    server: ServerProcess, project: str, window: Window
) -> None:
    """A row opens an evaluation, its worst item a trace, and Back leads the same way."""
    send_two(server.url, project)
    page = window.page
    window.open(f"/evaluations?{urlencode({'project': project})}")
    page.locator(f".evaluation-list [data-id='{NEW}'] .open").click()
    expect(page.locator(".evaluation-header[data-ready]")).to_be_visible()
    expect(page.locator(".figure-table", has_text="95 % interval").first).to_be_visible()
    page.get_by_text("worst by exact").click()
    worst = page.locator(".figure-table[data-ready] .tr", has_text="#").first
    expect(worst).to_contain_text("no")
    worst.locator(".open").click()
    expect(page.locator(".trace-header")).to_be_visible()
    page.go_back()
    expect(page.locator(".evaluation-header[data-ready]")).to_be_visible()


def test_two_are_picked_and_compared(server: ServerProcess, project: str, window: Window) -> None:
    """The older one is the baseline; a changed item shows both outputs with what differs."""
    send_two(server.url, project)
    page = window.page
    window.open(f"/evaluations?{urlencode({'project': project})}")
    for evaluation_id in (NEW, OLD):
        page.locator(f".evaluation-list [data-id='{evaluation_id}'] input").check()
    page.get_by_role("button", name="Compare 2").click()
    expect(page).to_have_url(re.compile(f"ids={OLD},{NEW}"))
    expect(page.get_by_text("better", exact=True).first).to_be_visible()
    flips = page.locator(".figure-table [aria-label='Items that changed']")
    second = flips.locator(".tr:not(.th)").nth(1)
    second.locator(".open").click()
    expect(second).to_have_class("tr on")
    expect(page.locator(".text-diff")).to_contain_text("answer 1.0")


def test_nothing_of_an_evaluation_runs(
    server: ServerProcess, project: str, new_window: Callable[..., Window]
) -> None:
    """Names, versions, reasons and outputs are written by programs: text on every page."""
    subject = {"name": ALL, "version": ALL}
    for evaluation_id, scores in ((OLD, [0.0] * 8), (NEW, [1.0] * 8)):
        send_evaluation(
            server.url, project, evaluation_id, scores, name=ALL, scorer="<b>x", said=ALL,
            dataset=subject, task=subject, branch=ALL, tags=[ALL],
            gate={"text": ALL, "verdict": "fail", "clauses": [
                {"text": ALL, "verdict": "fail", "note": ALL}]},
        )  # fmt: skip
    window = new_window("dark")
    page = window.page
    for path, ready in (
        (f"/evaluations?{urlencode({'project': project})}", ".evaluation-list .tr"),
        (f"/evaluations?{urlencode({'project': project, 'view': 'leaderboard'})}",
         ".evaluation-list .tr"),
        (f"/evaluation?{urlencode({'project': project, 'evaluation': NEW})}", ".figure-table .tr"),
        (f"/versus?{urlencode({'project': project, 'ids': f'{OLD},{NEW}'})}", ".text-diff"),
    ):  # fmt: skip
        window.open(path)
        expect(page.locator(ready).first).to_be_visible()
        page.evaluate(OPEN_EVERYTHING)
        assert page.evaluate(FIND_LIVE_PARTS) == []
        assert page.evaluate("window.hacked") is None
