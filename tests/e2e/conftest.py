"""A real server, a real app process and a headless Chromium that is watched for every complaint."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from support.apps import CHROMIUM_OPTIONS, start_app
from support.servers import ServerProcess

Scheme = Literal["light", "dark"]
PATIENCE_MS = 30_000
"""Until what is waited for counts as missing: a busy machine draws slowly."""
expect.set_options(timeout=PATIENCE_MS)
# A deep link makes Streamlit's page look for its server below the page's own path first.
_STREAMLIT_PROBES = re.compile(
    r"/(trace|sessions|session|dashboard|monitors|watch|alerts|metrics|logs|compare|evaluations|evaluation|versus|runs|run|runs_compare|objects|object|add_rows|annotate)/_stcore/(health|host-config)$"
)


@dataclass
class Watch:
    """What a browser page complained about, asked for and showed uncalled."""

    problems: list[str] = field(default_factory=list)
    """Errors on the console, uncaught exceptions, dialogs."""
    foreign: list[str] = field(default_factory=list)
    """Addresses of other hosts that the page asked for."""


@dataclass
class Window:
    """A browser page of the app."""

    page: Page
    watch: Watch
    app_url: str

    def open(self, path: str) -> None:
        """Go to a path of the app."""
        self.page.goto(self.app_url + path)


@pytest.fixture(scope="session")
def app_url(server: ServerProcess) -> Iterator[str]:
    """The address of an app process that reads from the shared server."""
    with start_app(server.url) as app:
        yield app.url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("Chromium is missing: `make test` installs it (apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture
def new_window(browser: Browser, app_url: str) -> Iterator[Callable[[Scheme], Window]]:
    """Opens browser pages in a colour scheme; at the end none of them may have complained."""
    windows: list[tuple[BrowserContext, Window]] = []

    def make(scheme: Scheme = "light") -> Window:
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, color_scheme=scheme, accept_downloads=True
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        window = Window(page, watch_page(page, app_url), app_url)
        windows.append((context, window))
        return window

    yield make
    for context, _ in windows:
        context.close()
    for _, window in windows:
        assert window.watch.problems == []
        assert window.watch.foreign == []


@pytest.fixture
def window(new_window: Callable[[Scheme], Window]) -> Window:
    """One browser page in the light theme."""
    return new_window("light")


def watch_page(page: Page, app_url: str) -> Watch:
    """Write down what the page complains about and asks for."""
    watch = Watch()
    host = urlsplit(app_url).netloc

    def on_dialog(dialog: object) -> None:
        watch.problems.append(f"dialog: {getattr(dialog, 'message', '')}")
        getattr(dialog, "dismiss")()  # noqa: B009  # Playwright's own type hides it.

    page.on("dialog", on_dialog)
    page.on("pageerror", lambda error: watch.problems.append(f"uncaught: {error}"))
    page.on(
        "console",
        lambda message: (
            watch.problems.append(f"{message.type}: {message.text} {message.location}")
            if message.type == "error"
            and not _STREAMLIT_PROBES.search(message.location.get("url", ""))
            else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            watch.foreign.append(request.url)
            if urlsplit(request.url).scheme in {"http", "https", "ws", "wss"}
            and urlsplit(request.url).netloc != host
            else None
        ),
    )
    return watch
