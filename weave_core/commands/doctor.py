"""`weave-core doctor` and `weave-core version`: what is installed here, and does it work."""

import platform
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from weave_core.commands.extras import EXTRAS, missing_packages, package_versions
from weave_core.commands.homes import require_home
from weave_core.commands.output import console, print_json
from weave_core.commands.ports import find_port_owner, is_port_free, is_serving, url_of
from weave_core.commands.processes import DEFAULT_APP_PORT, DEFAULT_PORT, Home
from weave_core.errors import WeaveError
from weave_core.settings import DEFAULT_ENDPOINT, Settings
from weave_core.versions import package_version

if TYPE_CHECKING:
    import httpx

__all__ = ["Finding", "doctor", "version"]

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 14)
OLDEST_SQLITE = (3, 35, 0)
"""The first with RETURNING and with the upsert that the store uses."""
MAX_SKEW_S = 5.0
"""Clocks of sender and server further apart than this show a trace where nobody looks for it."""
MIN_FREE_BYTES = 1024**3
_EPOCH_OF_SENSE_S = 1_735_689_600  # 2025-01-01: a clock before that was never set.

Level = Literal["ok", "note", "broken"]
_MARKS: dict[Level, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "note": ("•", "yellow"),
    "broken": ("✗", "red"),
}


@dataclass(frozen=True)
class Finding:
    """What one check saw."""

    check: str
    level: Level
    found: str
    remedy: str = ""
    """What to type or do; empty where nothing needs doing."""


