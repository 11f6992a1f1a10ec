"""`weave-core sync`: a program ran while no server did, and nothing of it is lost."""

import json
import subprocess
import sys
from pathlib import Path

from support.commands import clean_env, run_command
from support.ports import free_port
from support.servers import ServerProcess

from weave_core import Client

PROGRAM = """
import sys, weave_core
weave_core.init(sys.argv[1], "offline")
@weave_core.op
def work(): return 1
for _ in range(3): work()
"""


def run_offline(project: str, home: Path) -> None:
    """A program of three calls that finds no server."""
    env = clean_env({"WEAVE_CORE_HOME": str(home)})
    subprocess.run([sys.executable, "-c", PROGRAM, project], env=env, check=True, timeout=60)


def test_what_waited_on_disk_is_sent(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Each span arrives once, and a second run has nothing left to send."""
    run_offline(project, tmp_path)

    first = run_command("sync", "--server", server.url, "--home", str(tmp_path))
    second = run_command("sync", "--server", server.url, "--home", str(tmp_path), "--json")

    assert (first.returncode, first.stdout) == (0, f"3 spans sent to {server.url}\n")
    assert json.loads(second.stdout)["sent_spans"] == 0
    assert len(client.list_spans(project).items) == 3


def test_without_a_server_it_says_so_and_loses_nothing(project: str, tmp_path: Path) -> None:
    """Exit code 1, a last line that says why and what to do, and the spans still wait."""
    run_offline(project, tmp_path)
    url = f"http://127.0.0.1:{free_port()}"

    done = run_command("sync", "--server", url, "--home", str(tmp_path), "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["left_bytes"] > 0
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("weave-core: not all could be sent")
