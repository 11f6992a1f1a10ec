"""What the command tests share: traces that a plain OTLP sender left."""

import os
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.servers import ServerProcess

Send = Callable[..., str]


@pytest.fixture
def send_trace(server: ServerProcess, project: str) -> Send:
    """Sends one trace into `project` as OTLP JSON and returns its id."""

    def send(*spans: dict[str, Any], trace_id: str | None = None, into: str = project) -> str:
        trace_id = trace_id or os.urandom(16).hex()
        now_ns = time.time_ns()
        sent = [
            {
                "traceId": trace_id,
                "spanId": f"{number:016x}",
                "startTimeUnixNano": str(now_ns + number * 1_000_000),
                "endTimeUnixNano": str(now_ns + number * 1_000_000 + 2_500_000_000),
                "kind": 1,
                **span,
            }
            for number, span in enumerate(spans or ({"name": "work"},), start=1)
        ]
        body = {
            "resourceSpans": [
                {
                    "resource": {"attributes": [_attribute("weave_core.project", into)]},
                    "scopeSpans": [{"spans": sent}],
                }
            ]
        }
        answer = httpx.post(f"{server.url}/v1/traces", json=body, timeout=20)
        assert answer.status_code == httpx.codes.OK, answer.text
        return trace_id

    return send


@pytest.fixture
def attribute() -> Callable[[str, str | int], dict[str, Any]]:
    """Builds one attribute as OTLP JSON has it."""
    return _attribute


def _attribute(key: str, value: str | int) -> dict[str, Any]:
    """One attribute as OTLP JSON has it."""
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    return {"key": key, "value": {"stringValue": value}}
