"""POST /v1/traces: both encodings, every compression, and a plain word for what is wrong."""

import gzip
import http.client
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import zstandard
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from support.otlp import new_span, new_trace_id
from support.servers import ServerProcess, start_server

from weave_core import Client

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
START_NS = 1_767_225_600_000_000_000


def deflate_raw(body: bytes) -> bytes:
    """Deflate without zlib's head, as some senders write it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": lambda body: body,
    "gzip": gzip.compress,
    "GZIP": lambda body: gzip.compress(body[:50]) + gzip.compress(body[50:]),
    "deflate": zlib.compress,
    "Deflate": deflate_raw,
    "zstd": zstandard.compress,
}


def protobuf_body(*names: str, project: str | None = None) -> bytes:
    """A request with one new span a name."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    if project is not None:
        item = resource.resource.attributes.add(key="weave_core.project")
        item.value.string_value = project
    trace_id = new_trace_id()
    spans = [new_span(name, trace_id, start_ns=START_NS, duration_ms=5) for name in names]
    resource.scope_spans.add().spans.extend(spans)
    return bytes(request.SerializeToString())


def json_span(number: int = 1, **given: Any) -> dict[str, Any]:
    """A span of OTLP/JSON."""
    return {
        "traceId": f"{number:032X}",
        "spanId": f"{number:016x}",
        "name": f"span {number}",
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": START_NS + 5_000_000,
    } | given


def json_body(*spans: Any, project: str) -> dict[str, Any]:
    """A request of OTLP/JSON."""
    attribute = {"key": "weave_core.project", "value": {"stringValue": project}}
    return {
        "resourceSpans": [
            {"resource": {"attributes": [attribute]}, "scopeSpans": [{"spans": list(spans)}]}
        ]
    }


def post(server: ServerProcess, body: bytes | dict[str, Any], **headers: str) -> httpx.Response:
    """Send `body`; a dict goes as JSON, bytes as protobuf unless a header says else."""
    content = json.dumps(body).encode() if isinstance(body, dict) else body
    kind = JSON if isinstance(body, dict) else PROTOBUF
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(
        f"{server.url}/v1/traces",
        content=content,
        headers={"content-type": kind} | given,
        timeout=60,
    )


def stored_names(client: Client, project: str) -> list[str]:
    """Names of all spans of a project."""
    return sorted(span.name for span in client.list_spans(project, limit=500).items)


@pytest.mark.parametrize("encoding", sorted(PACKERS))
@pytest.mark.parametrize("content_type", [PROTOBUF, "Application/X-Protobuf; charset=utf-8"])
def test_protobuf_comes_in_by_every_compression(
    server: ServerProcess, client: Client, project: str, encoding: str, content_type: str
) -> None:
    """The span is there when the answer is, and the answer is in the request's type."""
    body = PACKERS[encoding](protobuf_body("hello", project=project))
    answer = post(server, body, content_type=content_type, content_encoding=encoding)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == PROTOBUF
    assert ExportTraceServiceResponse.FromString(answer.content) == ExportTraceServiceResponse()
    assert stored_names(client, project) == ["hello"]


