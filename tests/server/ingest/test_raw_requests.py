"""OTLP over HTTP, by the byte: what the reference collector is tested with, and worse."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from google.protobuf.json_format import Parse
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.raw_http import RawAnswer, RawConnection, raw_request
from support.sent_spans import otlp_span
from support.servers import ServerProcess, start_server

from weave_core import Client
from weave_core.errors import NotFound

JSON, PROTOBUF = "application/json", "application/x-protobuf"
SIGNALS = ("traces", "logs", "metrics")
LIMIT = 100_000


def json_body(project: str, *numbers: int) -> bytes:
    """A request in JSON with a span a number."""
    attribute = {"key": "weave_core.project", "value": {"stringValue": project}}
    return json.dumps(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": [attribute]},
                    "scopeSpans": [{"spans": [otlp_span(n, n) for n in numbers]}],
                }
            ]
        }
    ).encode()


def protobuf_body(project: str, *numbers: int) -> bytes:
    """The same in protobuf."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="weave_core.project").value.string_value = project
    spans = resource.scope_spans.add().spans
    for n in numbers:
        spans.add(trace_id=n.to_bytes(16, "big"), span_id=n.to_bytes(8, "big"), name=f"span {n}")
    return bytes(request.SerializeToString())


BODIES: dict[str, Callable[..., bytes]] = {JSON: json_body, PROTOBUF: protobuf_body}


def post(
    server: ServerProcess,
    body: bytes,
    *,
    path: str = "/v1/traces",
    kind: str | None = JSON,
    **headers: str | None,
) -> RawAnswer:
    """The answer to one request on a connection of its own."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    with RawConnection(server.url) as connection:
        return connection.ask(raw_request("POST", path, {"content-type": kind, **given}, body))


def stored(server: ServerProcess, project: str) -> int:
    """How many spans a project has."""
    with Client(server.url) as client:
        try:
            return len(client.list_spans(project, limit=500).items)
        except NotFound:
            return 0


def status_of(answer: RawAnswer, kind: str) -> Status:
    """The `google.rpc.Status` of an error, in the encoding of its request."""
    assert answer.headers["content-type"] == kind
    return answer.rpc_status() if kind == PROTOBUF else Parse(answer.body, Status())


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_is_for_otlp(server: ServerProcess, method: str, signal: str) -> None:
    """405, with the method that is."""
    with RawConnection(server.url) as connection:
        request = raw_request(method, f"/v1/{signal}", {"content-type": JSON}, b"{}")
        answer = connection.ask(request, has_body=method != "HEAD")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/traces?x=1", 200),
        ("/v1/traces/", 200),
        ("//v1/traces", 200),
        ("/otlp/v1/traces", 200),
        ("/api/public/otel/v1/traces", 200),
        ("/v1/TRACES", 404),
        ("/v1/traces/x", 404),
        ("/v1/trace", 404),
        ("/xv1/traces", 404),
        ("/v1development/profiles", 404),
        ("/api/projects/p/v1/traces", 404),
    ],
)
def test_a_base_path_may_stand_before_that_of_otlp(
    server: ServerProcess, project: str, path: str, status: int
) -> None:
    """As senders make it of the URL that they were given; any other path holds nothing."""
    answer = post(server, json_body(project, 1), path=path)
    assert answer.status == status
    assert stored(server, project) == (1 if status == 200 else 0)


def test_a_signal_that_is_not_taken_is_refused_as_otlp_refuses(server: ServerProcess) -> None:
    """404 with a `Status` in the request's encoding, as for any path of OTLP."""
    answer = post(server, b"{}", path="/v1development/profiles")
    assert (answer.status, answer.headers["content-type"]) == (404, JSON)
    assert json.loads(answer.body)["code"] == 12


def test_a_base_path_is_no_way_around_the_key(tmp_path: Path) -> None:
    """Whatever stands before it."""
    with start_server(tmp_path, env={"WEAVE_CORE_API_KEY": "secret"}) as server:
        for path in ("/v1/traces", "/otlp/v1/traces", "//v1/traces/", "/healthz/v1/traces"):
            assert post(server, b"{}", path=path).status == 401, path
            assert post(server, b"{}", path=path, authorization="Bearer secret").status == 200


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("APPLICATION/JSON", 200),
        ("application/json;charset=latin-1; q=1", 200),
        ("Application/X-Protobuf; proto=x", 200),
        ("application/json, text/plain", 415),
        ("application/protobuf", 415),
        ("text/json", 415),
        ("text/plain", 415),
        ("json", 415),
        ("", 415),
        (None, 415),
    ],
)
def test_case_and_parameters_of_a_content_type_say_nothing(
    server: ServerProcess, project: str, kind: str | None, status: int
) -> None:
    """What is no type of OTLP is 415 in plain text, and the connection goes on."""
    plain = PROTOBUF if kind and "proto" in kind.lower() else JSON
    with RawConnection(server.url) as connection:
        body = BODIES[plain](project, 1)
        answer = connection.ask(raw_request("POST", "/v1/traces", {"content-type": kind}, body))
        assert answer.status == status
        if status == 200:
            assert answer.headers["content-type"] == plain
        else:
            assert answer.headers["content-type"].startswith("text/plain")
        after = raw_request("POST", "/v1/traces", {"content-type": JSON}, b"{}")
        assert connection.ask(after).status == 200
    assert stored(server, project) == (1 if status == 200 else 0)


