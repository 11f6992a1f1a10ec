"""OTLP/JSON, field by field: what senders write, how it is kept, and what costs only its span."""

import json
from typing import Any

import httpx
import pytest
from support.sent_spans import otlp_span
from support.servers import ServerProcess

from weave_core import Client
from weave_core.errors import NotFound
from weave_core.model import Span

TRACE_ID = f"{7:032x}"


def send(server: ServerProcess, project: str, body: bytes) -> dict[str, Any]:
    """The answer to a request in JSON, which must be a success."""
    headers = {"content-type": "application/json", "x-weave-project": project}
    answer = httpx.post(f"{server.url}/v1/traces", content=body, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def request_of(**given: Any) -> bytes:
    """A request with one span."""
    span = otlp_span(7, 7, start_ns=1_000) | given
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


def attribute(value: Any) -> bytes:
    """The same, whose span has the attribute `k`."""
    return request_of(attributes=[{"key": "k", "value": value}])


def kept(server: ServerProcess, project: str, body: bytes) -> Span:
    """The span, sent and read back."""
    assert send(server, project, body) == {}
    with Client(server.url) as client:
        return client.get_trace(project, TRACE_ID).spans[0]


def nested(levels: int) -> dict[str, Any]:
    """A list in a list in a list."""
    value: dict[str, Any] = {"stringValue": "deep"}
    for _ in range(levels):
        value = {"arrayValue": {"values": [value]}}
    return value


VALUES: list[tuple[Any, Any]] = [
    ({"stringValue": "é\u0000"}, "é\u0000"),
    ({"stringValue": ""}, ""),
    ({"intValue": "9223372036854775807"}, 2**63 - 1),
    ({"intValue": -5}, -5),
    ({"intValue": 5.0}, 5),
    ({"intValue": "0"}, 0),
    ({"doubleValue": 3}, 3.0),
    ({"doubleValue": "1.5e3"}, 1500.0),
    ({"doubleValue": "NaN"}, "NaN"),
    ({"doubleValue": "Infinity"}, "Infinity"),
    ({"doubleValue": "-Infinity"}, "-Infinity"),
    ({"boolValue": False}, False),
    ({"bytesValue": "AAH/"}, "AAH/"),
    ({"bytesValue": "AAH_"}, "AAH/"),
    ({"bytesValue": "AA"}, "AA=="),
    ({"bytesValue": ""}, ""),
    ({"arrayValue": {}}, []),
    ({"arrayValue": {"values": [None, {}, {"intValue": 1}]}}, [None, None, 1]),
    ({"kvlistValue": {"values": [{"key": "a"}, {"value": {"intValue": 1}}]}}, {"a": None, "": 1}),
    (
        {
            "kvlistValue": {
                "values": [
                    {"key": "a", "value": {"intValue": 1}},
                    {"key": "a", "value": {"intValue": 2}},
                ]
            }
        },
        {"a": 2},
    ),
    ({"arrayValue": None, "intValue": None, "stringValue": "x"}, "x"),
    ({"string_value": "x"}, None),
    ({"stringValueStrindex": 3}, None),
    ({}, None),
    (None, None),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=[json.dumps(v)[:40] for v, _ in VALUES])
def test_a_value_is_kept_as_what_it_is(
    server: ServerProcess, project: str, value: Any, expected: Any
) -> None:
    """Numbers as numbers or texts, what JSON can't hold by its name, anything unknown as null."""
    found = kept(server, project, attribute(value)).attributes["k"]
    assert (found, type(found)) == (expected, type(expected))


def test_sixty_levels_are_kept_and_more_cost_their_span(
    server: ServerProcess, project: str
) -> None:
    """Whatever JSON itself may nest."""
    found = kept(server, project, attribute(nested(60))).attributes["k"]
    for _ in range(60):
        [found] = found
    assert found == "deep"
    partial = send(server, project, attribute(nested(300)))["partialSuccess"]
    assert partial["rejectedSpans"] == "1"
    assert "nested more than 64 levels" in partial["errorMessage"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"attributes": [{"key": "k", "value": value}]}, told)
    for value, told in [
        ({"intValue": "1.5"}, "intValue is a text that is no whole number"),
        ({"intValue": ""}, "intValue is a text"),
        ({"intValue": "1_0"}, "intValue is a text"),
        ({"intValue": True}, "intValue is a boolean"),
        ({"intValue": 2**63}, "outside of"),
        ({"doubleValue": "1_0"}, "doubleValue is a text that is no number"),
        ({"doubleValue": True}, "doubleValue is a boolean"),
        ({"boolValue": "true"}, "boolValue is a text"),
        ({"bytesValue": "!!"}, "no base64"),
        ({"bytesValue": "A"}, "no base64"),
        ({"arrayValue": []}, "arrayValue is a list instead of an object"),
        ({"kvlistValue": {"values": {}}}, "values is an object instead of a list"),
        ([], "an attribute's value is a list"),
    ]
] + [
    ({"traceId": "7" * 31}, "no hex"),
    ({"traceId": "7" * 34}, "17 bytes instead of 16"),
    ({"traceId": "0" * 32}, "all zero"),
    ({"traceId": "AAAAAAAAAAAAAAAAAAAABw=="}, "not as base64"),
    ({"spanId": "7" * 32}, "16 bytes instead of 8"),
    ({"spanId": None}, "0 bytes instead of 8"),
    ({"startTimeUnixNano": str(2**64)}, "outside of"),
    ({"endTimeUnixNano": "1" * 30}, "no whole number"),
    ({"kind": True}, "kind is a boolean"),
    ({"status": 2}, "status is a number instead of an object"),
    ({"status": {"code": []}}, "code is a list"),
    ({"droppedEventsCount": 2**32}, "outside of"),
    ({"links": [{"traceId": "x"}]}, "no hex"),
    ({"attributes": [None]}, "an attribute is null"),
]


