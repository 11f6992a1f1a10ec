"""The demo of the README, as its reader runs it."""

import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from support.commands import clean_env
from support.servers import start_server

from weave_core import Client
from weave_core.commands.ports import is_port_free

DEMO = Path(__file__).parents[1] / "examples" / "demo.py"


def test_the_demo_ends_with_a_trace_on_screen(tmp_path: Path) -> None:
    """Ports taken or not: server and app start, the agent runs, its trace is there, all ends."""
    home = tmp_path / "home"
    env = clean_env()
    env.pop("OPENAI_API_KEY", None)
    with ExitStack() as taken:
        for port in (4318, 8501):  # What the demo would like to have.
            if is_port_free("127.0.0.1", port):
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
        done = subprocess.run(
            [sys.executable, str(DEMO), "--once", "--home", str(home)],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "port 4318 is taken" in done.stdout
    assert "stand-in" in done.stdout + done.stderr
    found = re.search(
        r"open it +http://127.0.0.1:(\d+)/trace\?project=(.+)&trace=(\w{32})", done.stdout
    )
    assert found, done.stdout
    app_port, project, trace_id = found.groups()
    assert is_port_free("127.0.0.1", int(app_port))
    with start_server(home) as server, Client(server.url) as client:
        spans = client.get_trace(project, trace_id).spans
    assert len(spans) >= 6
    assert {"agent", "llm", "tool"} <= {span.kind for span in spans}
    assert any(span.is_stream for span in spans if span.kind == "llm")
    assert all(span.cost for span in spans if span.kind == "llm" and not span.is_duplicate)
