"""How long a reader waits for the app, in a real browser, and what one reader costs.

    python tests/benchmarks/app_open.py [--repeat 5] [--viewers 5] [--only traces|runs|evals]

Starts a server, an app and a headless Chromium, sends thousands of traces and ones of 1,000, 10,000
and 50,000 spans, and measures from the click to the moment when all data is there: `data-ready` is
what the components set once their rows are drawn.  Prints medians beside the targets and what the
peers' pages did, the load of the machine, and the CPU that the app's process took, which depends
less on what else runs.  Then the table of 10,000 runs, and a run whose page has ten charts of
1,000,000 points; and a dataset and an evaluation of 100,000 rows.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, Page, sync_playwright
from support.apps import CHROMIUM_OPTIONS, AppProcess, start_app
from support.evaluations import send_evaluation
from support.otlp import agent_trace, big_trace, send_spans
from support.servers import ServerProcess, start_server
from support.trainings import training

import weave_core
from weave_core import Client, Dataset

PROJECT = "bench"
TRACES = 2_000
SIZES = (1_000, 10_000, 50_000)
SCROLLS = 120
ROWS = ".trace-list[data-ready='50']"
DETAIL = ".detail[data-ready]"
RUNS = 10_000
SENDERS = 32
CHARTS = 10
POINTS = 1_000_000
PACKED_S = 120.0
ROWS_OF_SET = 100_000
EVALUATION = "ee" * 16
TEXT = "a document of some length " * 40

COUNT_FRAMES = """(scrolls) => new Promise((done) => {
    const hosts = [...document.querySelectorAll('*')].filter((node) => node.shadowRoot);
    const find = () => [document, ...hosts.map((node) => node.shadowRoot)]
        .map((root) => root.querySelector('.span-tree .view')).find(Boolean);
    const view = find();
    const step = (view.scrollHeight - view.clientHeight) / scrolls;
    const took = [];
    let last = performance.now();
    const frame = (now) => {
        took.push(now - last);
        last = now;
        if (took.length > scrolls) done(took.slice(1));
        else { view.scrollTop += step; requestAnimationFrame(frame); }
    };
    requestAnimationFrame(frame);
})"""
"""Scroll from the first row to the last, a step a frame; milliseconds of each frame."""


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    name: str
    figure: str
    target: str
    peers: str = ""
    cpu: str = ""
    """Of the app's process, for one time."""


def main() -> None:
    """Fill, look, print."""
    options = argparse.ArgumentParser(description="How long a reader waits for the app.")
    options.add_argument("--repeat", type=int, default=5)
    options.add_argument("--viewers", type=int, default=5)
    options.add_argument("--only", choices=("traces", "runs", "evals"))
    options.add_argument("--points", type=int, default=POINTS)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as home, start_server(Path(home)) as server:
        wanted = {asked.only} if asked.only else {"traces", "runs", "evals"}
        if "traces" in wanted:
            fill(server.url)
        if "runs" in wanted:
            fill_runs(server, asked.points)
        if "evals" in wanted:
            fill_evaluations(server.url)
        with start_app(server.url) as app, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=CHROMIUM_OPTIONS
            )
            lines: list[Line] = []
            if "traces" in wanted:
                lines += list_lines(browser, app, asked.repeat)
                lines += trace_lines(browser, app, asked.repeat)
                what = f"{SIZES[-1]:,} spans"
                lines.append(memory_line(browser, app, asked.viewers, what, look_at_trace))
            if "runs" in wanted:
                lines += run_lines(browser, app, asked.repeat, asked.points)
                what = f"{CHARTS} charts of runs"
                lines.append(memory_line(browser, app, asked.viewers, what, look_at_run))
            if "evals" in wanted:
                lines += evaluation_lines(browser, app, asked.repeat)
            browser.close()
    show(lines)


def fill(url: str) -> None:
    """A few thousand traces as an agent sends them, and three large ones on top."""
    for start in range(0, TRACES, 200):
        batch = [agent_trace(ago_s=200.0 + start + number) for number in range(200)]
        send_spans(url, PROJECT, [span for spans in batch for span in spans])
    for place, count in enumerate(SIZES):
        send_spans(url, PROJECT, big_trace(count, ago_s=100.0 + place), service="crawler")


def fill_runs(server: ServerProcess, points: int) -> None:
    """Many short runs, and a long one on top."""
    noise = random.Random(1)
    with training(PROJECT, server.url, server.home / "sender"):
        with ThreadPoolExecutor(SENDERS) as pool:  # The end of a run waits for the server.
            list(pool.map(short_run, range(RUNS)))
        keys = [f"train/loss{number}" for number in range(CHARTS)]
        with weave_core.run(name="long", id="long") as run:
            for step in range(points):
                value = noise.random()
                run.log(dict.fromkeys(keys, value), step=step)
    until = time.monotonic() + PACKED_S
    with Client(server.url) as client:
        while time.monotonic() < until:
            found = client.run("long", PROJECT).keys().items
            if len(found) == CHARTS and all(each.count == points for each in found):
                return
            time.sleep(1)
    raise AssertionError("the points of the long run did not come")


