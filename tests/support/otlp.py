"""Builders of OTLP requests as real senders write them, and the door they go through.

An agent's trace with `gen_ai.*` messages and tools, traces of any size, and one whose every field
is an attack.  Times are given, ids are random: each call makes new traces.
"""

import json
import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

__all__ = [
    "add_event",
    "agent_trace",
    "big_trace",
    "new_span",
    "new_trace_id",
    "send_spans",
    "text_message",
]

MS = 1_000_000
SECOND = 1_000 * MS


def new_trace_id() -> bytes:
    """16 random bytes."""
    return os.urandom(16)


def new_span(
    name: str,
    trace_id: bytes,
    *,
    start_ns: int,
    duration_ms: float,
    parent: Span | None = None,
    attributes: Mapping[str, Any] | None = None,
    error: str | None = None,
) -> Span:
    """One finished span; values of `attributes` may be any JSON."""
    span = Span(
        trace_id=trace_id,
        span_id=os.urandom(8),
        parent_span_id=parent.span_id if parent else b"",
        name=name,
        start_time_unix_nano=start_ns,
        end_time_unix_nano=start_ns + int(duration_ms * MS),
        attributes=_pairs(attributes or {}),
    )
    if error is not None:
        span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message=error))
    return span


def add_event(span: Span, name: str, time_ns: int, attributes: Mapping[str, Any]) -> None:
    """Something that happened inside `span`."""
    span.events.add(name=name, time_unix_nano=time_ns, attributes=_pairs(attributes))


def send_spans(url: str, project: str, spans: Sequence[Span], *, service: str = "support") -> None:
    """POST `spans` to a server, in batches of 2,000, as an exporter does."""
    with httpx.Client(base_url=url, timeout=120) as http:
        for start in range(0, len(spans), 2_000):
            request = ExportTraceServiceRequest()
            resource = request.resource_spans.add()
            resource.resource.attributes.extend(
                _pairs({"service.name": service, "weave_core.project": project})
            )
            scope = resource.scope_spans.add()
            scope.scope.name = "tests.otlp"
            scope.spans.extend(spans[start : start + 2_000])
            answer = http.post(
                "/v1/traces",
                content=request.SerializeToString(),
                headers={"content-type": "application/x-protobuf"},
            )
            assert answer.status_code == 200, answer.text


def text_message(role: str, *texts: str) -> dict[str, Any]:
    """A message of text parts."""
    return {"role": role, "parts": [{"type": "text", "content": text} for text in texts]}


def agent_trace(
    *,
    question: str = "Where is my order 8812?",
    answer: str = "It left our warehouse on **Monday** and arrives on Thursday.",
    user: str = "ada",
    session: str = "chat-1",
    model: str = "gpt-4o-mini",
    is_failed: bool = False,
    ago_s: float = 1.0,
) -> list[Span]:
    """A support agent that plans, looks an order up, reads a policy and answers: 7 spans."""
    run = _Run(
        start_ns=time.time_ns() - int(ago_s * SECOND),
        who={"user.id": user, "session.id": session},
        model=model,
        failure="OrderNotFound: no order 8812" if is_failed else None,
    )
    root = run.span("invoke_agent support", None, 0, 2_480, _agent(question, answer), fails=True)
    told = [text_message("user", question)]
    asked = {"role": "assistant", "parts": [CALL], "finish_reason": "tool_calls"}
    back = {"role": "tool", "parts": [{**CALL_BACK, "response": ORDER}]}
    said = text_message("assistant", answer) | {"finish_reason": "stop"}
    plan = run.model_call(root, 30, 820, told, asked, usage=(412, 38))
    tool = run.span("execute_tool look_up_order", root, 880, 310, TOOL, fails=True)
    query = run.span("SELECT orders", tool, 900, 240, {"db.system.name": "postgresql"})
    find = run.span("retrieval policies", root, 1_210, 95, RETRIEVAL)
    final = run.model_call(root, 1_330, 1_120, [*told, asked, back], said, usage=(538, 64))
    final.attributes.extend(_pairs({"gen_ai.response.time_to_first_chunk": 0.31}))
    add_event(final, "gen_ai.first_chunk", run.start_ns + 1_640 * MS, {"chunk": 0})
    check = run.span("check_tone", root, 2_455, 12, _check(answer))
    if is_failed:
        add_event(tool, "exception", run.start_ns + 1_180 * MS, EXCEPTION)
    return [root, plan, tool, query, find, final, check]


