"""Everything at once: server, app and a traced support agent.  `make demo` runs this.

    python examples/demo.py          # stays until Ctrl-C
    python examples/demo.py --once   # checks what arrived and ends

The data goes to `.demo/` in the folder you are in, so your own traces are left alone.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from weave_core import Client, WeaveError
from weave_core.commands.ports import free_port, is_port_free, is_serving
from weave_core.model import TraceSummary

HERE = Path(__file__).parent
HOST = "127.0.0.1"
START_TIMEOUT_S = 120.0
ARRIVAL_TIMEOUT_S = 15.0
MIN_SPANS = 6


def main() -> int:
    """Run the demo; the exit code is 0 when the trace arrived."""
    parser = argparse.ArgumentParser(description="Server, app and a traced example program.")
    parser.add_argument("--once", action="store_true", help="check what arrived and end")
    parser.add_argument("--home", type=Path, default=Path(".demo"), help="folder of the data")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server_port, app_port = pick_port(4318, "server"), pick_port(8501, "app")
    server_url, app_url = f"http://{HOST}:{server_port}", f"http://{HOST}:{app_port}"
    try:
        with running_up(options.home, server_port, app_port) as up:
            wait_until_up(up, f"{server_url}/healthz", f"{app_url}/_stcore/health")
            trace = run_agent(server_url, app_url)
            print_links(trace, app_url)
            return 0 if options.once else up.wait()
    except KeyboardInterrupt:
        return 0
    except WeaveError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def pick_port(wanted: int, what: str) -> int:
    """`wanted`, or a free port where another program has it."""
    if is_port_free(HOST, wanted):
        return wanted
    port = free_port(HOST)
    print(f"demo: port {wanted} is taken, so the {what} listens on {port}")
    return port


@contextmanager
def running_up(home: Path, server_port: int, app_port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """`weave-core up`, ended when the block is left."""
    command = [sys.executable, "-P", "-m", "weave_core", "up", "--home", str(home)]
    command += ["--port", str(server_port), "--app-port", str(app_port), "--grpc-port", "0"]
    # A session of its own: Ctrl-C comes to us, and we end it once.
    up = subprocess.Popen(command, start_new_session=True)  # noqa: S603  # Our own command.
    try:
        yield up
    finally:
        up.terminate()
        up.wait(timeout=60)


def wait_until_up(up: "subprocess.Popen[bytes]", *urls: str) -> None:
    """Wait until every one of `urls` answers."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not all(is_serving(url) for url in urls):
        if up.poll() is not None:
            raise WeaveError("`weave-core up` ended before it was ready", "its own words are above")
        if time.monotonic() > deadline:
            raise WeaveError(f"no answer from {' and '.join(urls)}", "look at the lines above")
        time.sleep(0.2)


def run_agent(server_url: str, app_url: str) -> TraceSummary:
    """Run the support agent as its own program and return the trace that it left."""
    started_ns = time.time_ns()
    own = {"WEAVE_CORE_ENDPOINT": server_url, "WEAVE_CORE_APP_URL": app_url}
    env = {"WEAVE_CORE_PROJECT": "demo", **os.environ, **own}
    command = [sys.executable, str(HERE / "support_agent.py")]
    if code := subprocess.run(command, env=env, check=False).returncode:  # noqa: S603
        raise WeaveError(f"examples/support_agent.py ended with exit code {code}")
    deadline = time.monotonic() + ARRIVAL_TIMEOUT_S
    with Client(server_url) as client:
        while time.monotonic() < deadline:
            arrived = [trace for trace in newest_traces(client) if trace.started_ns >= started_ns]
            richest = max(arrived, key=lambda trace: trace.span_count, default=None)
            if richest and richest.span_count >= MIN_SPANS and richest.is_complete:
                return richest
            time.sleep(0.2)
    raise WeaveError(f"no trace of {MIN_SPANS} spans arrived within {ARRIVAL_TIMEOUT_S:.0f} s")


def newest_traces(client: Client) -> list[TraceSummary]:
    """The newest traces of the project that was used last."""
    projects = client.list_projects()
    return list(client.list_traces(projects[0].name, limit=20).items) if projects else []


def print_links(trace: TraceSummary, app_url: str) -> None:
    """Where to look."""
    project = urlencode({"project": trace.project})
    print(
        f"\nA trace of {trace.span_count} spans arrived: {trace.name}\n"
        f"  open it      {app_url}/trace?{project}&trace={trace.trace_id}\n"
        f"  all traces   {app_url}/?{project}\n"
        f"  in a shell   weave-core traces show {trace.trace_id[:12]} --project {trace.project}\n"
        "Ctrl-C ends the demo; its data stays.",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
