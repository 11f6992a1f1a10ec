"""A server that takes whatever is posted to it at once, so that only the sender's cost is seen."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["start_sink"]

_ANSWERS: dict[str, object] = {
    "/graphql": {"data": {"project": {"name": "benchmark"}, "viewer": {"username": "benchmark"}}},
    "/server_info": {"min_required_weave_python_version": "0.0.0"},
    "/obj/create": {"digest": "0" * 43},
    "/file/create": {"digest": "0" * 43},
}
"""What Weave asks for before it begins, and the names of what it stores."""


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = json.dumps(_ANSWERS.get(self.path, {})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_PATCH = do_POST  # noqa: N815  # Names that the library looks for.

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""


@contextmanager
def start_sink() -> Iterator[str]:
    """Its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
