"""OTLP logs: GenAI events join their spans, everything else can be listed."""

import json
import random
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from support.recordings import read_recording, send_recorded
from support.servers import ServerProcess

from weave_core import Client

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
START_NS = 1_767_225_600_000_000_000
ORDERS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "spans first": lambda requests: sorted(requests, key=lambda each: each.path, reverse=True),
    "logs first": lambda requests: sorted(requests, key=lambda each: each.path),
    "everything twice": lambda requests: [*requests, *requests],
    "twice, the last first": lambda requests: [*requests[::-1], *requests],
}


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Texts and numbers as OTLP/JSON attributes."""
    kinds = {str: "stringValue", float: "doubleValue", int: "intValue"}
    return [{"key": key, "value": {kinds[type(each)]: each}} for key, each in values.items()]


def log(event: str = "", *, number: int = 0, **given: Any) -> dict[str, Any]:
    """One log record of the span."""
    record = {
        "timeUnixNano": str(START_NS + number),
        "traceId": TRACE,
        "spanId": SPAN,
        "eventName": event,
        "attributes": attributes(given.pop("attributes", {})),
    }
    return record | given


def send_logs(server: ServerProcess, project: str, *records: dict[str, Any]) -> httpx.Response:
    """POST `records` as OTLP/JSON."""
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": list(records)}]}]}
    headers = {"x-weave-project": project}
    return httpx.post(f"{server.url}/v1/logs", json=body, headers=headers)


def send_span(server: ServerProcess, project: str, **given: Any) -> None:
    """POST a chat span that says nothing of what was said."""
    told = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini"}
    span = {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "chat gpt-4o-mini",
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": str(START_NS + 1_000_000),
        "attributes": attributes(told | given),
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    headers = {"x-weave-project": project}
    assert httpx.post(f"{server.url}/v1/traces", json=body, headers=headers).status_code == 200


def get(server: ServerProcess, project: str, path: str, **query: Any) -> Any:
    """The JSON of a route of the project."""
    answer = httpx.get(f"{server.url}/api/projects/{project}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def wait_for(read: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """What `read` gives once it is as `wanted`: sums follow in the background."""
    end = time.monotonic() + 15
    while True:
        found = read()
        if wanted(found) or time.monotonic() > end:
            return found
        time.sleep(0.02)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ["openai-v2-events", "genai-openai-events"])
def test_what_real_instrumentations_say_in_logs_is_on_the_span(
    server: ServerProcess, client: Client, project: str, name: str, order: str
) -> None:
    """Messages, previews and sums are the same, whichever of spans and logs came first."""
    send_recorded(server.url, project, ORDERS[order](read_recording(name)))

    answered = wait_for(
        lambda: client.list_spans(project, filter="output_preview is not null").items, bool
    )
    assert len(answered) == 1, "the row of the span was not brought up to date"
    assert "capital of France" in str(answered[0].input_preview)
    span = client.get_span(project, answered[0].span_id)
    assert span.messages is not None
    [asked] = [each for each in span.messages.input if each.role == "user"]
    assert asked.parts[0].content == "What is the capital of France?"
    [said] = span.messages.output
    assert "capital of France" in str(said.parts[0].content)
    system = [*span.messages.system, *(m.parts[0] for m in span.messages.input)]
    assert "Be brief." in [part.content for part in system]
    assert len(client.list_spans(project).items) == 2, "a resend made a second row"


def test_a_trace_follows_its_spans_events(server: ServerProcess, project: str) -> None:
    """Usage that only a details event tells reaches the sums of the trace."""
    send_span(server, project)
    wait_for(lambda: get(server, project, "traces")["items"], bool)
    usage = {"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3}
    event = "gen_ai.client.inference.operation.details"

    assert send_logs(server, project, log(event, attributes=usage)).json() == {}

    def tokens(traces: list[dict[str, Any]]) -> bool:
        return bool(traces[0]["usage"] and traces[0]["usage"]["input_tokens"] == 12)

    [trace] = wait_for(lambda: get(server, project, "traces")["items"], tokens)
    assert trace["usage"]["output_tokens"] == 3
    assert trace["cost_usd"] > 0


def test_a_failure_told_in_a_log_is_the_spans_error(server: ServerProcess, project: str) -> None:
    """`gen_ai.client.operation.exception` is how new senders tell of an exception."""
    told = {"exception.type": "openai.RateLimitError", "exception.message": "slow down"}
    send_logs(server, project, log("gen_ai.client.operation.exception", attributes=told))
    send_span(server, project)

    [span] = wait_for(
        lambda: get(server, project, "spans")["items"], lambda spans: spans[0]["status"] == "error"
    )
    assert span["error"]["type"] == "openai.RateLimitError"


def test_a_judgement_finds_its_span_by_id_or_by_reply(server: ServerProcess, project: str) -> None:
    """`gen_ai.evaluation.result` names the span, or else the model's reply; both are scores."""
    name, value, label = (
        f"gen_ai.evaluation.{key}" for key in ("name", "score.value", "score.label")
    )
    by_reply = log(
        "gen_ai.evaluation.result",
        attributes={name: "polite", label: "yes", "gen_ai.response.id": "chatcmpl-7"},
        traceId="",
        spanId="",
    )
    by_span = log("gen_ai.evaluation.result", attributes={name: "relevance", value: 0.75})

    send_logs(server, project, by_reply, by_span)
    send_span(server, project, **{"gen_ai.response.id": "chatcmpl-7"})

    scores = get(server, project, f"spans/{SPAN}")["scores"]
    found = {each["name"]: (each["value"], each["label"]) for each in scores}
    assert found == {"polite": (None, "yes"), "relevance": (0.75, None)}


