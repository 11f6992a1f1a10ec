"""Whatever is sent, the server answers with a reason and stores all of it or nothing."""

import json
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.servers import ServerProcess

from weave_core import Client

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
IDS = st.sampled_from(["0" * 32, "1" * 32, "ab" * 8, "1" * 16, "zz", ""]) | ANY_JSON
ANY_VALUES = st.dictionaries(
    st.sampled_from(
        ["stringValue", "intValue", "doubleValue", "boolValue", "arrayValue", "kvlistValue", "x"]
    ),
    ANY_JSON,
    max_size=2,
)
NAMES = [
    *("gen_ai.operation.name", "gen_ai.input.messages", "gen_ai.usage.input_tokens"),
    *("llm.input_messages.0.message.role", "weave_core.inputs", "weave_core.tags", "metadata"),
    *("langfuse.observation.usage_details", "openinference.span.kind", "gen_ai.request.model"),
]
TEXTS = st.sampled_from(['"\\ud83d"', "[", "{}", "[[[[]]]]", "null", "1e999", "chat", "9" * 30])
ATTRIBUTES = st.fixed_dictionaries(
    {
        "key": st.sampled_from(NAMES) | ANY_JSON,
        "value": st.builds(lambda text: {"stringValue": text}, TEXTS) | ANY_VALUES | ANY_JSON,
    }
)
SPANS = st.fixed_dictionaries(
    {"traceId": IDS, "spanId": IDS},
    optional={
        "name": ANY_JSON,
        "kind": ANY_JSON,
        "startTimeUnixNano": ANY_JSON | st.integers(0, 2**64),
        "endTimeUnixNano": ANY_JSON | st.integers(0, 2**64),
        "status": ANY_JSON | st.fixed_dictionaries({"code": ANY_JSON, "message": ANY_JSON}),
        "attributes": st.lists(ATTRIBUTES, max_size=4) | ANY_JSON,
        "events": st.lists(st.fixed_dictionaries({"name": ANY_JSON, "timeUnixNano": ANY_JSON})),
        "links": st.lists(st.fixed_dictionaries({"traceId": IDS, "spanId": IDS}), max_size=2),
    },
)
REQUESTS = st.lists(SPANS | ANY_JSON, max_size=3).map(
    lambda spans: {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
)
FUZZ = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SENTINEL = {"traceId": "a" * 32, "spanId": "b" * 16, "name": "sentinel"}


def answer_of(server: ServerProcess, project: str, body: bytes, kind: str) -> httpx.Response:
    """The answer to `body`, which must be one that a sender can use."""
    headers = {"content-type": kind, "x-weave-project": project}
    answer = httpx.post(f"{server.url}/v1/traces", content=body, headers=headers, timeout=60)
    assert answer.status_code in (200, 400), (answer.status_code, answer.text, body)
    assert answer.headers["content-type"] == kind
    return answer


@FUZZ
@given(REQUESTS | ANY_JSON)
def test_any_json_is_answered_with_200_or_400(
    server: ServerProcess, project: str, request_body: Any
) -> None:
    """Never 5xx: the sender's mistake is told to the sender."""
    answer = answer_of(server, project, json.dumps(request_body).encode(), "application/json")
    assert isinstance(answer.json(), dict)


@FUZZ
@given(st.lists(SPANS, max_size=3), ANY_JSON.filter(lambda value: not isinstance(value, dict)))
def test_a_refused_request_stores_nothing(
    server: ServerProcess, client: Client, project: str, spans: list[Any], wrong: Any
) -> None:
    """A request whose envelope is wrong at its end leaves no trace of its beginning."""
    if wrong is None:
        wrong = 5
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [SENTINEL, *spans]}]}, wrong]}
    answer = answer_of(server, project, json.dumps(body).encode(), "application/json")
    assert answer.status_code == 400
    assert project not in {item.name for item in client.list_projects()}


def valid_body() -> bytes:
    """A small request that has a bit of everything."""
    request = ExportTraceServiceRequest()
    scope_spans = request.resource_spans.add().scope_spans.add()
    span = scope_spans.spans.add(trace_id=b"1" * 16, span_id=b"2" * 8, name="x")
    span.attributes.add(key="a").value.array_value.values.add().string_value = "é"
    span.events.add(name="e").attributes.add(key="k").value.int_value = 5
    span.links.add(trace_id=b"3" * 16, span_id=b"4" * 8)
    return bytes(request.SerializeToString())


VALID = valid_body()
DAMAGE = st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), max_size=6)


@FUZZ
@given(DAMAGE, st.integers(0, len(VALID)))
def test_damaged_protobuf_is_answered_with_200_or_400(
    server: ServerProcess, project: str, damage: list[tuple[int, int]], length: int
) -> None:
    """Flipped and missing bytes: read as what they are now, or refused."""
    body = bytearray(VALID)
    for at, byte in damage:
        body[at] = byte
    answer_of(server, project, bytes(body[:length]), "application/x-protobuf")
