"""A spool whose disk is really full: the program goes on, and what was written is sent once."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from support.receivers import start_receiver
from support.small_disks import small_disk

from weave_core.tracing.spool import sync

PROGRAM = """
import os, sys
import weave_core
weave_core.init("full", sys.argv[1])

@weave_core.op
def step(n):
    return str(n) + os.urandom(20_000).hex()

for n in range(200):
    step(n)
print("done")
"""


def test_a_full_disk_is_no_obstacle_while_a_server_answers(
    run_program: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    """Spans wait in memory then; one line says so, and all of them arrive."""
    with small_disk(tmp_path / "disk", 2 * 1024 * 1024) as disk, start_receiver() as receiver:
        disk.fill()
        done = run_program(PROGRAM, receiver.url, WEAVE_CORE_HOME=str(disk.folder))
        assert done.stdout == "done\n"
        assert receiver.names == ["step"] * 200
        assert "No space left on device" in done.stderr


def test_a_disk_that_fills_up_keeps_what_was_written_before(
    run_program: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    """Without a server the newest are left out; what is on disk is whole, and sent later."""
    with small_disk(tmp_path / "disk", 2 * 1024 * 1024) as disk:
        done = run_program(PROGRAM, "offline", WEAVE_CORE_HOME=str(disk.folder))
        assert done.stdout == "done\n"
        assert "spans can't be written to" in done.stderr
        with start_receiver() as receiver:
            report = sync(receiver.url, home=disk.folder)
            assert (report.left_bytes, report.failure) == (0, "")
            assert 0 < report.sent_spans < 200
            assert receiver.names == ["step"] * report.sent_spans


def test_what_was_only_in_memory_at_the_end_is_said_to_be_lost(
    run_program: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    """A full disk and no server: how much is missing is told, each thing in one line."""
    with small_disk(tmp_path / "disk", 2 * 1024 * 1024) as disk:
        disk.fill()
        done = run_program(
            "import sys, weave_core\n"
            "weave_core.init('full', sys.argv[1])\n"
            "with weave_core.run(capture=['environment', 'code']) as run: run.log({'x': 1})\n",
            "http://127.0.0.1:9",
            WEAVE_CORE_HOME=str(disk.folder),
        )
        assert "spans are lost: they were not sent in time" in done.stderr
        assert "not all of what a run ran with is kept" in done.stderr
        assert "Traceback" not in done.stderr