def gzip_of_parts(body: bytes) -> bytes:
    """Two members, as `cat a.gz b.gz` makes them, with the padding of a tape."""
    return gzip.compress(body[:20]) + gzip.compress(body[20:]) + bytes(40)


def zstd_of_parts(body: bytes) -> bytes:
    """Two frames."""
    return zstandard.compress(body[:20]) + zstandard.compress(body[20:])


def zstd_without_size(body: bytes) -> bytes:
    """As a sender makes it that compresses while it writes."""
    return zstandard.ZstdCompressor(write_content_size=False, write_checksum=True).compress(body)


READ: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    (" GZip ", gzip_of_parts),
    ("x-gzip", gzip.compress),
    ("zlib", zlib.compress),
    ("deflate", zlib.compress),
    ("zstd", zstandard.compress),
    ("zstd", zstd_of_parts),
    ("ZSTD", zstd_without_size),
    ("identity", bytes),
    ("", bytes),
]


@pytest.mark.parametrize(("encoding", "pack"), READ)
@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_what_was_compressed_in_any_way_is_read_whole(
    server: ServerProcess, project: str, kind: str, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    """Whole or not at all: each with its last byte missing is refused, and nothing is stored."""
    body = pack(BODIES[kind](project, 1, 2, 3))
    cut = body[:-1] if not body.endswith(b"\0" * 40) else body[:-45]
    if encoding not in ("", "identity"):
        answer = post(server, cut, kind=kind, content_encoding=encoding)
        assert answer.status == 400
        assert status_of(answer, kind).code == 3
        assert stored(server, project) == 0
    assert post(server, body, kind=kind, content_encoding=encoding).status == 200
    assert stored(server, project) == 3


UNREADABLE = [
    ("gzip", b"{}", "does not match its content-encoding"),
    ("zstd", b"{}", "does not match its content-encoding"),
    ("deflate", b"{}", "does not match its content-encoding"),
    ("gzip", b"", "is empty"),
    ("zstd", b"", "is empty"),
    ("deflate", b"", "is empty"),
    ("gzip", gzip.compress(b"{}", mtime=0) + b"more", "does not match"),
    ("zstd", zstandard.compress(b"{}") + b"more", "does not match"),
    ("gzip", gzip.compress(b"", mtime=0) * 200_000, "more than 10000 parts"),
    ("zstd", zstandard.compress(b"") * 200_000, "more than 10000 parts"),
    ("gzip, gzip", gzip.compress(gzip.compress(b"{}")), "is not read here"),
    ("br", b"{}", "content-encoding 'br' is not read here"),
    ("snappy", b"{}", "is not read here"),
    ("none", b"{}", "is not read here"),
]


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_what_was_not_compressed_so_is_told(server: ServerProcess, kind: str, signal: str) -> None:
    """400 with a Status in the request's encoding, at once, for every signal."""
    for encoding, body, told in UNREADABLE:
        answer = post(server, body, path=f"/v1/{signal}", kind=kind, content_encoding=encoding)
        status = status_of(answer, kind)
        assert (answer.status, status.code) == (400, 3), encoding
        assert told in status.message, (encoding, body[:20])


def padded(size: int, kind: str) -> bytes:
    """A request of `size` bytes, at least ten, without a span."""
    if kind == JSON:
        return b'{"x": "' + b"x" * (size - 9) + b'"}'
    # An unknown field of bytes, whose length takes three bytes.
    length = size - 4
    head = bytes((length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14))
    return b"\x7a" + head + b"x" * length


@pytest.fixture(scope="module")
def small_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One whose bodies have at most `LIMIT` bytes."""
    env = {"WEAVE_CORE_MAX_BODY_BYTES": str(LIMIT)}
    with start_server(tmp_path_factory.mktemp("small"), env=env) as running:
        yield running


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
@pytest.mark.parametrize(("encoding", "pack"), READ)
def test_the_limit_itself_is_taken_and_one_byte_more_is_not(
    small_server: ServerProcess, kind: str, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    """Before and after decompression; 413 with a Status, and the connection goes on."""
    with RawConnection(small_server.url) as connection:
        for size, status in ((LIMIT - 1, 200), (LIMIT, 200), (LIMIT + 1, 413), (10, 200)):
            headers = {"content-type": kind, "content-encoding": encoding}
            body = pack(padded(size, kind))
            answer = connection.ask(raw_request("POST", "/v1/traces", headers, body))
            assert answer.status == status, size
            if status == 413:
                assert status_of(answer, kind).code == 8


SPAN = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [otlp_span(7, 7)]}]}]}).encode()
CHUNKED = {"content-length": None, "transfer-encoding": "chunked"}


def chunks(body: bytes, size: int) -> bytes:
    """`body` in chunks, the last one missing."""
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


LIES: dict[str, tuple[dict[str, str | None], bytes, int]] = {
    "says too little": ({"content-length": str(len(SPAN) - 1)}, SPAN, 400),
    "says too much": ({"content-length": str(len(SPAN) + 1)}, SPAN, 0),
    "says an absurd length": ({"content-length": str(10**15)}, SPAN, 0),
    "is negative": ({"content-length": "-1"}, SPAN, 400),
    "is no number": ({"content-length": "many"}, SPAN, 400),
    "has two lengths": ({"transfer-encoding": "chunked"}, chunks(SPAN, 9) + b"0\r\n\r\n", 400),
    "has bad chunks": (CHUNKED, b"zz\r\n" + SPAN, 400),
    "ends within a chunk": (CHUNKED, chunks(SPAN, 9)[:-5], 0),
    "has no last chunk": (CHUNKED, chunks(SPAN, 9), 0),
    "compresses the transfer": (CHUNKED | {"transfer-encoding": "gzip"}, gzip.compress(SPAN), 400),
}


@pytest.mark.parametrize("lie", sorted(LIES))
def test_a_body_that_is_not_as_long_as_it_says_is_not_stored(
    small_server: ServerProcess, project: str, lie: str
) -> None:
    """Refused; or the sender goes before it is whole, nobody answers, and the log is calm."""
    headers, body, status = LIES[lie]
    said = len(small_server.lines)
    given = {"content-type": JSON, "x-weave-project": project, **headers}
    with RawConnection(small_server.url) as connection:
        connection.send(raw_request("POST", "/v1/traces", given, body))
        connection.end()
        assert connection.answer().status == status
    assert post(small_server, b"{}").status == 200
    assert stored(small_server, project) == 0
    assert {"weave-core: WARNING Invalid HTTP request received.\n"} >= set(
        small_server.lines[said:]
    )


def test_a_body_may_come_in_chunks_after_a_question(server: ServerProcess, project: str) -> None:
    """Chunks of any size with trailers, `Expect`, HTTP/1.0 and a connection that is kept."""
    headers = {"content-type": JSON}
    with RawConnection(server.url) as connection:
        for number, size in enumerate((1, 7, 100_000), 1):
            body = chunks(json_body(project, number), size) + b"0\r\nx-trailer: 1\r\n\r\n"
            request = raw_request("POST", "/v1/traces", headers | CHUNKED, body)
            assert connection.ask(request).status == 200
        asked = raw_request(
            "POST", "/v1/traces", headers | {"expect": "100-continue"}, json_body(project, 4)
        )
        assert connection.ask(asked).status == 100
        assert connection.answer().status == 200
        both = raw_request("POST", "/v1/traces", headers, json_body(project, 5)) + raw_request(
            "POST", "/v1/traces", headers, json_body(project, 6)
        )
        assert connection.ask(both).status == 200
        assert connection.answer().status == 200
    with RawConnection(server.url) as connection:
        old = raw_request("POST", "/v1/traces", headers, json_body(project, 7), version="1.0")
        assert connection.ask(old).status == 200
        assert connection.answer().status == 0, "an old connection ends with its answer"
    assert stored(server, project) == 7


@pytest.mark.parametrize(
    "noise",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"FOO /v1/traces HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\0" * 1_000,
    ],
    ids=["TLS", "HTTP/2", "a long URL", "no method", "zeros"],
)
def test_what_is_no_request_is_refused_and_harms_nobody(
    server: ServerProcess, noise: bytes
) -> None:
    """A sender that was set up wrong hears 400 at once."""
    with RawConnection(server.url) as connection:
        assert connection.ask(noise).status == 400
    assert post(server, b"{}").status == 200


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("body", [b"", b"{}", b'{"unknown": 1}', b" {} ", b"\xef\xbb\xbf{}"])
def test_an_empty_request_is_a_full_success(
    server: ServerProcess, signal: str, body: bytes
) -> None:
    """And says so in the encoding of its request: never 204, never a `partialSuccess`."""
    answer = post(server, body, path=f"/v1/{signal}")
    assert (answer.status, answer.body) == (200, b"{}")
    answer = post(server, b"", path=f"/v1/{signal}", kind=PROTOBUF)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-type"] == PROTOBUF
