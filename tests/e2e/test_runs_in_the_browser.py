"""What a person does with runs: look at charts, come nearer, and see them grow."""

import io
import math
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from support.programs import wait_for
from support.servers import ServerProcess
from support.trainings import training

import weave_core
from weave_core import Client

from .conftest import Window

pytestmark = pytest.mark.browser
PROJECT = "runs-in-the-browser"
HIDDEN = """(is) => {
    Object.defineProperty(document, "hidden", { get: () => is === "true", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
STEPS = 4_000


@pytest.fixture(scope="module")
def runs(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three runs in two groups; one has a value that is no number, one has two ranks."""
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
                run.summary["test"] = 0.9 + number / 100
        with weave_core.run(name="r2", id="r2", group="wide", rank=1, capture=False) as run:
            run.log({"train/loss": 3.0}, step=0)
            run.log({"train/loss": 2.5}, step=STEPS)
    with Client(server.url) as client:
        wait_for(lambda: sum("val/acc" in each.summary for each in client.runs(PROJECT)) == 3)
    return PROJECT


def expect_kept(page: Page, project: str, server: ServerProcess) -> None:
    """A chart is saved as a picture; a pin and the settings are kept for the whole project."""
    grid, accuracy = page.locator(".chart-grid"), page.locator("[data-key='val/acc']")
    with page.expect_download() as saved:
        accuracy.locator("[data-tool=picture]").click(force=True)
    with Image.open(saved.value.path()) as picture:
        assert picture.format == "PNG"
        assert len(picture.convert("RGB").getcolors(maxcolors=2**24) or ()) > 1
    grid.get_by_label("Smoothing").fill("0.6")
    grid.get_by_role("button", name="Keep for the project").click()
    accuracy.locator("[data-tool=pin]").click(force=True)
    expect(grid.locator("summary").first).to_have_text("pinned 1")
    with Client(server.url) as client:
        [kept] = [view.query for view in client.list_views(project) if view.page == "charts"]
    assert (kept["pins"], kept["smooth"], kept["log"]) == ('["val/acc"]', "0.6", "false")


