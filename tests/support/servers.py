"""A real `weave-core server` process, started and stopped by a test."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue

__all__ = ["ServerProcess", "start_server"]

READY = "weave-core server ready on "
GRPC = "weave-core server grpc on "
_START_TIMEOUT_S = 60.0


@dataclass
class ServerProcess:
    """A running server: where it answers, and its process to signal."""

    url: str
    process: subprocess.Popen[str]
    home: Path
    lines: list[str] = field(default_factory=list)
    """What it printed, standard error included."""
    is_ended: bool = False
    """Whether a test has ended it."""

    @property
    def grpc_address(self) -> str:
        """HOST:PORT of OTLP over gRPC."""
        [line] = [line for line in self.lines if line.startswith(GRPC)]
        return line.removeprefix(GRPC).strip()

    @property
    def peak_bytes(self) -> int:
        """The most memory that the process ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def kill(self) -> None:
        """SIGKILL: nothing gets the chance to clean up."""
        self.is_ended = True
        self.process.kill()
        self.process.wait(timeout=10)

    def stop(self) -> int:
        """SIGTERM, as a supervisor would; returns the exit code."""
        self.is_ended = True
        self.process.terminate()
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@contextmanager
def start_server(
    home: Path,
    *options: str,
    port: int = 0,
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = ("-m", "weave_core"),
) -> Iterator[ServerProcess]:
    """Start `weave-core server` on `home` and yield it once it says that it is ready.

    Args:
        home: Its data folder; give the same one again to restart on the same data.
        *options: More command line options.
        port: 0 lets the kernel pick a free one.
        env: More environment variables.
        program: What Python runs instead of ours, and its own arguments.
    """
    command = [sys.executable, *program, "server"]
    command += ["--home", str(home), "--port", str(port), *options]
    if "--no-grpc" not in options and "--grpc-port" not in options:
        command += ["--grpc-port", "0"]  # Tests that run side by side must not share 4317.
    # The environment of a developer must not leak into the server under test.
    kept = {key: value for key, value in os.environ.items() if not key.startswith("WEAVE_CORE_")}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=kept | dict(env or {}),
    )
    lines: list[str] = []
    ready: Queue[str | None] = Queue()
    reader = threading.Thread(target=_read, args=(process, lines, ready), daemon=True)
    reader.start()
    try:
        try:
            url = ready.get(timeout=_START_TIMEOUT_S)
        except Empty:
            url = None
        if url is None:
            raise AssertionError("the server did not get ready:\n" + "".join(lines))
        running = ServerProcess(url=url, process=process, home=home, lines=lines)
        yield running
        if process.poll() is not None and not running.is_ended:
            # Shown where the test fails, which then only knows that nobody answered.
            print(f"the server had ended with {process.returncode}, and had printed:", *lines)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)
        reader.join(timeout=5)
        if process.stdout is not None:
            process.stdout.close()


def _read(process: subprocess.Popen[str], lines: list[str], ready: "Queue[str | None]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if line.startswith(READY):
            ready.put(line.removeprefix(READY).strip())
    ready.put(None)
