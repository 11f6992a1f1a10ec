"""A small OTLP receiver whose answers a test writes: for servers that are slow, full or wrong."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

__all__ = ["Answer", "Receiver", "start_receiver"]


@dataclass(frozen=True)
class Answer:
    """What one request is answered."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""


@dataclass
class Receiver:
    """A running receiver: where it is and what it took."""

    url: str = ""
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    """Every request, those that were turned away too."""
    headers: list[dict[str, str]] = field(default_factory=list)
    taken: list[Span] = field(default_factory=list)
    """Spans of the requests that were answered 200."""

    @property
    def names(self) -> list[str]:
        """Names of the taken spans."""
        return [span.name for span in self.taken]


@contextmanager
def start_receiver(
    answer: Callable[[int, ExportTraceServiceRequest], Answer] = lambda _n, _r: Answer(),
    port: int = 0,
) -> Iterator[Receiver]:
    """Answer each request with what `answer` says to its number (from 0) and content."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = ExportTraceServiceRequest.FromString(body)
            receiver.requests.append(request)
            receiver.headers.append({key.lower(): value for key, value in self.headers.items()})
            said = answer(len(receiver.requests) - 1, request)
            if said.status == 200:
                receiver.taken += [
                    span
                    for group in request.resource_spans
                    for scope in group.scope_spans
                    for span in scope.spans
                ]
            content = said.text.encode() or ExportTraceServiceResponse().SerializeToString()
            self.send_response(said.status)
            for key, value in said.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