def test_a_chart_comes_nearer_with_more_detail_and_goes_back(
    runs: str, server: ServerProcess, window: Window
) -> None:
    """Dragging over a chart reads that part again, in all charts; a double click shows all.

    A chart is saved as points and as a picture, and is pinned for the whole project.
    """
    page = window.page
    window.open(f"/run?project={runs}&run=r0")
    grid = page.locator(".chart-grid")
    expect(grid).to_have_attribute("data-ready", "2")
    loss, accuracy = page.locator("[data-key='train/loss']"), page.locator("[data-key='val/acc']")
    expect(loss).to_have_attribute("data-bad", "1")
    expect(loss).to_have_attribute("data-thinned", "true")

    box = loss.locator(".over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    expect(accuracy.locator(".note")).to_have_text(re.compile(r"^0\.\d+$"))
    page.mouse.down()
    page.mouse.move(box["x"] + 130, box["y"] + 60)
    page.mouse.up()
    expect(grid).to_have_attribute("data-zoom", re.compile(r"\d"))
    expect(page).to_have_url(re.compile(r"zoom=step%2C\d"))
    low, high = map(float, (grid.get_attribute("data-zoom") or "").split())
    inside = len([step for step in range(STEPS) if low <= step <= high])
    expect(accuracy).to_have_attribute("data-points", str(inside))

    loss.locator(".over").dblclick()
    expect(grid).to_have_attribute("data-zoom", "")
    page.mouse.move(0, 0)
    expect(accuracy).to_have_attribute("data-thinned", "true")

    page.get_by_role("button", name="no outliers").click()
    expect(loss).to_contain_text("out of sight")
    with page.expect_download() as saved:
        accuracy.locator("[data-tool=save]").click(force=True)
    rows = Path(saved.value.path()).read_text(encoding="utf-8").splitlines()
    assert (rows[0], len(rows), rows[-1]) == ("run,step,val/acc", STEPS + 1, "r0,3999,0.99975")
    accuracy.focus()
    page.keyboard.press("Enter")
    large = page.get_by_role("dialog")
    expect(large.locator(".card")).to_have_attribute("data-key", "val/acc")
    expect(page).to_have_url(re.compile("chart=val%2Facc"))
    page.keyboard.press("ArrowLeft")
    expect(large.locator(".card")).to_have_attribute("data-key", "train/loss")
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(loss).to_be_focused()

    expect_kept(page, runs, server)


def test_runs_are_picked_tagged_compared_and_deleted(
    runs: str, server: ServerProcess, window: Window
) -> None:
    """From the table to their lines over each other; one is hidden, the others become means."""
    page = window.page
    window.open(f"/runs?project={runs}&order=name")
    table = page.locator(".run-list")
    expect(table).to_have_attribute("data-ready", "3")
    for name in ("r0", "r1"):
        page.get_by_label(f"Pick {name}").check()
    page.get_by_label("Tag", exact=True).fill("good")
    page.get_by_role("button", name="Add tag").click()
    expect(table.locator(".chip")).to_have_text(["good", "good"])

    page.get_by_label("Pick all").first.check()
    page.get_by_role("button", name="Compare").click()
    grid = page.locator(".chart-grid")
    expect(grid).to_have_attribute("data-ready", "3")
    # What a summary alone says has no line: one bar a run.
    expect(grid.locator("[data-key=test]")).to_have_attribute("data-points", "3")
    expect(grid.locator(".legend .item")).to_have_text(["r0", "r1", "r2"])
    expect(grid.get_by_label("Open r0")).to_have_attribute("href", re.compile("run=r0"))
    loss = page.locator("[data-key='train/loss']")
    before = int(loss.get_attribute("data-points") or 0)
    grid.locator(".legend .item").first.click()
    expect(loss).not_to_have_attribute("data-points", str(before))
    page.get_by_role("combobox", name="Lines").click()
    page.get_by_role("option", name="rank", exact=True).click()
    expect(grid.locator(".legend .item").last).to_have_text("r2, rank 1")
    page.get_by_role("combobox", name="Lines").click()
    page.get_by_role("option", name="group", exact=True).click()
    expect(grid.locator(".legend .item")).to_have_text(["narrow", "wide"])
    page.get_by_text("Relations").click()
    expect(page.locator(".scatter .dot-run")).to_have_count(3)
    expect(page.locator(".parallel .run-line")).to_have_count(3)
    axis = page.locator(".grip[data-axis='lr']").bounding_box()
    assert axis is not None
    page.mouse.move(axis["x"] + axis["width"] / 2, axis["y"] + 2)
    page.mouse.down()
    page.mouse.move(axis["x"] + axis["width"] / 2, axis["y"] + 40)
    page.mouse.up()
    expect(page.locator(".run-relations")).to_have_attribute("data-kept", "1")
    page.get_by_role("button", name="1 of 3 runs, show all").click()
    expect(page.locator(".run-relations")).to_have_attribute("data-kept", "3")

    window.open(f"/runs?project={runs}&order=name")
    table.locator(".chip").first.click()
    expect(page.get_by_label("Filter")).to_have_value("has(tags, 'good')")
    expect(table).to_have_attribute("data-ready", "2")

    window.open(f"/runs?project={runs}&order=name")
    page.get_by_label("Pick r2").check()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete 1 run").click()
    expect(table).to_have_attribute("data-ready", "2")
    with Client(server.url) as client:
        assert {run.run_id for run in client.runs(runs)} == {"r0", "r1"}


def test_what_a_run_prints_is_followed_searched_and_told_apart(
    server: ServerProcess, tmp_path: Path, window: Window
) -> None:
    """New lines come while it runs, unless one reads older ones; then they wait for a click."""
    page = window.page
    with training("console", server.url, tmp_path), weave_core.run(id="talks") as run:
        for number in range(3_000):
            sys.stdout.write(f"\x1b[32mline\x1b[0m {number} <img src=x onerror=alert(1)>\n")
        sys.stderr.write("a warning\n")
        assert weave_core.flush()
        window.open(f"/run?project=console&run={run.id}&view=Console")
        view = page.locator(".console-view")
        expect(view).to_have_attribute("data-total", "3001")
        expect(view.locator(".line[data-stream=stderr] .text")).to_have_text("a warning")
        expect(view.locator(".line").last).to_be_in_viewport()
        expect(view.locator(".c2").first).to_have_text("line")
        # In a hidden tab nothing is asked for; what came is there as soon as it is seen again.
        page.evaluate(HIDDEN, "true")
        expect(page.locator(".pulse[data-waits=true]")).to_have_count(2)
        sys.stdout.write("it goes on\n")
        page.evaluate(HIDDEN, "false")
        expect(view.locator(".line").last).to_contain_text("it goes on")
        expect(view.locator(".line").last).to_be_in_viewport()
        view.locator(".lines").evaluate("list => { list.scrollTop = 200; }")
        sys.stdout.write("and on\n")
        view.get_by_role("button", name="New lines below").click()
        expect(view.locator(".line").last).to_contain_text("and on")
    view.locator(".lines").evaluate("list => { list.scrollTop = 0; }")
    view.get_by_role("button", name="Older lines").click()
    expect(view.locator(".line").last).to_contain_text("line 2002")
    view.get_by_role("button", name="Newest").click()
    expect(view.locator(".line").last).to_contain_text("and on")

    with page.expect_download() as saved:
        page.get_by_role("button", name="Save").click()
    printed = Path(saved.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(printed) == 3_003

    page.get_by_label("Find", exact=True).fill("1234 <IMG")
    page.get_by_label("Find", exact=True).press("Enter")
    expect(view).to_have_attribute("data-ready", "1")
    expect(view.locator("mark")).to_have_text(["1234 <img"])
    view.locator(".when").first.click()
    expect(view.locator(".line.at")).to_contain_text("line 1234")
    expect(view.locator(".line").nth(1)).to_contain_text("line 1235")
    view.get_by_role("button", name="Older lines").click()
    expect(view.locator(".line").last).to_contain_text("line 1233")


TENT = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 4\nf 2 3 4\n"
WATER = """water

\x20
  3  2  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 O   0  0
    0.9600    0.0000    0.0000 H   0  0
   -0.2400    0.9300    0.0000 H   0  0
  1  2  1  0
  1  3  1  0
M  END
$$$$
"""

GLYCINE = """\
ATOM      1  N   GLY A   1      11.104   6.134  -6.504  1.00  0.00           N
ATOM      2  CA  GLY A   1      11.639   6.071  -5.147  1.00  0.00           C
ATOM      3  C   GLY A   1      12.704   4.988  -5.077  1.00  0.00           C
ATOM      4  O   GLY A   1      13.404   4.748  -6.062  1.00  0.00           O
END
"""


def expect_drawn(molecule: Locator, atoms: str) -> None:
    """A molecule of so many atoms is there, and there is something to see of it."""
    molecule.scroll_into_view_if_needed()
    expect(molecule.locator("[data-drawn]")).to_have_attribute("data-drawn", atoms)
    with Image.open(io.BytesIO(molecule.locator(".molecule").screenshot())) as drawn:
        assert len(drawn.convert("RGB").getcolors(maxcolors=2**24) or ()) > 1


def expect_looked_at(page: Page, sample: Locator) -> None:
    """A click shows a picture in large, an arrow the next one, and Esc goes back."""
    sample.locator(".picture").click()
    look = page.get_by_role("dialog", name="Large view of a picture")
    expect(look).to_contain_text("sample2 of 2")
    page.keyboard.press("ArrowRight")
    expect(look).to_contain_text("marked1 of 2")
    page.keyboard.press("Escape")
    expect(look).to_have_count(0)


def test_media_are_looked_at_step_by_step(
    server: ServerProcess, tmp_path: Path, window: Window
) -> None:
    """Pictures with masks and boxes, players, clouds, meshes, molecules; a page runs nothing."""
    page = window.page
    pixels = np.zeros((12, 16, 3), "uint8")
    classes = np.zeros((12, 16), "uint8")
    classes[3:6, 3:6] = 2
    hostile = "<h1>Report</h1><script>parent.hacked = 1</script><img src=x onerror='hacked=1'>"
    with training("media", server.url, tmp_path), weave_core.run(id="shows") as run:
        for step in range(4):
            pixels[:, : 4 * step] = 200
            run.log({"sample": weave_core.Image(pixels, caption=f"<i>{step}</i>")}, step=step)
            run.log({"spread": weave_core.Histogram(np.random.default_rng(step).normal(size=99))})
        boxes = [{"box": (1, 1, 9, 9), "label": "cat", "group": "found"}]
        marked = weave_core.Image(pixels, boxes=boxes, masks={"m": classes}, labels={2: "sky"})
        table = weave_core.Table([["a <b>b</b>", 1], ["c", 2]], columns=["text", "n"])
        run.log({"marked": marked, "page": weave_core.Html(hostile), "table": table}, step=3)
        run.log({"sound": weave_core.Audio(np.zeros(800)), "cloud": weave_core.Object3D(np.eye(3))})
        (tmp_path / "tent.obj").write_text(TENT)
        (tmp_path / "water.sdf").write_text(WATER)
        bodies: dict[str, Any] = {"tent": weave_core.Object3D(tmp_path / "tent.obj")}
        (tmp_path / "glycine.pdb").write_text(GLYCINE)
        bodies |= {"glycine": weave_core.Molecule(tmp_path / "glycine.pdb")}
        run.log(bodies | {"water": weave_core.Molecule(tmp_path / "water.sdf")}, step=5)
    window.open(f"/run?project=media&run={run.id}&view=Media")
    gallery = page.locator(".media-gallery")
    expect(gallery).to_have_attribute("data-ready", "9")
    sample = gallery.locator("[data-key=sample]")
    expect(sample.locator(".caption")).to_have_text("<i>3</i>")
    assert sample.locator("img").evaluate("node => node.naturalWidth") == 16
    expect(gallery.locator("canvas.mask")).to_have_attribute("data-classes", "2")
    expect(gallery.locator(".box")).to_have_text("cat")
    gallery.get_by_role("button", name="found").click()
    expect(gallery.locator(".box")).to_be_hidden()
    expect(gallery.locator("audio, canvas.cloud, canvas.map")).to_have_count(4)
    expect(gallery.locator("[data-key=tent] [data-drawn]")).to_have_attribute("data-drawn", "mesh")
    for key, atoms in {"water": "3", "glycine": "4"}.items():
        expect_drawn(gallery.locator(f"[data-key={key}]"), atoms)
    frame = gallery.locator("iframe")
    expect(frame).to_have_attribute("sandbox", "")
    expect(frame.content_frame.locator("h1")).to_have_text("Report")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()

    expect_looked_at(page, sample)
    gallery.get_by_role("button", name="The step before").click()
    expect(gallery).not_to_have_attribute("data-step", "5")
    gallery.get_by_label("Step", exact=True).fill("1")
    gallery.get_by_label("Step", exact=True).dispatch_event("change")
    expect(gallery).to_have_attribute("data-step", "1")
    expect(sample.locator(".caption")).to_have_text("<i>1</i>")
    expect(gallery).to_have_attribute("data-ready", "2")
    assert page.evaluate("window.hacked") is None
    # What the frame was kept from doing is all that was complained about.
    assert window.watch.problems
    assert all("about:srcdoc" in each for each in window.watch.problems)
    window.watch.problems.clear()


def test_the_code_of_a_run_is_read_on_its_page(
    server: ServerProcess, tmp_path: Path, window: Window
) -> None:
    """Commit, command, packages and the program's own files; and in what another differs."""
    with training("code", server.url, tmp_path):
        with weave_core.run(id="own") as run:
            run.log({"loss": 1.0})
        with weave_core.run(id="bare", capture=False) as bare:
            bare.log({"loss": 1.0})
        with weave_core.run(id="again") as again:
            again.log({"loss": 1.0})
    with Client(server.url) as client:
        wait_for(lambda: "code" in client.run("again", "code").environment)
    window.open(f"/run?project=code&run={run.id}&view=Code")
    packages = window.page.locator(".value-list").filter(has_text="Packages")
    packages.get_by_role("searchbox").fill("streamlit")
    expect(packages.locator("[data-name=streamlit]")).to_be_visible()
    program = window.page.locator(".value-list").filter(has_text="Program")
    expect(program).to_contain_text(" ".join(sys.orig_argv[:2]))
    expect(window.page.get_by_test_id("stCode").last).to_be_visible()

    window.open("/runs_compare?project=code&ids=own,again,bare&view=Code")
    expect(window.page.get_by_text("They ran the same code")).to_be_visible()
    window.open("/runs_compare?project=code&ids=own,bare&view=Code")
    expect(window.page.get_by_text("Nothing was captured of one of them")).to_be_visible()
