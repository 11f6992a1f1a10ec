"""One item that protobuf can't read never costs its neighbours their place."""

import os

import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from support.servers import ServerProcess

from weave_core import Client

MARK = b"REPLACED"
TOO_DEEP = 120


def requested(project: str, count: int = 3) -> ExportTraceServiceRequest:
    """A request of `count` spans, named by their number; the second holds `MARK` in a value."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="weave_core.project").value.string_value = project
    spans = resource.scope_spans.add().spans
    for number in range(count):
        span = spans.add(name=f"span {number}", trace_id=os.urandom(16), span_id=os.urandom(8))
        span.attributes.add(key="k").value.string_value = "REPLACED" if number == 1 else "x"
    return request


def send(server: ServerProcess, body: bytes, path: str = "traces") -> httpx.Response:
    """POST `body` as protobuf."""
    headers = {"content-type": "application/x-protobuf"}
    return httpx.post(f"{server.url}/v1/{path}", content=body, headers=headers)


def field(number: int, value: bytes) -> bytes:
    """A length-delimited field of the wire format."""
    size = len(value)
    assert size < 1 << 14
    head = bytes([size]) if size < 0x80 else bytes([size & 0x7F | 0x80, size >> 7])
    return bytes([number << 3 | 2]) + head + value


def partial_success(answer: httpx.Response) -> tuple[int, str]:
    """What was refused, and why."""
    assert answer.status_code == 200, answer.content
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    return told.rejected_spans, told.error_message


def test_a_text_that_is_no_utf8_is_kept_with_a_mark(
    server: ServerProcess, client: Client, project: str
) -> None:
    """As the reference collector does; a program that logs raw bytes loses no trace over it."""
    body = requested(project).SerializeToString().replace(MARK, b"caf\xe9 \xffxy")
    assert partial_success(send(server, body)) == (0, "")
    spans = {span.name: span for span in client.list_spans(project).items}
    assert spans.keys() == {"span 0", "span 1", "span 2"}
    full = client.get_span(project, spans["span 1"].span_id)
    assert full.attributes == {"k": "caf\ufffd \ufffdxy"}


def test_a_resource_that_is_no_utf8_is_kept_too(
    server: ServerProcess, client: Client, project: str
) -> None:
    """What is around the items is mended in the same way."""
    request = requested(project)
    request.resource_spans[0].resource.attributes.add(key="host").value.string_value = "HOSTNAME"
    body = request.SerializeToString().replace(b"HOSTNAME", b"caf\xe9-\xff\xff\xff")
    assert partial_success(send(server, body)) == (0, "")
    assert len(client.list_spans(project).items) == 3


def test_a_value_nested_too_deep_costs_only_its_span(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Refused by partial success, with the reason; the others are stored."""
    # By hand, since the library does not write what it would not read.
    value = field(1, b"x")
    for _ in range(TOO_DEEP):
        value = field(5, field(1, value))  # An AnyValue with an array of one AnyValue.
    [entry] = requested(project).resource_spans
    spans = [span.SerializeToString() for span in entry.scope_spans[0].spans]
    spans[1] += field(9, field(1, b"deep") + field(2, value))
    scope = b"".join(field(2, span) for span in spans)
    body = field(1, field(1, entry.resource.SerializeToString()) + field(2, scope))
    count, message = partial_success(send(server, body))
    assert count == 1
    assert "nested deeper" in message
    names = {found.name for found in client.list_spans(project).items}
    assert names == {"span 0", "span 2"}


def test_a_damaged_span_costs_only_itself(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Bytes that are no fields at all, where the lengths around them are right."""
    body = requested(project).SerializeToString()
    start = body.index(b"span 1") - 2  # Its key and length.
    damaged = body[:start] + b"\x0f" + body[start + 1 :]
    count, message = partial_success(send(server, damaged))
    assert count == 1
    assert message.startswith("1 span was refused, do not send again")
    assert {span.name for span in client.list_spans(project).items} == {"span 0", "span 2"}


def test_logs_are_mended_as_spans_are(server: ServerProcess, project: str) -> None:
    """One walk for every signal."""
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    records.add(time_unix_nano=1).body.string_value = "REPLACED"
    body = request.SerializeToString().replace(MARK, b"caf\xe9 \xff\xff\xff")
    headers = {"content-type": "application/x-protobuf", "x-weave-project": project}
    answer = httpx.post(f"{server.url}/v1/logs", content=body, headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    [found] = httpx.get(f"{server.url}/api/projects/{project}/logs").json()["items"]
    assert found["body"] == "caf\ufffd \ufffd\ufffd\ufffd"


@pytest.mark.parametrize("body", [b"\xff" * 40, b"\x0a\x7f", b"\x0a\x02\x0a\xff"])
def test_what_is_no_request_at_all_is_refused(server: ServerProcess, body: bytes) -> None:
    """Then there is nothing to save."""
    answer = send(server, body)
    assert answer.status_code == 400
    assert b"is no ExportTraceServiceRequest" in answer.content