def test_a_resend_is_no_second_event(server: ServerProcess, project: str) -> None:
    """Clients send again when an answer was lost; two equal records of one request stay two."""
    send_span(server, project)
    record = log(
        "gen_ai.user.message", body={"kvlistValue": {"values": attributes({"content": "hm"})}}
    )

    for _ in range(3):
        assert send_logs(server, project, record, record).json() == {}

    messages = get(server, project, f"spans/{SPAN}")["messages"]["input"]
    assert [each["parts"][0]["content"] for each in messages] == ["hm", "hm"]


def test_a_span_has_room_for_a_thousand_events(server: ServerProcess, project: str) -> None:
    """What goes over the bound is told to its sender, what is kept already is not refused again."""
    events = [log("gen_ai.user.message", number=number) for number in range(1_000)]
    assert send_logs(server, project, *events).json() == {}

    more = [log("gen_ai.user.message", number=5_000), log("gen_ai.user.message", number=5_001)]
    partial = send_logs(server, project, *events[:3], *more).json()["partialSuccess"]

    assert partial["rejectedLogRecords"] == "2"
    assert f"span {SPAN} has 1000 log records already" in partial["errorMessage"]


def test_records_of_an_application_are_listed(server: ServerProcess, project: str) -> None:
    """The SDK's own exporter; a record needs no span, and pages follow each other by cursor."""
    provider = LoggerProvider(resource=Resource({"weave_core.project": project}))
    exporter = OTLPLogExporter(endpoint=f"{server.url}/v1/logs")
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("app")
    for number in range(5):
        logger.emit(
            LogRecord(
                timestamp=START_NS + number,
                severity_number=SeverityNumber.WARN if number % 2 else SeverityNumber.INFO,
                body={"step": number, "raw": b"\x00\xff"},
                attributes={"tier": "pro"},
            )
        )
    assert provider.force_flush()
    provider.shutdown()

    first = get(server, project, "logs", limit=3)
    rest = get(server, project, "logs", limit=3, cursor=first["next_cursor"])

    steps = [each["body"]["step"] for each in [*first["items"], *rest["items"]]]
    assert steps == [4, 3, 2, 1, 0]
    assert rest["next_cursor"] is None
    newest = first["items"][0]
    assert (newest["severity"], newest["attributes"], newest["scope"]["name"]) == (
        *("INFO", {"tier": "pro"}),
        "app",
    )
    assert newest["trace_id"] is None
    warnings = get(server, project, "logs", min_severity=13)["items"]
    assert [each["severity"] for each in warnings] == ["WARN", "WARN"]


def test_other_records_of_a_span_are_kept_beside_it(server: ServerProcess, project: str) -> None:
    """They are no events of it, and are found by its id."""
    send_span(server, project)
    send_logs(
        server, project, log(body={"stringValue": "cache miss"}), log("app.started", number=1)
    )

    assert get(server, project, f"spans/{SPAN}")["events"] == []
    found = get(server, project, "logs", trace_id=TRACE, span_id=SPAN)["items"]
    assert [(each["event_name"], each["body"]) for each in found] == [
        ("app.started", None),
        (None, "cache miss"),
    ]