def short_run(number: int) -> None:
    """A run of one step."""
    run = weave_core.run(name=f"run {number}", config={"lr": number / RUNS})
    run.log({"loss": number % 97}, step=0)
    run.finish()


def run_lines(browser: Browser, app: AppProcess, repeat: int, points: int) -> list[Line]:
    """The table of runs by a click, and from it the run with many points."""
    page = browser.new_page(viewport={"width": 1440, "height": 1400})
    table, charts, cpu = [], [], []
    page.goto(f"{app.url}/?project={PROJECT}")
    for _ in range(repeat):
        page.wait_for_selector("[data-testid=stTopNavLink]")
        link = page.get_by_test_id("stTopNavLink").filter(has_text="Runs")
        table.append(seconds_to(page, link.click, ".run-list[data-ready='100']"))
        page.wait_for_timeout(500)
        row = page.locator(".run-list .tr[data-id='long'] .open")
        before = cpu_seconds(app)
        charts.append(seconds_to(page, row.click, f".chart-grid[data-ready='{CHARTS}']"))
        cpu.append(cpu_seconds(app) - before)
        page.goto(f"{app.url}/sessions?project={PROJECT}")
    page.close()
    name = f"run with {CHARTS} charts of {points:,} points, click"
    return [
        Line(f"table of {RUNS:,} runs, click", in_seconds(table), "1.5 s"),
        Line(name, in_seconds(charts), "2 s", "", f"{statistics.median(cpu):.2f} s"),
    ]


def fill_evaluations(url: str) -> None:
    """A dataset of many rows, and an evaluation of as many."""
    rows = (
        {"question": f"what is {n}?", "expected": f"it is {n}", "text": f"{n} {TEXT}"}
        for n in range(ROWS_OF_SET)
    )
    with Client(url) as client:
        weave_core.publish(Dataset(rows, name="many"), project=PROJECT, client=client)
        scores = [float(number % 10 > 1) for number in range(ROWS_OF_SET)]
        send_evaluation(url, PROJECT, EVALUATION, scores, name="many")
        assert client.get_evaluation(PROJECT, EVALUATION).summary is not None


def evaluation_lines(browser: Browser, app: AppProcess, repeat: int) -> list[Line]:
    """A dataset and an evaluation by a click in their lists, and what is asked of them then."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    took: dict[str, list[float]] = {}
    before = resident_mib(app)

    def timed(name: str, act: Callable[[], object], *ready: str) -> None:
        took.setdefault(name, []).append(seconds_to(page, act, *ready))

    rows = ".figure-table[data-ready='50'] [aria-label='Rows']"
    items = ".figure-table[data-ready='50'] [aria-label='Items']"
    for _ in range(repeat):
        page.goto(f"{app.url}/objects?project={PROJECT}")
        row = page.locator(".figure-table [aria-label='Objects'] .open").first
        row.wait_for()
        timed("a dataset", row.click, rows)
        last = page.get_by_role("button", name="Last rows")
        timed("its last rows", last.click, f"{rows} .tr[data-id='{ROWS_OF_SET - 1}']")
        page.get_by_label("Search").fill("is 77777?")
        enter = partial(page.keyboard.press, "Enter")
        timed("a search in it", enter, ".figure-table[data-ready='1'] .tr[data-id='77777']")
        page.goto(f"{app.url}/evaluations?project={PROJECT}")
        row = page.locator(".evaluation-list .open").first
        row.wait_for()
        timed("an evaluation", row.click, ".evaluation-header[data-ready]", items)
        page.get_by_text("Slices (2)").wait_for()  # The last part of the page.
        worst = page.get_by_text("worst by exact")
        timed("its worst items", worst.click, f"{items} .bad")
    grown = resident_mib(app) - before
    page.close()
    targets = {"a dataset": "opens", "an evaluation": "opens"}
    return [
        *(
            Line(f"{name} of {ROWS_OF_SET:,} rows", in_seconds(each), targets.get(name, "-"))
            for name, each in took.items()
        ),
        Line(f"memory of the app after {repeat} times all of it", f"{grown:.0f} MiB", "100 MB"),
    ]


def list_lines(browser: Browser, app: AppProcess, repeat: int) -> list[Line]:
    """The list in a fresh tab, and by a click in a tab that is open."""
    fresh, clicked = [], []
    for _ in range(repeat):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        fresh.append(
            seconds_to(page, lambda: page.goto(f"{app.url}/?project={PROJECT}"), ROWS)  # noqa: B023  # Called at once.
        )
        page.get_by_test_id("stTopNavLink").filter(has_text="Sessions").click()
        page.wait_for_selector(".session-list[data-ready]")
        traces = page.get_by_test_id("stTopNavLink").filter(has_text="Traces")
        clicked.append(seconds_to(page, traces.click, ROWS))
        page.close()
    return [
        Line("list of traces, first fresh tab of the app", f"{fresh[0]:.2f} s", "-"),
        Line(
            "list of traces, fresh tab", in_seconds(fresh[1:] or fresh), "1.5 s + Streamlit's start"
        ),
        Line("list of traces, click in an open tab", in_seconds(clicked), "0.5 s"),
    ]


def trace_lines(browser: Browser, app: AppProcess, repeat: int) -> list[Line]:
    """Traces of each size by a click in the list, and the largest one scrolled."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    lines, frames = [], []
    for count, target in zip(SIZES, ("1.0 s", "2 s", "4 s"), strict=True):
        took, cpu = [], []
        for _ in range(repeat):
            page.goto(f"{app.url}/?project={PROJECT}&filter=span_count+%3D+{count}")
            row = page.locator(".trace-list[data-ready='1'] .tr[data-id] .open")
            row.wait_for()
            page.wait_for_timeout(700)  # Figures and facets come after the rows.
            ready = f".span-tree[data-count='{count}']"
            before = cpu_seconds(app)
            took.append(seconds_to(page, row.click, ready, DETAIL))
            cpu.append(cpu_seconds(app) - before)
        peers = {1_000: "Opik 20 s at 3,000", 10_000: "MLflow 10.9 s at 5,000 (API)"}
        largest = "MLflow's page crashes at 32,843"
        lines.append(
            Line(
                f"trace of {count:,} spans, click",
                in_seconds(took),
                target,
                peers.get(count, largest),
                f"{statistics.median(cpu):.2f} s",
            )
        )
    page.get_by_role("button", name="Open all").click()
    frames = sorted(page.evaluate(COUNT_FRAMES, SCROLLS))
    worst = frames[int(0.95 * len(frames))]
    page.close()
    figure = f"{statistics.median(frames):.1f} ms / {worst:.1f} ms"
    return [*lines, Line("a frame while it scrolls, median / worst 5 %", figure, "16.7 ms")]


