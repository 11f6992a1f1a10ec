"""What a person does with runs: look at charts, come nearer, and see them grow."""

import math
import re

import pytest
from playwright.sync_api import expect
from support.programs import wait_for
from support.servers import ServerProcess
from support.trainings import training

import weave_core
from weave_core import Client

from .conftest import Window

pytestmark = pytest.mark.browser
PROJECT = "runs-in-the-browser"
STEPS = 4_000


@pytest.fixture(scope="module")
def runs(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three runs in two groups; one has a value that is no number."""
    with training(PROJECT, server.url, tmp_path_factory.mktemp("home")):
        for number in range(3):
            config = {"lr": 0.1 * (number + 1), "model": {"depth": 18}}
            group = "wide" if number else "narrow"
            with weave_core.run(
                name=f"r{number}", id=f"r{number}", group=group, config=config
            ) as run:
                for step in range(STEPS):
                    loss = math.nan if step == 1_000 and not number else 1 / (step + 1) + number
                    run.log({"train/loss": loss, "val/acc": step / STEPS}, step=step)
    with Client(server.url) as client:
        wait_for(lambda: sum("val/acc" in each.summary for each in client.runs(PROJECT)) == 3)
    return PROJECT


def test_a_chart_comes_nearer_with_more_detail_and_goes_back(runs: str, window: Window) -> None:
    """Dragging over a chart reads that part again, in all charts; a double click shows all."""
    page = window.page
    window.open(f"/run?project={runs}&run=r0")
    grid = page.locator(".chart-grid")
    expect(grid).to_have_attribute("data-ready", "2")
    loss, accuracy = page.locator("[data-key='train/loss']"), page.locator("[data-key='val/acc']")
    expect(loss).to_have_attribute("data-bad", "1")
    expect(loss).to_contain_text("thinned")

    box = loss.locator(".over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    expect(accuracy.locator(".note")).to_have_text(re.compile(r"^0\.\d+$"))
    page.mouse.down()
    page.mouse.move(box["x"] + 130, box["y"] + 60)
    page.mouse.up()
    expect(grid).to_have_attribute("data-zoom", re.compile(r"\d"))
    low, high = map(float, (grid.get_attribute("data-zoom") or "").split())
    inside = len([step for step in range(STEPS) if low <= step <= high])
    expect(accuracy).to_have_attribute("data-points", str(inside))

    loss.locator(".over").dblclick()
    expect(grid).to_have_attribute("data-zoom", "")
    page.mouse.move(0, 0)
    expect(accuracy).to_contain_text("thinned")


def test_runs_are_picked_tagged_compared_and_deleted(
    runs: str, server: ServerProcess, window: Window
) -> None:
    """From the table to their lines over each other; one is hidden, the others become means."""
    page = window.page
    window.open(f"/runs?project={runs}&order=name")
    table = page.locator(".run-list")
    expect(table).to_have_attribute("data-ready", "3")
    page.get_by_label("Pick r0").check()
    page.get_by_label("Pick r1").check()
    page.get_by_label("Tag", exact=True).fill("good")
    page.get_by_role("button", name="Add tag").click()
    expect(table.locator(".chip")).to_have_text(["good", "good"])

    page.get_by_label("Pick all").first.check()
    page.get_by_role("button", name="Compare").click()
    grid = page.locator(".chart-grid")
    expect(grid).to_have_attribute("data-ready", "2")
    expect(grid.locator(".legend .item")).to_have_text(["r0", "r1", "r2"])
    loss = page.locator("[data-key='train/loss']")
    before = int(loss.get_attribute("data-points") or 0)
    grid.locator(".legend .item").first.click()
    expect(loss).not_to_have_attribute("data-points", str(before))
    page.get_by_text("Means of groups").click()
    expect(grid.locator(".legend .item")).to_have_text(["narrow", "wide"])
    page.get_by_text("Relations").click()
    expect(page.locator(".scatter .dot-run")).to_have_count(3)
    expect(page.locator(".parallel .run-line")).to_have_count(3)

    window.open(f"/runs?project={runs}&order=name")
    page.get_by_label("Pick r2").check()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete 1 run").click()
    expect(table).to_have_attribute("data-ready", "2")
    with Client(server.url) as client:
        assert {run.run_id for run in client.runs(runs)} == {"r0", "r1"}