def test_records_are_found_by_text_and_time(
    server: ServerProcess, client: Client, project: str
) -> None:
    """In body, attributes and names, in any letter case; time and severity narrow it further."""
    said = [
        log(
            number=1, body={"stringValue": 'Order "8812" nicht gefunden: Größe'}, severityNumber=17
        ),
        log("cache.miss", number=2, attributes={"key": "Order:8812"}, severityNumber=9),
        log(number=3, body={"stringValue": "started"}, severityNumber=9),
    ]
    send_logs(server, project, *said)

    def found(**wanted: Any) -> list[int]:
        return [each.time_ns - START_NS for each in client.list_logs(project, **wanted).items]

    assert found(text="order") == [2, 1]
    assert found(text='"8812" NICHT') == [1]
    assert found(text="GRÖSSE") == [1]
    assert found(text="cache.m") == [2]
    assert found(text="order", min_severity=17) == [1]
    assert found(text="order", from_ns=START_NS + 2) == [2]
    assert found(to_ns=START_NS + 3) == [2, 1]
    assert found(text="no such words") == []


def test_a_rare_text_is_looked_for_page_after_page(
    server: ServerProcess, client: Client, project: str
) -> None:
    """One answer looks through 20,000 records; its cursor leads on, to the oldest."""
    bodies = ["the needle", *("hay" for _ in range(20_500))]
    for start in range(0, len(bodies), 5_000):
        records = [
            log(number=number, body={"stringValue": body}, traceId="", spanId="")
            for number, body in enumerate(bodies[start : start + 5_000], start=start)
        ]
        send_logs(server, project, *records)

    first = client.list_logs(project, text="needle")
    assert (first.items, first.next_cursor is None) == ([], False)
    second = client.list_logs(project, text="needle", cursor=first.next_cursor)
    assert [each.body for each in second.items] == ["the needle"]
    assert second.next_cursor is None
    hay = client.list_logs(project, text="HAY", limit=2)
    more = client.list_logs(project, text="HAY", limit=2, cursor=hay.next_cursor)
    assert [each.time_ns - START_NS for each in [*hay.items, *more.items]] == [
        *(20_500, 20_499, 20_498, 20_497),
    ]


CASES: list[tuple[str, Any, int, str]] = [
    ("an empty body", b"", 200, ""),
    ("an empty envelope", "{}", 200, ""),
    ("null lists", '{"resourceLogs": null}', 200, ""),
    ("unknown fields", '{"resourceLogs": [{"scopeLogs": [{"new": 1}]}], "more": []}', 200, ""),
    ("no object", "[]", 400, "the body is a list"),
    ("no JSON", "{", 400, "no JSON"),
    ("a wrong envelope", '{"resourceLogs": 7}', 400, "resourceLogs is a number"),
    ("a short trace id", {"traceId": "abcd"}, 200, "2 bytes instead of 16"),
    ("a base64 span id", {"spanId": "t61rcWkgMzE="}, 200, "no hex"),
    ("a time as a word", {"timeUnixNano": "now"}, 200, "timeUnixNano"),
    ("a huge time", {"timeUnixNano": str(2**64 - 1)}, 200, ""),
    ("ids of zeros", {"traceId": "0" * 32, "spanId": "0" * 16}, 200, ""),
    ("an unknown severity", {"severityNumber": 99}, 200, ""),
    ("a nested body", {"body": {"arrayValue": {"values": [{"intValue": "7"}, {}]}}}, 200, ""),
    ("a name of zeros", {"eventName": "a\0b"}, 200, ""),
]


@pytest.mark.parametrize(
    ("body", "status", "told"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_raw_requests_are_answered_as_the_collector_does(
    server: ServerProcess, project: str, body: Any, status: int, told: str
) -> None:
    """A bad envelope refuses the request, a bad record only itself."""
    if isinstance(body, dict):
        body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [log() | body]}]}]})
    headers = {"content-type": "Application/JSON; charset=utf-8", "x-weave-project": project}

    answer = httpx.post(f"{server.url}/v1/logs", content=body, headers=headers)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert told in answer.text
    assert bool(told) == (answer.text != "{}")


def test_random_bytes_are_refused_or_taken_and_never_a_fault(server: ServerProcess) -> None:
    """Protobuf of any shape: 200 or 400."""
    dice = random.Random(7)
    seed = read_recording("openai-v2-events")
    [logs] = [each.body for each in seed if each.path == "/v1/logs"]
    headers = {"content-type": "application/x-protobuf", "x-weave-project": "fuzz"}
    with httpx.Client(base_url=server.url, headers=headers) as http:
        for _ in range(200):
            body = bytearray(logs)
            for _ in range(dice.randrange(1, 6)):
                body[dice.randrange(len(body))] = dice.randrange(256)
            assert http.post("/v1/logs", content=bytes(body)).status_code in {200, 400}