def version(*, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """The version of weave-core and of the Python it runs on."""
    if json:
        print_json({"weave_core": package_version(), "python": platform.python_version()})
    else:
        sys.stdout.write(f"weave-core {package_version()} (Python {platform.python_version()})\n")


def doctor(
    *,
    home: Home = None,
    port: Annotated[int, typer.Option(help="Port of the server.")] = DEFAULT_PORT,
    app_port: Annotated[int, typer.Option(help="Port of the app.")] = DEFAULT_APP_PORT,
    server: Annotated[
        str | None,
        typer.Option(
            help="Address of the server that programs here send to.",
            envvar="WEAVE_CORE_ENDPOINT",
            show_default=DEFAULT_ENDPOINT,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look for what is missing or broken here, and say what to do; exit 1 when something is."""
    settings = Settings.from_env(home=home, endpoint=server)
    findings = list(_findings(settings, port=port, app_port=app_port))
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        _print_findings(findings)
    if any(finding.level == "broken" for finding in findings):
        raise typer.Exit(1)


def _findings(settings: Settings, *, port: int, app_port: int) -> Iterator[Finding]:
    yield _python()
    yield Finding("weave-core", "ok", package_version())
    yield from (_extra(name) for name in EXTRAS)
    yield _home(settings.home)
    yield _disk(settings.home)
    yield _refused(settings.home)
    yield _sqlite()
    yield _port("server port", port, f"{url_of('127.0.0.1', port)}/healthz", "--port")
    yield _port(
        "app port", app_port, f"{url_of('127.0.0.1', app_port)}/_stcore/health", "--app-port"
    )
    yield from _server_and_clock(settings)


def _python() -> Finding:
    found = f"{platform.python_version()} at {sys.executable}"
    here = sys.version_info[:2]
    if here < OLDEST_PYTHON:
        return Finding("Python", "broken", found, "use Python 3.11 or newer")
    if here > NEWEST_PYTHON:
        return Finding("Python", "note", found, "not tried yet; 3.11 to 3.14 are")
    return Finding("Python", "ok", found)


def _extra(name: str) -> Finding:
    check = f"extra [{name}]"
    if missing := missing_packages(name):
        is_part = len(missing) < len(EXTRAS[name])
        found = f"{', '.join(missing)} missing" if is_part else "not installed"
        remedy = f'pip install "weave-core[{name}]"'
        return Finding(check, "broken" if is_part else "note", found, remedy)
    versions = package_versions(name)
    return Finding(check, "ok", ", ".join(f"{key} {value}" for key, value in versions.items()))


def _home(home: Path) -> Finding:
    try:
        require_home(home)
    except WeaveError as error:
        return Finding("data folder", "broken", error.message, error.hint)
    return Finding("data folder", "ok", f"{home} is writable")


def _disk(home: Path) -> Finding:
    place = next((folder for folder in (home, *home.parents) if folder.is_dir()), Path())
    free = shutil.disk_usage(place).free
    found = f"{free / 1024**3:,.1f} GiB free at {place}"
    if free < MIN_FREE_BYTES:
        return Finding("disk", "broken", found, "make room, or choose another folder with --home")
    return Finding("disk", "ok", found)


def _refused(home: Path) -> Finding:
    folder = home / "spool" / "dead"
    files = [path for path in folder.glob("*") if path.is_file()]
    if not files:
        return Finding("refused", "ok", "no server has refused what was sent")
    size = sum(path.stat().st_size for path in files)
    found = f"{len(files):,} requests of {size:,} bytes that a server refused are kept in {folder}"
    return Finding("refused", "note", found, "the log of the program says why")


def _sqlite() -> Finding:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        remedy = f"use a Python that is built with SQLite {needed} or newer"
        return Finding("SQLite", "broken", sqlite3.sqlite_version, remedy)
    return Finding("SQLite", "ok", sqlite3.sqlite_version)


def _port(check: str, port: int, health_url: str, option: str) -> Finding:
    if is_port_free("127.0.0.1", port):
        return Finding(check, "ok", f"{port} is free")
    if is_serving(health_url):
        return Finding(check, "ok", f"{port} is used by a weave-core that runs")
    owner = find_port_owner(port) or "another process"
    remedy = f"stop it, or start with {option} and another port"
    return Finding(check, "broken", f"{port} is taken by {owner}", remedy)


def _server_and_clock(settings: Settings) -> Iterator[Finding]:
    import httpx  # Slow to import, and `--help` needs none of it.

    url = settings.endpoint or DEFAULT_ENDPOINT
    if not url.startswith(("http://", "https://")):
        yield Finding("server", "note", f"the endpoint is {url!r}, no server to ask")
        yield _clock(None)
        return
    try:
        answer = httpx.get(f"{url.rstrip('/')}/healthz", timeout=5)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        found = f"no answer from {url}: {str(error) or type(error).__name__}"
        # Nobody asked for a server by name: that none runs yet is no fault.
        level: Level = "broken" if settings.endpoint else "note"
        yield Finding("server", level, found, "start it with `weave-core up`")
        yield _clock(None)
        return
    yield _server(url, answer)
    yield _clock(answer)


def _server(url: str, answer: "httpx.Response") -> Finding:
    try:
        health = answer.raise_for_status().json()
        running, store = health["version"], health["store"]
    except Exception as error:  # noqa: BLE001  # Whatever a stranger on that port answers, the doctor goes on.
        found = f"{url} is no weave-core server: {str(error).splitlines()[0]}"
        return Finding("server", "broken", found, "set WEAVE_CORE_ENDPOINT to the server's address")
    found = f"{url} answers: version {running}, {store} store"
    if running != package_version():
        return Finding("server", "note", found, f"here is {package_version()}: install one of both")
    return Finding("server", "ok", found)


def _clock(answer: "httpx.Response | None") -> Finding:
    now_s = time.time()
    if now_s < _EPOCH_OF_SENSE_S:
        return Finding("clock", "broken", time.strftime("%Y-%m-%d"), "set this machine's clock")
    sent = answer.headers.get("date") if answer is not None else None
    if sent is None:
        return Finding("clock", "ok", time.strftime("%Y-%m-%d %H:%M:%S %Z"))
    skew_s = now_s - parsedate_to_datetime(sent).timestamp()
    if abs(skew_s) > MAX_SKEW_S:
        found = f"{skew_s:+.0f} s against the server's"
        return Finding("clock", "broken", found, "synchronise both clocks (NTP)")
    return Finding("clock", "ok", f"within {MAX_SKEW_S:.0f} s of the server's")


def _print_findings(findings: list[Finding]) -> None:
    from rich.text import Text

    out = console()
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        mark, style = _MARKS[finding.level]
        line = Text.assemble((mark, style), f" {finding.check:<{width}}  {finding.found}")
        if finding.remedy:
            line.append(f"\n  {'':<{width}}  → {finding.remedy}", style=style)
        out.print(line, soft_wrap=True)
