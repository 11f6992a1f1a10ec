"""`weave-core doctor` and `version`: what is here, what is wrong, what to type."""

import json
import socket
from importlib.metadata import version
from pathlib import Path
from typing import Any

from support.commands import run_command
from support.ports import free_port
from support.servers import ServerProcess


def examine(*words: str, home: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code and findings by check, on ports that are free unless `words` say otherwise."""
    ports = [str(free_port()), str(free_port())]
    options = ["--home", str(home), "--port", ports[0], "--app-port", ports[1], *words, "--json"]
    done = run_command("doctor", *options)
    return done.returncode, {finding["check"]: finding for finding in json.loads(done.stdout)}


def test_a_machine_in_order_has_nothing_broken(tmp_path: Path) -> None:
    """Exit code 0, and each thing that was looked at is named."""
    code, findings = examine(home=tmp_path / "home")

    assert code == 0
    assert {"Python", "weave-core", "data folder", "disk", "SQLite", "clock"} <= findings.keys()
    assert {"extra [server]", "extra [app]", "server port", "app port"} <= findings.keys()
    assert all(finding["level"] != "broken" for finding in findings.values())


def test_a_running_server_is_asked(server: ServerProcess, tmp_path: Path) -> None:
    """Its version and store are told, and its clock is held against ours."""
    code, findings = examine("--server", server.url, home=tmp_path)

    assert code == 0
    assert findings["server"]["level"] == "ok"
    assert version("weave-core") in findings["server"]["found"]
    assert findings["clock"]["level"] == "ok"


def test_a_server_that_was_named_and_is_away_is_broken(tmp_path: Path) -> None:
    """A program here would send into the void: exit code 1, and how to start one."""
    url = f"http://127.0.0.1:{free_port()}"

    code, findings = examine("--server", url, home=tmp_path)

    assert code == 1
    assert findings["server"]["level"] == "broken"
    assert "weave-core up" in findings["server"]["remedy"]


def test_a_stranger_on_the_port_is_broken(tmp_path: Path) -> None:
    """Who listens there is named, and which option avoids it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        code, findings = examine("--port", port, home=tmp_path)

    assert code == 1
    assert "pid" in findings["server port"]["found"]
    assert "--port" in findings["server port"]["remedy"]


def test_a_home_that_is_a_file_is_broken(tmp_path: Path) -> None:
    """The doctor finds what would stop the server, without starting one."""
    (tmp_path / "home").write_text("mine")

    code, findings = examine(home=tmp_path / "home")

    assert code == 1
    assert findings["data folder"]["level"] == "broken"


def test_the_findings_are_readable_lines(tmp_path: Path) -> None:
    """Without `--json` each finding is a line with a mark in front; what was refused is one."""
    (tmp_path / "spool" / "dead").mkdir(parents=True)
    (tmp_path / "spool" / "dead" / "1.otlp").write_bytes(b"12345")
    done = run_command("doctor", "--home", str(tmp_path), "--port", "1")

    assert "✓ Python" in done.stdout
    assert "1 requests of 5 bytes that a server refused" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_version_is_the_installed_one() -> None:
    """For people in one line, for programs as JSON."""
    assert run_command("version").stdout.startswith(f"weave-core {version('weave-core')} (Python ")
    assert json.loads(run_command("version", "--json").stdout)["weave_core"] == version(
        "weave-core"
    )
