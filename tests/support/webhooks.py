"""A receiver of webhooks on this machine, that answers what a test says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Hook", "HookServer", "hook_server"]


@dataclass(frozen=True)
class Hook:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HookServer:
    """Where it is, and what came."""

    url: str = ""
    hooks: list[Hook] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers; then 200."""


@contextmanager
def hook_server() -> Iterator[HookServer]:
    """A receiver while the block runs."""
    box = HookServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keep it, and answer."""
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            box.hooks.append(Hook(self.path, headers, body))
            self.send_response(box.answers.pop(0) if box.answers else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: pytest shows what matters."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        box.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join(timeout=5)