def test_json_comes_in_with_its_types_kept(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Hex ids in any case, 64-bit numbers as text, null as default, unknown fields ignored."""
    values = {
        "text": {"stringValue": "é"},
        "empty": {"stringValue": ""},
        "large": {"intValue": "-9223372036854775808"},
        "small": {"intValue": 7},
        "real": {"doubleValue": 1.5},
        "nan": {"doubleValue": "NaN"},
        "yes": {"boolValue": True},
        "list": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "b"}, {}]}},
        "map": {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": False}}]}},
        "bytes": {"bytesValue": "AAH/"},
        "nothing": None,
    }
    span = json_span(
        5,
        attributes=[{"key": key, "value": value} for key, value in values.items()],
        parentSpanId="0000000000000000",
        status={},
        events=None,
        droppedAttributesCount="3",
        somethingNew={"x": 1},
    )
    answer = post(server, json_body(span, project=project))
    assert (answer.status_code, answer.json()) == (200, {})
    stored = client.get_trace(project, f"{5:032x}").spans[0]
    assert stored.attributes == {
        "text": "é",
        "empty": "",
        "large": -(2**63),
        "small": 7,
        "real": 1.5,
        "nan": "NaN",
        "yes": True,
        "list": [1, "b", None],
        "map": {"k": False},
        "bytes": "AAH/",
        "nothing": None,
    }
    assert stored.parent_span_id is None
    assert stored.dropped.attributes == 3


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (PROTOBUF, b""),
        (PROTOBUF, ExportTraceServiceRequest().SerializeToString()),
        (JSON, b"{}"),
        (JSON, b'{"resourceSpans": null}'),
        (JSON, b'{"resourceSpans": [{"scopeSpans": [{}]}, {}]}'),
    ],
)
def test_an_empty_request_is_a_success(
    server: ServerProcess, content_type: str, body: bytes
) -> None:
    """Senders probe with them."""
    assert post(server, body, content_type=content_type).status_code == 200


def test_a_bad_span_is_refused_and_its_neighbours_are_kept(
    server: ServerProcess, client: Client, project: str
) -> None:
    """`partial_success` counts the refused and names the first."""
    request = ExportTraceServiceRequest.FromString(
        protobuf_body("short id", "good", "zero trace", "zero span", project=project)
    )
    spans = request.resource_spans[0].scope_spans[0].spans
    spans[0].span_id = b"\x01"
    spans[2].trace_id = bytes(16)
    spans[3].span_id = bytes(8)
    answer = post(server, request.SerializeToString())
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, 3)
    assert "'short id': its span_id has 1 bytes instead of 8" in partial.error_message
    assert stored_names(client, project) == ["good"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"traceId": "abc"}, "traceId 'abc' is no hex"),
        ({"spanId": "AAAAAAAAAAE="}, "is no hex (OTLP/JSON writes ids as hex, not as base64)"),
        ({"traceId": None}, "its trace_id has 0 bytes instead of 16"),
        ({"name": 5}, "name is a number instead of a text"),
        ({"startTimeUnixNano": "soon"}, "startTimeUnixNano is a text that is no whole number"),
        ({"endTimeUnixNano": -1}, "endTimeUnixNano is -1, outside of"),
        ({"attributes": {}}, "attributes is an object instead of a list"),
        ({"attributes": [{"key": "a", "value": 5}]}, "an attribute's value is a number"),
        ({"attributes": [{"key": "a", "value": {"intValue": str(2**63)}}]}, "outside of"),
        ({"events": [5]}, "an item of events is a number"),
    ],
)
def test_json_says_what_is_wrong_with_a_span(
    server: ServerProcess, client: Client, project: str, wrong: dict[str, Any], reason: str
) -> None:
    """The others of the batch are kept."""
    answer = post(server, json_body(json_span(1), json_span(2, **wrong), project=project))
    partial = answer.json()["partialSuccess"]
    assert (answer.status_code, partial["rejectedSpans"]) == (200, "1")
    assert reason in partial["errorMessage"]
    assert stored_names(client, project) == ["span 1"]


@pytest.mark.parametrize(
    ("content_type", "body", "headers", "words"),
    [
        (PROTOBUF, b"garbage", {}, "no ExportTraceServiceRequest"),
        (JSON, b"{oops", {}, "the body is no JSON"),
        (JSON, b"[" * 5_000, {}, "the body is no JSON"),
        (JSON, b"[]", {}, "the body is a list instead of an object"),
        (JSON, b'{"resourceSpans": 5}', {}, "resourceSpans is a number instead of a list"),
        (JSON, b"{}", {"content-encoding": "gzip"}, "does not match its content-encoding"),
        (JSON, gzip.compress(b"{}", mtime=0)[:-4], {"content-encoding": "gzip"}, "ends too early"),
        (JSON, b"{}", {"content-encoding": "zstd"}, "does not match its content-encoding"),
        (JSON, b"", {"content-encoding": "gzip"}, "the body is empty"),
        (PROTOBUF, b"", {"content-encoding": "br"}, "content-encoding 'br' is not read here"),
    ],
)
def test_what_cannot_be_read_is_a_status_in_the_requests_encoding(
    server: ServerProcess, content_type: str, body: bytes, headers: dict[str, str], words: str
) -> None:
    """400, which senders do not repeat, with `google.rpc.Status` that says what is wrong."""
    answer = post(server, body, content_type=content_type, **headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == content_type
    if content_type == PROTOBUF:
        status = Status.FromString(answer.content)
        assert (status.code, words in status.message) == (3, True), status.message
    else:
        assert answer.json()["code"] == 3
        assert words in answer.json()["message"]


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-protobuffer"])
def test_another_content_type_is_refused(server: ServerProcess, content_type: str) -> None:
    """415, naming the two that are read."""
    answer = post(server, b"{}", content_type=content_type)
    assert answer.status_code == 415
    assert "application/x-protobuf or application/json" in answer.text


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
def test_other_methods_are_refused(server: ServerProcess, signal: str) -> None:
    """405 in words."""
    answer = httpx.get(f"{server.url}/v1/{signal}")
    assert answer.status_code == 405
    assert "GET is not for" in answer.text


def test_the_project_is_the_first_that_is_given(server: ServerProcess, project: str) -> None:
    """Resource attribute, header, OpenInference's attribute, service name, `default`."""
    ours = {"weave_core.project": f"{project}-a", "service.name": "s"}
    theirs = {"openinference.project.name": f"{project}-c", "service.name": "s"}
    cases: list[tuple[dict[str, str], str | None, str]] = [
        (ours, f"{project}-b", f"{project}-a"),
        (theirs, f"{project}-b", f"{project}-b"),
        (theirs, None, f"{project}-c"),
        ({"service.name": f"{project}-d"}, None, f"{project}-d"),
        ({"service.name": "unknown_service:python"}, None, "default"),
        ({}, None, "default"),
    ]
    with Client(server.url) as client:
        for number, (resource, header, expected) in enumerate(cases):
            body = json_body(json_span(number + 50), project="unused")
            body["resourceSpans"][0]["resource"]["attributes"] = [
                {"key": key, "value": {"stringValue": value}} for key, value in resource.items()
            ]
            headers = {"x-weave-project": header} if header else {}
            assert post(server, body, **headers).status_code == 200
            assert f"span {number + 50}" in stored_names(client, expected)


def test_bodies_are_bounded_before_and_after_decompression(tmp_path: Path) -> None:
    """413 above the limit, a bomb is never expanded, and the limit itself is taken."""
    limit = 1_000_000
    padding = {"unknown": "x" * 100}
    body = json.dumps(padding).encode()
    exact = json.dumps({"unknown": "x" * (limit - len(body) + 100)}).encode()
    assert len(exact) == limit
    bomb = gzip.compress(bytes(200_000_000), 1)
    with start_server(tmp_path, env={"WEAVE_CORE_MAX_BODY_BYTES": str(limit)}) as server:
        for packed in (exact, gzip.compress(exact)):
            encoding = "identity" if packed is exact else "gzip"
            answer = post(server, packed, content_type=JSON, content_encoding=encoding)
            assert answer.status_code == 200
        over = exact.replace(b"x", b"xx", 1)
        for packed, encoding in (
            (over, "identity"),
            (gzip.compress(over), "gzip"),
            (zlib.compress(over), "deflate"),
            (zstandard.compress(over), "zstd"),
            (bomb, "gzip"),
            (zstandard.compress(bytes(200_000_000)), "zstd"),
        ):
            answer = post(server, packed, content_type=JSON, content_encoding=encoding)
            assert answer.status_code == 413, (encoding, answer.text)
            assert answer.json()["code"] == 8
            assert f"more than {limit} bytes" in answer.json()["message"]
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        peak_kb = int(status.partition("VmHWM:")[2].split()[0])
        assert peak_kb < 300_000


def test_a_chunked_body_is_read(server: ServerProcess, client: Client, project: str) -> None:
    """A sender need not know the length."""
    body = protobuf_body("chunked", project=project)
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    pieces = (body[at : at + 7] for at in range(0, len(body), 7))
    headers = {"content-type": PROTOBUF}
    connection.request("POST", "/v1/traces", pieces, headers, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert stored_names(client, project) == ["chunked"]
