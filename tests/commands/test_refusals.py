"""What can't work is said in one line, before anything starts, with what to do about it."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import run_command
from support.ports import free_port


def one_line(text: str) -> str:
    """`text`, once it is proved to be one line of ours and no stack trace."""
    assert "Traceback" not in text
    [line] = text.splitlines()
    assert line.startswith("weave-core: ")
    return line


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that this test process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("server", "--port"),
        ("server", "--grpc-port"),
        ("app", "--port"),
        ("up", "--port"),
        ("up", "--grpc-port"),
        ("up", "--app-port"),
    ],
)
def test_a_taken_port_names_who_has_it(
    command: str, option: str, taken_port: int, tmp_path: Path
) -> None:
    """The user reads which process to stop, or which option to use, and nothing has started."""
    options = {"app": ["--port"], "server": ["--port", "--grpc-port"]}
    words = [command]
    for name in options.get(command, ["--port", "--grpc-port", "--app-port"]):
        words += [name, str(taken_port) if name == option else "0"]

    done = run_command(*words, env={"WEAVE_CORE_HOME": str(tmp_path / "home")})

    line = one_line(done.stderr)
    assert done.returncode == 1
    assert f"port {taken_port} is taken by" in line
    assert f"(pid {os.getpid()})" in line
    assert option in line


@pytest.mark.parametrize("command", ["server", "up"])
def test_a_file_in_the_place_of_the_home_is_named(command: str, tmp_path: Path) -> None:
    """A home that is a file can't hold data: the line names the file and the option."""
    in_the_way = tmp_path / "home"
    in_the_way.write_text("mine")

    done = run_command(command, "--home", str(in_the_way), "--port", "0")

    line = one_line(done.stderr)
    assert done.returncode == 1
    assert str(in_the_way) in line
    assert "--home" in line


def test_a_home_that_cant_be_written_is_named(tmp_path: Path) -> None:
    """No permission, a read-only disk: the line names the folder and the reason."""
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    # Root writes where mode bits say no, but even root makes no folder in /proc.
    home = Path("/proc/weave_home") if os.geteuid() == 0 else locked / "home"

    done = run_command("server", "--home", str(home), "--port", "0")

    assert done.returncode == 1
    assert str(home) in one_line(done.stderr)


@pytest.mark.parametrize(
    ("host", "word"), [("no-such-host.invalid", "not known"), ("192.0.2.1", "can't listen")]
)
def test_a_host_that_is_not_ours_is_refused(host: str, word: str, tmp_path: Path) -> None:
    """An address of another machine, or of none: said before FastAPI is even loaded."""
    port = str(free_port())

    done = run_command("server", "--host", host, "--port", port, "--home", str(tmp_path))

    assert done.returncode == 1
    assert word in one_line(done.stderr)


def test_a_server_that_does_not_run_is_one_line() -> None:
    """`traces list` without a server says how to start one."""
    url = f"http://127.0.0.1:{free_port()}"

    done = run_command("traces", "list", "--server", url)

    line = one_line(done.stderr)
    assert done.returncode == 1
    assert url in line
    assert "weave-core up" in line


def test_a_wrong_setting_names_its_variable() -> None:
    """A typo in the environment is told with the variable and what it held."""
    done = run_command("traces", "list", env={"WEAVE_CORE_MAX_BODY_BYTES": "many"})

    line = one_line(done.stderr)
    assert done.returncode == 1
    assert "WEAVE_CORE_MAX_BODY_BYTES" in line
    assert "'many'" in line


def test_an_unknown_command_says_what_there_is() -> None:
    """A mistyped command is a usage error: exit code 2 and the way to the help."""
    done = run_command("sever")

    assert done.returncode == 2
    assert "--help" in done.stderr
    assert "Traceback" not in done.stderr