def test_what_is_wrong_with_one_span_costs_that_span_alone(
    server: ServerProcess, project: str
) -> None:
    """Each is refused with a reason that names it; the good one between them is kept."""
    for wrong, told in REFUSED:
        message = json.loads(request_of(name="good"))
        spans = message["resourceSpans"][0]["scopeSpans"][0]["spans"]
        spans.insert(0, otlp_span(1, 1, name="bad one") | wrong)
        partial = send(server, project, json.dumps(message).encode())["partialSuccess"]
        assert partial["rejectedSpans"] == "1", wrong
        assert "span 'bad one': " in partial["errorMessage"], wrong
        assert told in partial["errorMessage"], (wrong, partial)
    with Client(server.url) as client:
        assert [span.name for span in client.list_spans(project).items] == ["good"]


FIELDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"traceId": TRACE_ID.upper()}, {"trace_id": TRACE_ID}),
    ({"parentSpanId": "00000000000000AB"}, {"parent_span_id": "00000000000000ab"}),
    ({"parentSpanId": "0" * 16}, {"parent_span_id": None}),
    ({"parentSpanId": ""}, {"parent_span_id": None}),
    ({"parentSpanId": None}, {"parent_span_id": None}),
    ({"status": {"code": "STATUS_CODE_ERROR"}}, {"status": "error"}),
    ({"status": {"code": 2.0}}, {"status": "error"}),
    ({"status": {"code": 77}}, {"status": "unset"}),
    ({"status": {"code": "NEVER_HEARD"}}, {"status": "unset"}),
    ({"status": {}}, {"status": "unset"}),
    ({"status": None}, {"status": "unset"}),
    ({"kind": 99}, {"kind": "span"}),
    ({"kind": "SPAN_KIND_CLIENT"}, {"kind": "span"}),
    ({"name": None}, {"name": ""}),
    ({"name": "x" * 200}, {"name": "x" * 200}),
    ({"startTimeUnixNano": 0, "endTimeUnixNano": "5"}, {"started_ns": 0, "ended_ns": 5}),
    ({"startTimeUnixNano": 900, "endTimeUnixNano": 100}, {"started_ns": 900}),
    ({"startTimeUnixNano": 1e3, "endTimeUnixNano": 2e3}, {"started_ns": 1000, "ended_ns": 2000}),
    ({"startTimeUnixNano": str(2**64 - 1), "endTimeUnixNano": str(2**64 - 1)}, {}),
    ({"endTimeUnixNano": None}, {"status": "pending", "ended_ns": None}),
    ({"flags": 2**32 - 1}, {}),
    ({"links": [{}], "events": [{}]}, {}),
    ({"attributes": None, "links": None, "events": None}, {"attributes": {}, "links": []}),
    ({"newField": {"deep": [1]}, "start_time_unix_nano": 9}, {"started_ns": 1_000}),
]


@pytest.mark.parametrize(("given", "expected"), FIELDS, ids=[str(sent)[:50] for sent, _ in FIELDS])
def test_a_field_is_read_as_the_specification_has_it(
    server: ServerProcess, project: str, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Ids in any case, enums by number or name, null and unknown as the default."""
    found = kept(server, project, request_of(**given))
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"cut \\ud83d", "cut \ufffd"),
        (b"\\udc00 cut", "\ufffd cut"),
        (b"\\ud83d\\ude00 \\ud83d", "\U0001f600 \ufffd"),
        (b"\\\\ud83d \\\\\\ud83d", "\\ud83d \\\ufffd"),
        (b"\xf0\x9f\x98", "\ufffd"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"\xed\xa0\xbd", "\ufffd\ufffd\ufffd"),
    ],
)
def test_a_text_that_was_cut_within_a_letter_costs_that_letter(
    server: ServerProcess, project: str, sent: bytes, expected: str
) -> None:
    """JavaScript cuts an emoji into halves, other senders a letter into bytes."""
    body = attribute({"stringValue": "HERE"}).replace(b"HERE", sent)
    assert kept(server, project, body).attributes["k"] == expected


@pytest.mark.parametrize(
    "body",
    [
        b"nothing",
        b'{"resourceSpans": [}',
        b"{} {}",
        b'{"a": NaN}',
        b"null",
        b'"x"',
        b"5",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        "{}".encode("utf-16"),
        b'{"a": "\xff}',
        b'{"a": "\\ud83d}',
        b'{"resourceSpans": {}}',
        b'{"resourceSpans": [5]}',
        b'{"resourceSpans": [{"scopeSpans": [[]]}]}',
        b'{"resourceSpans": [{"resource": {"attributes": [{"key": 5}]}}]}',
    ],
    ids=range(16),
)
def test_what_is_no_request_is_refused_whole(
    server: ServerProcess, project: str, body: bytes
) -> None:
    """400 and a Status; nothing is stored."""
    headers = {"content-type": "application/json", "x-weave-project": project}
    answer = httpx.post(f"{server.url}/v1/traces", content=body, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    with Client(server.url) as client, pytest.raises(NotFound):
        client.list_spans(project)


def test_names_in_snake_case_are_unknown_fields(server: ServerProcess, project: str) -> None:
    """As the specification has it: ignored, so the request is an empty one."""
    body = request_of().replace(b"resourceSpans", b"resource_spans")
    assert send(server, project, body) == {}
    with Client(server.url) as client, pytest.raises(NotFound):
        client.list_spans(project)
