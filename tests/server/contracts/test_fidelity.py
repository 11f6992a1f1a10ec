"""What a sender sent comes out by OTLP export, field by field, whatever it was."""

import base64
import json
import math
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    EntityRef,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status
from support.servers import ServerProcess

from weave_core import Client

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
COUNT = st.sampled_from([0, 0, 1, 7, 2**32 - 1])
TIME = st.sampled_from([0, 1, 1_767_225_600_000_000_123, 2**63, 2**64 - 1])
FLAGS = st.sampled_from([0, 1, 0x100, 0x301, 2**32 - 1])
SCALARS = st.one_of(
    st.builds(AnyValue, string_value=TEXT),
    st.builds(AnyValue, bool_value=st.booleans()),
    st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
    st.builds(AnyValue, double_value=st.floats(allow_nan=False) | st.just(math.nan)),
    st.builds(AnyValue, bytes_value=st.binary(max_size=8)),
    st.just(AnyValue()),
)


def pairs_of(values: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[list[KeyValue]]:
    """Attributes; no key twice, since of two the last stays."""
    return st.dictionaries(TEXT | st.sampled_from(["$", "a.b"]), values, max_size=3).map(
        lambda found: [KeyValue(key=key, value=value) for key, value in found.items()]
    )


def nested(values: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[AnyValue]:
    """Lists and maps of `values`."""
    lists = st.lists(values, max_size=3).map(lambda found: ArrayValue(values=found))
    maps = pairs_of(values).map(lambda found: KeyValueList(values=found))
    return st.builds(AnyValue, array_value=lists) | st.builds(AnyValue, kvlist_value=maps)


VALUES = st.recursive(SCALARS, nested, max_leaves=5)
PAIRS = pairs_of(VALUES)
IDS = st.binary(min_size=8, max_size=8).filter(any)
TRACE_IDS = st.binary(min_size=16, max_size=16).filter(any)
EVENTS = st.builds(
    Span.Event,
    name=TEXT,
    time_unix_nano=TIME,
    attributes=PAIRS,
    dropped_attributes_count=COUNT,
)
LINKS = st.builds(
    Span.Link,
    trace_id=TRACE_IDS,
    span_id=IDS,
    trace_state=TEXT,
    attributes=PAIRS,
    dropped_attributes_count=COUNT,
    flags=FLAGS,
)
SPANS = st.builds(
    Span,
    trace_id=TRACE_IDS,
    span_id=IDS,
    trace_state=TEXT,
    parent_span_id=st.just(b"") | IDS,
    flags=FLAGS,
    name=TEXT,
    kind=st.integers(0, 5),
    start_time_unix_nano=TIME,
    end_time_unix_nano=TIME,
    attributes=PAIRS,
    dropped_attributes_count=COUNT,
    events=st.lists(EVENTS, max_size=2),
    dropped_events_count=COUNT,
    links=st.lists(LINKS, max_size=2),
    dropped_links_count=COUNT,
    status=st.builds(Status, code=st.integers(0, 2), message=TEXT),
)
SCOPES = st.builds(
    InstrumentationScope,
    name=TEXT,
    version=TEXT,
    attributes=PAIRS,
    dropped_attributes_count=COUNT,
)
ENTITIES = st.builds(
    EntityRef,
    schema_url=TEXT,
    type=TEXT,
    id_keys=st.lists(TEXT, max_size=2),
    description_keys=st.lists(TEXT, max_size=2),
)
RESOURCES = st.builds(
    Resource,
    attributes=PAIRS,
    dropped_attributes_count=COUNT,
    entity_refs=st.lists(ENTITIES, max_size=1),
)
LOGS = st.builds(
    LogRecord,
    time_unix_nano=TIME,
    observed_time_unix_nano=TIME,
    severity_number=st.integers(0, 24),
    severity_text=TEXT,
    body=VALUES,
    attributes=PAIRS,
    dropped_attributes_count=COUNT,
    flags=FLAGS,
    event_name=TEXT | st.just("gen_ai.user.message"),
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[ExportTraceServiceRequest, ExportLogsServiceRequest]:
    """Spans of a few resources and scopes, and log records of some of the spans."""
    traces, logs = ExportTraceServiceRequest(), ExportLogsServiceRequest()
    found = draw(st.lists(SPANS, min_size=1, max_size=4, unique_by=lambda s: s.span_id))
    for span in found:
        resource, scope, url = draw(RESOURCES), draw(SCOPES), draw(TEXT)
        holder = traces.resource_spans.add(resource=resource, schema_url=url)
        holder.scope_spans.append(ScopeSpans(scope=scope, spans=[span], schema_url=draw(TEXT)))
        if draw(st.booleans()):
            log = draw(LOGS)
            log.trace_id, log.span_id = span.trace_id, span.span_id
            place = logs.resource_logs.add(resource=resource, schema_url=url)
            place.scope_logs.append(ScopeLogs(scope=scope, log_records=[log]))
    return traces, logs


def parts_of(request: Any) -> list[bytes]:
    """Each item of a request with its resource and scope around it, in one order of keys."""
    found: list[bytes] = []
    for holder in request.ListFields()[0][1] if request.ListFields() else ():
        scoped = holder.scope_spans if hasattr(holder, "scope_spans") else holder.scope_logs
        for group in scoped:
            for item in group.spans if hasattr(group, "spans") else group.log_records:
                around = (holder.resource, group.scope, item)
                urls = f"{holder.schema_url}\0{group.schema_url}".encode()
                found.append(urls + b"".join(sorted_bytes(message) for message in around))
    return sorted(found)


def sorted_bytes(message: Message) -> bytes:
    """`message` as bytes that are the same whatever the order of its attributes."""
    copy = type(message)()
    copy.CopyFrom(message)
    # A body that holds no value says what none says.
    if copy.DESCRIPTOR.name == "LogRecord" and copy.body.WhichOneof("value") is None:
        copy.ClearField("body")
    sort_keys(copy)
    return b"%b|" % copy.SerializeToString(deterministic=True)


def sort_keys(message: Any) -> None:
    """Sort attributes on every level; they are a set."""
    for field, value in message.ListFields():
        inner: Any = value if field.is_repeated else (value,)
        if field.message_type is not None:
            for one in inner:
                sort_keys(one)
            if field.message_type.name == "KeyValue":
                value.sort(key=lambda pair: pair.key)


def as_protobuf(value: Any) -> Any:
    """OTLP/JSON as protobuf's own JSON wants it: ids are base64 there."""
    if isinstance(value, dict):
        return {
            key: base64.b64encode(bytes.fromhex(item)).decode()
            if key in ("traceId", "spanId", "parentSpanId")
            else as_protobuf(item)
            for key, item in value.items()
        }
    return [as_protobuf(item) for item in value] if isinstance(value, list) else value


def exported(client: Client, project: str) -> tuple[Any, Any]:
    """The export of `project`, read by protobuf's own parser."""
    traces, logs = ExportTraceServiceRequest(), ExportLogsServiceRequest()
    for line in b"".join(client.export(project, format="otlp")).splitlines():
        value = as_protobuf(json.loads(line))
        message = ExportTraceServiceRequest() if "resourceSpans" in value else type(logs)()
        ParseDict(value, message)
        (traces if "resourceSpans" in value else logs).MergeFrom(message)
    return traces, logs


@pytest.fixture
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    """One connection for all requests."""
    with httpx.Client(base_url=server.url) as connection:
        yield connection


def send(http: httpx.Client, project: str, traces: Message, logs: Message) -> None:
    """POST both."""
    headers = {"content-type": "application/x-protobuf", "x-weave-project": project}
    for path, body in (("traces", traces), ("logs", logs)):
        answer = http.post(f"/v1/{path}", content=body.SerializeToString(), headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(sent=requests())
def test_what_goes_in_comes_out_by_export_field_by_field(
    http: httpx.Client, client: Client, sent: tuple[Any, Any]
) -> None:
    """Also a second time: exported, imported elsewhere and exported again."""
    project, copy = uuid.uuid4().hex, uuid.uuid4().hex
    traces, logs = sent
    send(http, project, traces, logs)

    first = exported(client, project)

    assert parts_of(first[0]) == parts_of(traces)
    assert parts_of(first[1]) == parts_of(logs)
    report = client.import_lines(copy, b"".join(client.export(project, format="otlp")))
    assert report.refused == 0
    again = exported(client, copy)
    assert [parts_of(message) for message in again] == [parts_of(message) for message in first]
