"""What a run keeps of what its program prints."""

import io
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console as RichConsole
from rich.progress import Progress
from support.commands import clean_env
from support.servers import ServerProcess
from support.trainings import training
from tqdm import tqdm  # type: ignore[import-untyped]  # It ships no types.

import weave_core
from weave_core import Client
from weave_core.tracing.console_lines import KEPT_END, MAX_LINE_TEXT, ConsoleLines

PROGRAM = """
import ctypes, os, subprocess, sys
import weave_core

weave_core.init(sys.argv[1], sys.argv[2])
with weave_core.run(id="below", capture=["console", "descriptors"]) as run:
    print("from Python")
    os.write(1, "unbuffered \\u20ac\\n".encode())
    ctypes.CDLL(None).puts(b"from C")
    subprocess.run(["sh", "-c", "echo from a shell; echo its error >&2"], check=True)
    os.write(1, (b"x" * 99 + b"\\n") * 5_000)
print("after the run")
"""


@pytest.fixture
def tracing(server: ServerProcess, project: str, tmp_path: Path) -> Iterator[None]:
    """Tracing as a training program has it."""
    with training(project, server.url, tmp_path / "home"):
        yield


def printed(client: Client, run_id: str, stream: str = "stdout") -> list[str]:
    """The lines of a stream as they read."""
    return [line.plain for line in client.run(run_id).console() if line.stream == stream]


