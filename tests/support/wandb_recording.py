"""Records what a real wandb client says to a real server: how tests/data/wandb_requests were made.

    make wandb-test ARGS=--record

A proxy stands between the two; it keeps what is sent, and gives on what the server answers.
"""

import base64
import json
import platform
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

__all__ = ["recorded"]

_PLAIN = {
    str(Path(__file__).parents[2]): "/home/someone/project",
    tempfile.gettempdir(): "/home/someone",
    platform.platform(): "Linux-6.1-x86_64-with-glibc2.36",
}
"""What says where it was recorded."""
_OWN = ("accept-encoding", "connection", "content-length", "host", "transfer-encoding")


@contextmanager
def recorded(target: str, file: Path) -> Iterator[str]:
    """A proxy's URL; what came through it is in `file` afterwards."""
    told: list[dict[str, Any]] = []

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _OWN}
            headers["host"] = self.headers["host"]
            if not self.path.startswith("/sdk/otel"):  # What it measures of itself.
                told.append({"method": self.command, "path": self.path, **_kept(body)})
            answer = httpx.request(
                self.command, target + self.path, content=body, headers=headers, timeout=60
            )
            self.send_response(answer.status_code)
            self.send_header("content-length", str(len(answer.content)))
            self.send_header("content-type", answer.headers.get("content-type", ""))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = pass_on  # noqa: N815  # What the server calls.

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_address[1]}"
    finally:
        proxy.shutdown()
        text = "".join(json.dumps(each) + "\n" for each in told)
        for own, plain in _PLAIN.items():
            text = text.replace(own, plain)
        file.write_text(text, encoding="utf-8")


def _kept(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}
