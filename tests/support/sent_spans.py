"""Send spans as OTLP/JSON, and wait until lists show them."""

import time
from typing import Any

import httpx

from weave_core import Client
from weave_core.errors import NotFound

__all__ = ["hex_id", "otlp_span", "send_spans", "wait_for_traces"]

_WAIT_S = 10.0


def hex_id(number: int, size: int = 8) -> str:
    """An id of `size` bytes, as hex."""
    return number.to_bytes(size, "big").hex()


def otlp_span(
    trace: int, span: int, *, parent: int | None = None, start_ns: int = 1_000, **given: Any
) -> dict[str, Any]:
    """One span of OTLP/JSON.

    Args:
        trace: Number that its trace id is made of; `span` and `parent` likewise.
        span: Its own.
        parent: None for a root.
        start_ns: Its start; it lasts `duration_ns`, a millisecond if that is not given.
        **given: `name`, `attributes` (a plain dict), `status` (0, 1, 2), `message`, `events`.
    """
    attributes = given.get("attributes", {})
    sent = {
        "traceId": hex_id(trace, 16),
        "spanId": hex_id(span),
        "name": given.get("name", f"span {span}"),
        "kind": 1,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + given.get("duration_ns", 1_000_000)),
        "attributes": [{"key": key, "value": _value(item)} for key, item in attributes.items()],
        "status": {"code": given.get("status", 0), "message": given.get("message", "")},
        "events": given.get("events", []),
    }
    if parent is not None:
        sent["parentSpanId"] = hex_id(parent)
    return sent


def send_spans(
    url: str, project: str, spans: list[dict[str, Any]], resource: dict[str, Any] | None = None
) -> None:
    """Send `spans` to the server at `url`; they are stored when this returns."""
    attributes = {"service.name": "tests", "weave_core.project": project} | (resource or {})
    body = {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": [
                        {"key": key, "value": _value(item)} for key, item in attributes.items()
                    ]
                },
                "scopeSpans": [{"scope": {"name": "by-hand", "version": "7"}, "spans": spans}],
            }
        ]
    }
    answer = httpx.post(f"{url}/v1/traces", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    assert not answer.json().get("partialSuccess"), answer.text


def wait_for_traces(client: Client, project: str, count: int) -> None:
    """Return once the roll-up has `count` traces and all their spans."""
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline:
        try:
            found = len(client.list_traces(project, limit=500).items)
        except NotFound:
            found = 0
        if found >= count:
            return
        time.sleep(0.01)
    raise AssertionError(f"{found} of {count} traces were listed after {_WAIT_S} s")


def _value(item: Any) -> dict[str, Any]:
    if isinstance(item, bool):
        return {"boolValue": item}
    if isinstance(item, int):
        return {"intValue": str(item)}
    if isinstance(item, float):
        return {"doubleValue": item}
    if isinstance(item, list):
        return {"arrayValue": {"values": [_value(each) for each in item]}}
    return {"stringValue": str(item)}
