"""A real app process, started and stopped by a test, and how Chromium is started to look at it."""

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, Queue

from weave_core.app.process import app_command

__all__ = ["CHROMIUM_OPTIONS", "AppProcess", "start_app"]

CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",  # WebGL without a GPU.
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
_START_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class AppProcess:
    """A running app: its address, and its process to look at."""

    url: str
    process: "subprocess.Popen[str]"


@contextmanager
def start_app(server_url: str) -> Iterator[AppProcess]:
    """Start the app as the command line does and yield it once it answers."""
    command, extra = app_command(server_url=server_url, host="127.0.0.1", port=0)
    env = {key: value for key, value in os.environ.items() if not key.startswith("WEAVE_CORE_")}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env | extra
    )
    found: Queue[str] = Queue()
    reader = threading.Thread(target=_read_url, args=(process, found), daemon=True)
    reader.start()
    try:
        try:
            yield AppProcess(found.get(timeout=_START_TIMEOUT_S), process)
        except Empty:
            raise AssertionError("the app did not get ready") from None
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)
        reader.join(timeout=5)
        if process.stdout is not None:
            process.stdout.close()


def _read_url(process: "subprocess.Popen[str]", found: "Queue[str]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        address = re.search(r"URL: (http://\S+)", line)
        if address:
            found.put(address[1].rstrip("/"))