CALL = {
    "type": "tool_call",
    "id": "call_7f3a",
    "name": "look_up_order",
    "arguments": {"order_id": 8812, "fields": ["status", "carrier", "eta"]},
}
CALL_BACK = {"type": "tool_call_response", "id": "call_7f3a"}
ORDER = {"order_id": 8812, "status": "shipped", "carrier": "DHL", "eta": "Thursday"}
TOOL = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "look_up_order",
    "gen_ai.tool.call.id": "call_7f3a",
    "gen_ai.tool.call.arguments": json.dumps(CALL["arguments"]),
    "gen_ai.tool.call.result": json.dumps(ORDER),
}
RETRIEVAL = {
    "gen_ai.operation.name": "retrieval",
    "gen_ai.retrieval.query.text": "delivery times",
    "gen_ai.retrieval.documents": json.dumps(
        [{"id": "policy-4", "score": 0.91, "content": "Parcels take two to four days."}]
    ),
}
EXCEPTION = {
    "exception.type": "shop.OrderNotFound",
    "exception.message": "no order 8812",
    "exception.stacktrace": "Traceback (most recent call last):\n"
    '  File "agent.py", line 41, in look_up_order\n'
    "    raise OrderNotFound(order_id)\n"
    "shop.OrderNotFound: no order 8812\n",
}


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What the spans of one agent's trace share."""

    start_ns: int
    who: dict[str, Any]
    model: str
    failure: str | None
    trace_id: bytes = field(default_factory=new_trace_id)

    def span(  # Positions and lengths read best in line.
        self,
        name: str,
        parent: Span | None,
        at_ms: float,
        duration_ms: float,
        attributes: Mapping[str, Any],
        *,
        fails: bool = False,
    ) -> Span:
        return new_span(
            name,
            self.trace_id,
            parent=parent,
            start_ns=self.start_ns + int(at_ms * MS),
            duration_ms=duration_ms,
            attributes=self.who | dict(attributes),
            error=self.failure if fails else None,
        )

    def model_call(
        self,
        parent: Span,
        at_ms: float,
        duration_ms: float,
        told: Sequence[Mapping[str, Any]],
        said: Mapping[str, Any],
        *,
        usage: tuple[int, int],
    ) -> Span:
        attributes = _model_call(self.model, told, [said], usage, str(said["finish_reason"]))
        return self.span(f"chat {self.model}", parent, at_ms, duration_ms, attributes)


def _agent(question: str, answer: str) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "support",
        "weave_core.inputs": json.dumps({"question": question}),
        "weave_core.outputs": json.dumps(answer),
        "weave_core.tags": ["prod", "orders"],
    }


def _check(answer: str) -> dict[str, Any]:
    return {
        "weave_core.kind": "guardrail",
        "weave_core.inputs": json.dumps({"text": answer}),
        "weave_core.outputs": json.dumps({"is_polite": True, "score": 0.98}),
    }


def big_trace(count: int, *, seed: int = 7, ago_s: float = 120.0) -> list[Span]:
    """A trace of `count` spans: a tree of steps, model calls and tools, a few of them failed."""
    dice = random.Random(seed)
    trace_id = new_trace_id()
    start = time.time_ns() - int(ago_s * SECOND)
    total_ms = 60_000.0
    root = new_span("crawl", trace_id, start_ns=start, duration_ms=total_ms)
    spans = [root]
    open_spans = [root]
    for number in range(1, count):
        # Children begin within their parent; a small pool keeps the tree a dozen levels deep.
        parent = open_spans[dice.randrange(len(open_spans))]
        room = parent.end_time_unix_nano - parent.start_time_unix_nano
        begin = parent.start_time_unix_nano + int(dice.random() * room * 0.7)
        left_ms = (parent.end_time_unix_nano - begin) / MS
        kind = dice.choice(("chat gpt-4o-mini", "execute_tool fetch", "parse page", "rank links"))
        attributes: dict[str, Any] = {"page": number}
        if kind.startswith("chat"):
            attributes |= {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o-mini",
                "gen_ai.usage.input_tokens": dice.randrange(50, 2_000),
                "gen_ai.usage.output_tokens": dice.randrange(5, 200),
            }
        elif kind.startswith("execute_tool"):
            attributes["gen_ai.operation.name"] = "execute_tool"
        span = new_span(
            kind,
            trace_id,
            parent=parent,
            start_ns=begin,
            duration_ms=left_ms * dice.uniform(0.2, 0.95),
            attributes=attributes,
            error="TimeoutError: no answer" if dice.random() < 0.01 else None,
        )
        spans.append(span)
        if kind in {"parse page", "rank links"} and len(open_spans) < max(8, count // 20):
            open_spans.append(span)
    return spans


def _model_call(
    model: str,
    told: Sequence[Mapping[str, Any]],
    said: Sequence[Mapping[str, Any]],
    usage: tuple[int, int],
    finish: str,
) -> dict[str, Any]:
    system = [
        {"type": "text", "content": "You are the support agent of a small bookshop. Be brief."}
    ]
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.response.model": f"{model}-2024-07-18",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 400,
        "gen_ai.response.finish_reasons": [finish],
        "gen_ai.usage.input_tokens": usage[0],
        "gen_ai.usage.output_tokens": usage[1],
        "gen_ai.usage.cache_read.input_tokens": 128,
        "gen_ai.system_instructions": json.dumps(system),
        "gen_ai.input.messages": json.dumps(told),
        "gen_ai.output.messages": json.dumps(said),
        "gen_ai.tool.definitions": json.dumps(
            [
                {
                    "type": "function",
                    "name": "look_up_order",
                    "description": "Find an order by its number.",
                    "parameters": {
                        "type": "object",
                        "properties": {"order_id": {"type": "integer"}},
                    },
                }
            ]
        ),
    }


def _pairs(values: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_any(value)) for key, value in values.items()]


def _any(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, bytes):
        return AnyValue(bytes_value=value)
    if isinstance(value, Mapping):
        return AnyValue(kvlist_value=KeyValueList(values=_pairs(value)))
    if isinstance(value, Sequence):
        return AnyValue(array_value=ArrayValue(values=[_any(item) for item in value]))
    return AnyValue()
