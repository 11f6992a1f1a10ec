"""Make the README's pictures from the running app: `python tests/e2e/screenshots.py`.

A real server, the real app and the demo's own program; nothing is staged but the window's size.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests"))

from support.apps import CHROMIUM_OPTIONS, start_app  # noqa: E402  # Found by the line above.
from support.servers import start_server  # noqa: E402

from weave_core import Client  # noqa: E402

PROJECT = "support"


def main() -> None:
    """Run the demo's program against fresh processes and take the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        start_server(Path(home)) as server,
        start_app(server.url) as app,
        sync_playwright() as playwright,
    ):
        run_agent(server.url)
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=CHROMIUM_OPTIONS
        )
        trace_id, span_id = longest_answer(server.url)
        take(browser, f"{app.url}/?project={PROJECT}", ".trace-list[data-ready='12']", "traces")
        path = f"/trace?project={PROJECT}&trace={trace_id}&span={span_id}"
        take(browser, app.url + path, ".detail[data-ready]", "trace")
        browser.close()


def run_agent(server_url: str) -> None:
    """The demo's program, a dozen questions long."""
    env = os.environ | {"WEAVE_CORE_ENDPOINT": server_url, "WEAVE_CORE_PROJECT": PROJECT}
    command = [sys.executable, str(ROOT / "examples" / "support_agent.py"), "--traces", "12"]
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, timeout=120)


def longest_answer(server_url: str) -> tuple[str, str]:
    """The trace with the most spans, and its last call of a chat model."""
    with Client(server_url) as client:
        traces = client.list_traces(PROJECT).items
        trace_id = max(traces, key=lambda trace: trace.span_count).trace_id
        spans = client.get_trace(PROJECT, trace_id, payload=False).spans
    return trace_id, [span.span_id for span in spans if span.kind == "llm"][-1]


def take(browser: Browser, url: str, ready: str, name: str) -> None:
    """One picture, once what it shows is there and everything that moves has come to rest."""
    page = browser.new_page(viewport={"width": 1440, "height": 820}, color_scheme="light")
    page.goto(url)
    page.wait_for_selector(ready)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1_500)
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
    page.close()


if __name__ == "__main__":
    main()