@pytest.mark.usefixtures("tracing")
def test_what_is_printed_comes_back_line_by_line(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both streams, a logger's too, in their order, colours kept; and it is printed as ever."""
    with weave_core.run(id="talks") as run:
        print("first")  # What this is about, here and below.
        handler = logging.StreamHandler(sys.stderr)
        handler.handle(logging.makeLogRecord({"msg": "from a logger"}))
        sys.stdout.write("a line in ")
        sys.stdout.write("two parts\n\n\x1b[31mred\x1b[0m, no newline")
    lines = list(client.run(run.id).console())

    assert [(line.stream, line.plain) for line in lines] == [
        ("stdout", "first"),
        ("stderr", "from a logger"),
        ("stdout", "a line in two parts"),
        ("stdout", ""),
        ("stdout", "red, no newline"),
    ]
    assert lines[-1].text.startswith("\x1b[31mred\x1b[0m")
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    assert not any(line.is_open for line in lines)
    assert abs(lines[0].time_ns - time.time_ns()) < 60e9
    assert "write" not in vars(sys.stdout)
    assert "a line in two parts" in capsys.readouterr().out


@pytest.mark.usefixtures("tracing")
def test_a_progress_bar_is_the_line_that_it_was_left_as(client: Client) -> None:
    """Bars of tqdm, one in another, and rich's: what a terminal shows in the end, nothing else."""
    with weave_core.run(id="bars") as run:
        for _ in tqdm(range(2), desc="epochs", file=sys.stderr, mininterval=0, ascii=True):
            for _ in tqdm(range(50), desc="steps", file=sys.stderr, mininterval=0, leave=False):
                pass
        print("50%\r100%\nabc\b\bX", "typed over", sep="")
        window = RichConsole(file=sys.stdout, force_terminal=True, width=60)
        with Progress(console=window, auto_refresh=False) as progress:
            task = progress.add_task("rich", total=3)
            for _ in range(3):
                progress.advance(task)
                progress.refresh()

    [bar] = [line for line in printed(client, run.id, "stderr") if line.strip()]
    assert bar.startswith("epochs: 100%|##########| 2/2")
    lines = printed(client, run.id)
    assert lines[:2] == ["100%", "aXtyped over"]
    [rich] = [line for line in lines[2:] if line.strip()]
    assert rich.startswith("rich ━")
    assert "100%" in rich


@pytest.mark.usefixtures("tracing")
def test_an_error_that_ends_a_run_is_among_its_lines(client: Client) -> None:
    """Python prints it when the run is over already, so the run notes it."""

    def fail() -> None:
        with weave_core.run(id="fails"):
            raise ArithmeticError("the loss is NaN")

    with pytest.raises(ArithmeticError):
        fail()
    notes = printed(client, "fails", "note")
    assert notes[0] == "Traceback (most recent call last):"
    assert notes[-1] == "ArithmeticError: the loss is NaN"


@pytest.mark.usefixtures("tracing")
def test_secrets_and_endless_lines_are_not_kept(client: Client) -> None:
    """The redaction policy holds for what is printed; a line too long says so."""
    with weave_core.run(id="secret") as run:
        print("api_key=sk-very-secret\n" + "y" * (MAX_LINE_TEXT + 5))
    secret, long = printed(client, run.id)
    assert secret == "api_key=[redacted]"  # noqa: S105
    assert long == "y" * MAX_LINE_TEXT + "… <cut>"


@pytest.mark.usefixtures("tracing")
def test_runs_hear_what_is_printed_while_they_are_the_newest(client: Client) -> None:
    """One within another; one that was told to listen to nothing; a stream that was exchanged."""
    with weave_core.run(id="outer") as outer:
        print("outer begins")
        with weave_core.run(id="inner"):
            print("inner")
        with weave_core.run(id="deaf", capture=False):
            print("nobody else's")
        elsewhere = io.StringIO()
        print("into a text", file=elsewhere)
    assert printed(client, outer.id) == ["outer begins", "nobody else's"]
    assert printed(client, "inner") == ["inner"]
    assert printed(client, "deaf") == []


@pytest.mark.skipif(os.name != "posix", reason="descriptors are redirected on Linux and macOS")
def test_what_c_code_and_other_processes_print_is_kept_on_request(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Below Python's streams; nothing is missing on the screen, and nothing comes twice."""
    (tmp_path / "train.py").write_text(PROGRAM)
    env = clean_env({"WEAVE_CORE_HOME": str(tmp_path / "home")})
    done = subprocess.run(
        [sys.executable, str(tmp_path / "train.py"), project, server.url],
        env=env, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    lines = [(each.stream, each.text) for each in client.run("below", project).console()]

    spoken = [text for stream, text in lines if stream == "stdout" and not text.startswith("xxx")]
    assert sorted(spoken) == ["from C", "from Python", "from a shell", "unbuffered €"]
    assert [text for stream, text in lines if stream == "stderr"] == ["its error"]
    assert sum(text == "x" * 99 for _, text in lines) == 5_000
    assert len(done.stdout) == 5_000 * 100 + sum(map(len, spoken)) + 4 + len("after the run\n")
    assert "its error" in done.stderr


def test_behind_its_bounds_a_run_keeps_the_last_lines() -> None:
    """They say why it ended; how many are missing stands where they would."""
    lines = ConsoleLines(max_lines=100)
    for number in range(5_000):
        lines.feed(0, f"line {number}\n", number)
    kept = lines.take(0.0)
    late = lines.take(1.0, is_last=True)
    assert [told[5] for told in kept] == [f"line {number}" for number in range(100)]
    assert late[0][5].startswith(f"… {4_900 - KEPT_END:,} lines were left out here")
    assert late[0][0] == 101
    assert [told[5] for told in late[1:]] == [
        f"line {number}" for number in range(5_000 - KEPT_END, 5_000)
    ]


def test_a_line_that_changes_all_the_time_is_told_now_and_then() -> None:
    """Once a second under one number; an end is told at once."""
    lines = ConsoleLines()
    told = []
    for tenth in range(25):
        lines.feed(1, f"\r{tenth}", tenth)
        told += lines.take(tenth / 10)
    lines.feed(1, "\n", 25)
    told += lines.take(2.5)
    assert [(each[0], each[3], each[4], each[5]) for each in told] == [
        (1, 0, True, "0"),
        (1, 1, True, "10"),
        (1, 2, True, "20"),
        (1, 3, False, "24"),
    ]
