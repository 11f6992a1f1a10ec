"""Lists right after an acknowledgement."""

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.servers import ServerProcess

from weave_core import Client


def _request(project: str, number: int) -> bytes:
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    attribute = resource_spans.resource.attributes.add(key="weave_core.project")
    attribute.value.string_value = project
    span = resource_spans.scope_spans.add().spans.add(name=f"call {number}")
    span.trace_id = number.to_bytes(16, "big")
    span.span_id = number.to_bytes(8, "big")
    span.start_time_unix_nano = 1_790_000_000_000_000_000 + number
    span.end_time_unix_nano = span.start_time_unix_nano + 1_000
    return bytes(request.SerializeToString())


def test_a_list_holds_what_was_acknowledged_before(
    server: ServerProcess, client: Client, project: str
) -> None:
    """A program that flushes and then lists its traces, or counts them, finds them all."""
    headers = {"content-type": "application/x-protobuf"}
    for number in range(1, 41):
        url = f"{server.url}/v1/traces"
        httpx.post(url, content=_request(project, number), headers=headers).raise_for_status()
        assert client.list_traces(project, limit=1).items[0].name == f"call {number}"
    [found] = [each for each in client.list_projects() if each.name == project]
    assert (found.trace_count, found.span_count) == (40, 40)