def memory_line(
    browser: Browser, app: AppProcess, viewers: int, what: str, look: Callable[[Page, str], None]
) -> Line:
    """What the app's process grows by for each reader of something."""
    before = resident_mib(app)
    pages = []
    for _ in range(viewers):
        page = browser.new_context(viewport={"width": 1440, "height": 1400}).new_page()
        look(page, app.url)
        pages.append(page)
    grown = (resident_mib(app) - before) / viewers
    for page in pages:
        page.context.close()
    name = f"memory of the app per reader of {what} ({viewers} at once)"
    return Line(name, f"{grown:.1f} MiB", "100 MB")


def look_at_trace(page: Page, url: str) -> None:
    """The list, and in it the largest trace."""
    page.goto(f"{url}/?project={PROJECT}&filter=span_count+%3D+{SIZES[-1]}")
    page.locator(".trace-list[data-ready='1'] .tr[data-id] .open").click()
    page.wait_for_selector(f".span-tree[data-count='{SIZES[-1]}']")
    page.wait_for_selector(DETAIL)


def look_at_run(page: Page, url: str) -> None:
    """The table of runs, and in it the one with many points."""
    page.goto(f"{url}/runs?project={PROJECT}")
    page.locator(".run-list .tr[data-id='long'] .open").click()
    page.wait_for_selector(f".chart-grid[data-ready='{CHARTS}']")


def seconds_to(page: Page, act: Callable[[], object], *ready: str) -> float:
    """From `act` until all of `ready` is on the page."""
    began = time.perf_counter()
    act()
    for selector in ready:
        page.wait_for_selector(selector, timeout=60_000)
    return time.perf_counter() - began


def cpu_seconds(app: AppProcess) -> float:
    """CPU time that the app's process has used."""
    fields = Path(f"/proc/{app.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def resident_mib(app: AppProcess) -> float:
    """Resident memory of the app's process."""
    status = Path(f"/proc/{app.process.pid}/status").read_text(encoding="utf-8")
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def in_seconds(took: list[float]) -> str:
    """Median, and the worst."""
    return f"{statistics.median(took):.2f} s (worst {max(took):.2f})"


def show(lines: list[Line]) -> None:
    """One table."""
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'':60s} {'weave-core':>22s} {'app CPU':>8s}  {'target':26s} peers")
    for line in lines:
        print(f"{line.name:60s} {line.figure:>22s} {line.cpu:>8s}  {line.target:26s} {line.peers}")


if __name__ == "__main__":
    main()
