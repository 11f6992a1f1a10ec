"""Messages of any shape that the schema allows, for traces, logs and metrics, at both doors.

Whatever is taken can be read: lists, traces, exports and sums answer afterwards.
"""

import os
from typing import Any

import grpc  # type: ignore[import-untyped]  # It ships no types.
import httpx
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.servers import ServerProcess

EXAMPLES = int(os.environ.get("WEAVE_CORE_TEST_FUZZ_EXAMPLES", "60"))
"""Messages of each signal; more find rarer shapes."""
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
REQUESTS: dict[str, type[Message]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
SERVICES = {"traces": "trace", "logs": "logs", "metrics": "metrics"}
MAX_DEPTH = 9
KEYS = st.sampled_from(
    [
        *("gen_ai.operation.name", "gen_ai.input.messages", "gen_ai.usage.input_tokens"),
        *("gen_ai.response.id", "gen_ai.evaluation.score.value", "gen_ai.event.content"),
        *("llm.output_messages.0.message.content", "input.value", "metadata", "session.id"),
        *("weave_core.inputs", "weave_core.tags", "openinference.span.kind", "", "k\0"),
    ]
)
TEXTS = st.sampled_from(["", "chat", "[]", "{}", '[{"role":"user"}]', "1e999", "\0", "9" * 25])
NUMBERS = {
    FieldDescriptor.TYPE_FIXED64: st.sampled_from([0, 1, 10**18, 2**63, 2**64 - 1]),
    FieldDescriptor.TYPE_UINT64: st.sampled_from([0, 1, 2**63, 2**64 - 1]),
    FieldDescriptor.TYPE_INT64: st.sampled_from([0, -1, 2**63 - 1, -(2**63)]),
    FieldDescriptor.TYPE_SFIXED64: st.sampled_from([0, -1, 2**63 - 1, -(2**63)]),
    FieldDescriptor.TYPE_UINT32: st.sampled_from([0, 7, 2**32 - 1]),
    FieldDescriptor.TYPE_FIXED32: st.sampled_from([0, 7, 2**32 - 1]),
    FieldDescriptor.TYPE_INT32: st.sampled_from([0, -1, 2**31 - 1, -(2**31)]),
    FieldDescriptor.TYPE_SINT32: st.sampled_from([0, 20, -20, 2**31 - 1, -(2**31)]),
    FieldDescriptor.TYPE_ENUM: st.sampled_from([0, 1, 2, 5, 77, -1]),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_DOUBLE: st.sampled_from(
        [0.0, 1.5, -1e308, 5e-324, float("nan"), float("inf"), float("-inf")]
    ),
}
IDS = {
    "trace_id": st.sampled_from([b"1" * 16, b"2" * 16, bytes(16), b"", b"x" * 17]),
    "span_id": st.sampled_from([b"1" * 8, b"2" * 8, bytes(8), b"", b"x"]),
    "parent_span_id": st.sampled_from([b"1" * 8, b"2" * 8, bytes(8), b"", b"x"]),
}


def fill(draw: st.DrawFn, message: Message, depth: int = 0) -> None:
    """Set some of the fields of `message`, and those of its messages."""
    descriptor: Descriptor = message.DESCRIPTOR
    for field in descriptor.fields:
        is_message = field.type == FieldDescriptor.TYPE_MESSAGE
        if is_message and depth >= MAX_DEPTH:
            continue
        # The way down to the items is always taken, or most requests would be empty.
        is_on_the_way = depth <= 2 and is_message and field.is_repeated
        if not is_on_the_way and not draw(st.booleans()):
            continue
        if not is_message:
            value = draw(values(field))
            if field.is_repeated:
                getattr(message, field.name).extend([value] * draw(st.integers(0, 3)))
            else:
                setattr(message, field.name, value)
        elif field.is_repeated:
            for _ in range(draw(st.integers(1 if is_on_the_way else 0, 2))):
                fill(draw, getattr(message, field.name).add(), depth + 1)
        else:
            child = getattr(message, field.name)
            child.SetInParent()
            fill(draw, child, depth + 1)


def values(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    """What a field of no message may hold."""
    if field.name in IDS and field.type == FieldDescriptor.TYPE_BYTES:
        return IDS[field.name]
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=9)
    if field.type == FieldDescriptor.TYPE_STRING:
        return KEYS if field.name in {"key", "event_name"} else TEXTS
    return NUMBERS[field.type]


@st.composite
def requests(draw: st.DrawFn, signal: str) -> Message:
    """A request of the signal."""
    message = REQUESTS[signal]()
    fill(draw, message)
    return message


def as_json(message: Message) -> Any:
    """OTLP/JSON, whose ids are hex."""
    return _with_hex_ids(MessageToDict(message, use_integers_for_enums=True))


def _with_hex_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_hex_ids(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _with_hex_ids(each) for key, each in value.items()}
    for name in ("traceId", "spanId", "parentSpanId"):
        if name in found:
            found[name] = "31" * (16 if name == "traceId" else 8)
    return found


READS = [
    *("spans", "traces", "sessions", "stats", "facets?fields=model,kind,status", "logs"),
    *("metrics", "export?format=otlp", "export?format=jsonl", "stats?group_by=model&bucket=1h"),
    *("spans?filter=text_search('chat')&order_by=-rank", "spans?order_by=cost_usd"),
    *("traces?order_by=-duration_ms", "traces?filter=any_span(kind = 'llm')"),
    *(f"traces/{'31' * 16}?payload=true", f"traces/{'32' * 16}?payload=true"),
]


@pytest.mark.parametrize("signal", REQUESTS)
def test_any_message_is_taken_or_refused_and_all_that_was_taken_can_be_read(
    server: ServerProcess, project: str, signal: str
) -> None:
    """In protobuf and JSON over HTTP and over gRPC: never a 5xx, neither then nor afterwards."""
    service = f"opentelemetry.proto.collector.{SERVICES[signal]}.v1"
    name = f"{SERVICES[signal].capitalize()}Service"
    with (
        grpc.insecure_channel(server.grpc_address) as channel,
        httpx.Client(base_url=server.url, timeout=60) as http,
    ):
        export = channel.unary_unary(f"/{service}.{name}/Export")

        @FUZZ
        @given(requests(signal))
        def send(message: Message) -> None:
            body = message.SerializeToString()
            headers = {"content-type": "application/x-protobuf", "x-weave-project": project}
            answer = http.post(f"/v1/{signal}", content=body, headers=headers)
            assert answer.status_code == 200, (answer.status_code, answer.content, message)
            answer = http.post(
                f"/v1/{signal}", json=as_json(message), headers={"x-weave-project": project}
            )
            assert answer.status_code == 200, (answer.status_code, answer.text, message)
            export(body, metadata=(("x-weave-project", project),), timeout=60)

        send()
        for read in READS:
            answer = http.get(f"/api/projects/{project}/{read}")
            assert answer.status_code in {200, 404}, (read, answer.text[:500])
            assert answer.status_code == 200 or "traces/" in read or not stored(http, project)
    assert not [line for line in server.lines if "Traceback" in line]


def stored(http: httpx.Client, project: str) -> bool:
    """Whether the project was made at all."""
    items = http.get("/api/projects").json()["items"]
    return any(item["name"] == project for item in items)
