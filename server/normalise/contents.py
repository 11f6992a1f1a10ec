"""What one span holds, read when it is opened: messages, inputs, outputs, documents and the rest.

For each field `extractors` says who is asked, and in which order; the first that finds something
wins, and what it is called is kept in `sources`.  An extractor that fails is skipped:
the attributes as they were sent are still there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from weave_core import semconv
from weave_core.server.normalise import (
    bodies,
    genai_events,
    labels,
    params,
    shapes,
    skeletons,
    texts,
    whole_bodies,
)
from weave_core.server.normalise.extractors import Asked, Extractor, asked_of
from weave_core.server.normalise.kinds import COUNTED_KINDS, kind_of
from weave_core.server.normalise.messages import finish_reason, split_system, tool_answer
from weave_core.server.normalise.outcomes import has_failed, outcome_of
from weave_core.server.normalise.precedence import KEYS, MAX_PLANS, Picked, Plan, pick
from weave_core.server.normalise.sent import Sent
from weave_core.server.otlp.records import RawSpan

__all__ = ["Content", "read_content"]


@dataclass(slots=True)
class Content:
    """The payload of a span in the shapes of `weave_core.model.Span`, as JSON-able values."""

    inputs: Any = None
    outputs: Any = None
    messages: dict[str, Any] | None = None
    """`system` parts, `input` and `output` messages."""
    tools: Sequence[dict[str, Any]] = ()
    tool: dict[str, Any] | None = None
    documents: Sequence[dict[str, Any]] = ()
    embedding_inputs: Sequence[str] = ()
    scores: Sequence[dict[str, Any]] = ()
    params: dict[str, Any] = field(default_factory=dict)
    is_stream: bool | None = None
    finish_reasons: Sequence[str] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    error: dict[str, str | None] | None = None
    """`type`, `message`, `stack`; None unless the span failed."""
    response_model: str | None = None
    request_model: str | None = None
    """Where only a whole request names it, which the skeleton does not parse."""
    response_id: str | None = None
    sources: dict[str, str] = field(default_factory=dict)
    """Field to the attribute, or form, that it was read from."""


_CONVERSING = frozenset(("llm", "agent", "workflow", "chain", "span", "op", "task"))
"""Kinds whose attributes may hold messages."""
_MAX_INLINE_SCORES = 1_000


def read_content(raw: RawSpan) -> Content:
    """The content of `raw`; see `weave_core.server.normalise.content`, which never raises."""
    sent = Sent(raw)
    picked, plan = pick(sent.attributes)
    sent.kind = kind_of(sent.attributes, plan, raw.origin.scope_name)
    asked = asked_of(sent, plan)
    opened = _Opened(sent, picked, plan, asked, Content())
    for step in _known_way(asked) if plan.is_remembered else _new_way(asked):
        try:
            step(opened)
        except Exception:  # noqa: BLE001, S112  # A shape nobody foresaw must not hide the rest of the span; its attributes are shown as sent.
            continue
    content = opened.content
    content.sources = sent.as_sent(content.sources)
    return content


@dataclass(slots=True)
class _Opened:
    """One span while it is read."""

    sent: Sent
    picked: Picked
    plan: Plan
    asked: Asked
    content: Content

    def winner(self, field: str) -> str:
        """The key that a picked field was read from."""
        sole = self.plan.sole.get(field)
        if sole is not None:
            return sole
        return next(key for key in KEYS[field] if self.sent.get(key) is not None)


def _first(sent: Sent, extractors: tuple[Extractor, ...]) -> tuple[str, Any]:
    """What the first extractor finds that finds something, and its name; None where none does."""
    spare: tuple[str, Any] = ("", None)
    for extractor in extractors:
        try:
            found = extractor.read(sent)
        except Exception:  # noqa: BLE001, S112  # As above: the next source may well be readable.
            continue
        if found and not _is_hollow(found):
            return extractor.source, found
        if found and not spare[0]:
            spare = extractor.source, found
    return spare


def _is_hollow(found: Any) -> bool:
    """Whether messages say nothing, as LiteLLM's are where a tool is called."""
    return type(found) is list and all(
        type(item) is dict and "role" in item and not item.get("parts", True) for item in found
    )


def _messages(opened: _Opened) -> None:
    sent, asked, content = opened.sent, opened.asked, opened.content
    if sent.kind not in _CONVERSING:
        return
    system: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    answered: list[dict[str, Any]] = []
    source, found = _first(sent, asked.input_messages)
    if found:
        system, said = split_system(found)
        content.sources["messages.input"] = source
    source, found = _first(sent, asked.system)
    if found:
        # Said in both places it is still one instruction.
        system = system if system and found == system else found
        content.sources["messages.system"] = source
    source, found = _first(sent, asked.output_messages)
    if found:
        found = _answer(_without(said, found))
        answered = [m for m in found if m["parts"] or "finish_reason" in m]
        if source == "llm.output_messages" and opened.asked.has_reply:
            answered = whole_bodies.completed(sent, answered)
        content.sources["messages.output"] = source
    if said or answered or system:
        content.messages = {"system": system, "input": said, "output": answered}


def _without(said: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was answered: a graph's state (LangGraph) has the messages that went in before it."""
    told = [message["parts"] for message in said]
    before = [message["parts"] for message in found[: len(told)]]
    return found[len(told) :] if told and len(found) > len(told) and told == before else found


def _answer(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What follows the last question, where a whole conversation came out (CrewAI)."""
    asked = [i for i, message in enumerate(found) if message["role"] in ("user", "system")]
    if len(asked) == len(found):
        return []  # Only what went in.
    return found[asked[-1] + 1 :] if asked and asked[-1] + 1 < len(found) else found


def _values(opened: _Opened) -> None:
    """Generic inputs and outputs."""
    sent, content = opened.sent, opened.content
    for name, mime in (("inputs", "input.mime_type"), ("outputs", "output.mime_type")):
        if name not in opened.picked:
            continue
        key, value = opened.winner(name), opened.picked[name]
        if key == "gen_ai.tool.args" and sent.kind == "llm":
            continue  # OpenLIT's tool that the model called: it came out.
        is_plain = key.endswith(".value") and sent.get(mime) == "text/plain"
        value = texts.bounded(value) if is_plain else shapes.unwrapped(key, _decoded(key, value))
        setattr(content, name, value)
        content.sources[name] = key
    if sent.kind == "tool" and sent.raw.events and content.inputs is None:
        content.inputs, answer = genai_events.tool_call(genai_events.told(sent.raw.events))
        content.outputs = answer if content.outputs is None else content.outputs


def _decoded(key: str, value: Any) -> Any:
    if key in _JSON_BY_DEFINITION:
        return texts.decode_all(value)
    value = texts.decode(value)
    if key in ("ai.values", "ai.prompt.tools") and isinstance(value, list):
        return [texts.decode(item) for item in value]
    return value


_JSON_BY_DEFINITION = frozenset(
    (
        semconv.INPUTS,
        semconv.OUTPUTS,
        "mlflow.spanInputs",
        "mlflow.spanOutputs",
        "traceloop.entity.input",
        "traceloop.entity.output",
        "genkit:input",
        "genkit:output",
    )
)


def _lists(opened: _Opened) -> None:
    """Tools on offer, documents, texts that were embedded, judgements."""
    sent, asked, content = opened.sent, opened.asked, opened.content
    source, found = _first(sent, asked.tools)
    if found:
        content.tools = shapes.tool_definitions(found)
        content.sources["tools"] = source
    source, found = _first(sent, asked.documents)
    if found:
        content.documents = [shapes.document(item) for item in found]
        content.sources["documents"] = source
    if not content.documents and (
        sent.kind in ("retriever", "reranker") or shapes.are_nodes(content.outputs)
    ):
        content.documents = shapes.documents_in(content.outputs)
        if content.documents:
            content.sources["documents"] = content.sources["outputs"]
    source, found = _first(sent, asked.embedding_inputs)
    if found:
        content.embedding_inputs = found
        content.sources["embedding_inputs"] = source
    if sent.kind == "embedding" and not content.embedding_inputs:
        content.embedding_inputs = bodies.request_embeddings(content.inputs) or []
    scores = [score for extractor in asked.scores for score in extractor.read(sent)]
    content.scores = scores[:_MAX_INLINE_SCORES]


def _tool(opened: _Opened) -> None:
    sent, picked, content = opened.sent, opened.picked, opened.content
    if sent.kind != "tool":
        return
    name = picked.get("tool_name") or picked.get("entity_name")
    call_id = sent.first((semconv.GEN_AI_TOOL_CALL_ID, "tool.id", "tool.call.id", "ai.toolCall.id"))
    answer = tool_answer(content.outputs)
    result = answer["response"] if answer else shapes.tool_result(content.outputs, content.inputs)
    content.tool = {
        "name": texts.as_text(name) or shapes.tool_in_span_name(sent.raw.name),
        "call_id": texts.as_text(call_id[1]) if call_id else answer["id"] if answer else None,
        "arguments": shapes.tool_arguments(content.inputs),
        "result": result,
    }


def _params(opened: _Opened) -> None:
    sent, content = opened.sent, opened.content
    source, found = _first(sent, opened.asked.params)
    if found:
        content.params = texts.bounded(params.canonical(found))
        content.sources["params"] = source
    content.is_stream = params.is_stream(sent, content.params)


def _reply(opened: _Opened) -> None:
    """Models, id and how it finished."""
    sent, picked, content = opened.sent, opened.picked, opened.content
    content.response_model = skeletons.model_name(picked.get("response_model"))
    content.request_model = skeletons.requested_model(sent.kind, picked)
    content.response_id = texts.as_text(picked.get("response_id"))
    if sent.kind not in COUNTED_KINDS:
        return
    if opened.asked.has_reply:
        content.response_model = content.response_model or whole_bodies.reply_model(sent)
        content.response_id = content.response_id or whole_bodies.reply_id(sent)
    if opened.asked.has_request:
        content.request_model = content.request_model or whole_bodies.request_model(sent)
    if sent.kind == "llm":
        content.finish_reasons = _finish_reasons(sent, content, has_reply=opened.asked.has_reply)


_FINISH_KEYS = (
    semconv.GEN_AI_RESPONSE_FINISH_REASONS,
    "ai.response.finishReason",
    "ai.result.finishReason",
    "ai.finishReason",
    "llm.finish_reason",
    "anthropic.message.stop_reason",
    "llm.response.stop_reason",
    "llm.response.finish_reason",
    "gen_ai.response.finish_reason",
    "langfuse.observation.metadata.finish_reason",
)


def _finish_reasons(sent: Sent, content: Content, *, has_reply: bool) -> list[str]:
    for key in _FINISH_KEYS:
        if key not in sent.attributes:
            continue
        value = sent.decoded(key)
        words = value if isinstance(value, list) else [value]
        found = [reason for word in words if (reason := finish_reason(word))]
        if found:
            content.sources["finish_reasons"] = key
            return found
    answered = (content.messages or {}).get("output", [])
    found = [m["finish_reason"] for m in answered if m.get("finish_reason")]
    return found or (whole_bodies.finish_reasons(sent) if has_reply else [])


_TRACED = {
    "provider": "provider",
    "request_model": "model",
    "response_model": "response_model",
    "response_id": "response_id",
    "input_tokens": "usage.input_tokens",
    "output_tokens": "usage.output_tokens",
    "cache_read_tokens": "usage.cache_read_tokens",
    "cache_write_tokens": "usage.cache_write_tokens",
    "cost_usd": "cost.total_usd",
    "session_id": "session_id",
    "user_id": "user_id",
    "agent_name": "agent_name",
}
"""Field in `precedence` to the one of the API, for `sources`."""


def _sources(opened: _Opened) -> None:
    """Which keys the skeleton's fields were read from."""
    sources, picked, plan = opened.content.sources, opened.picked, opened.plan
    for name, shown, key in _known_traces(plan) if plan.is_remembered else _new_traces(plan):
        if name in picked:
            sources[shown] = key or opened.winner(name)


def _new_traces(plan: Plan) -> tuple[tuple[str, str, str | None], ...]:
    """Fields that `sources` tells of spans with the same keys: name, shown name, the sole key."""
    return tuple(
        (name, shown, plan.sole.get(name)) for name, shown in _TRACED.items() if name in plan.fields
    )


_known_traces = lru_cache(maxsize=MAX_PLANS)(_new_traces)


def _metadata(opened: _Opened) -> None:
    sent, content = opened.sent, opened.content
    found = labels.metadata_of(sent.attributes, opened.picked, opened.asked.metadata)
    content.metadata = texts.bounded(found) if found else found


def _error(opened: _Opened) -> None:
    """Why it failed."""
    raw, picked = opened.sent.raw, opened.picked
    if has_failed(raw, picked):
        outcome = outcome_of(raw, picked)
        opened.content.error = {
            "type": outcome.error_type,
            "message": outcome.message,
            "stack": outcome.stack,
        }


Step = Callable[[_Opened], None]


def _new_way(asked: Asked) -> tuple[Step, ...]:
    """The steps that may find something in spans that are asked the same: of most, two or three."""
    fields, kind = asked.plan.fields, asked.kind
    has_messages = asked.input_messages or asked.output_messages or asked.system
    has_values = not fields.isdisjoint(("inputs", "outputs")) or (
        kind == "tool" and asked.has_events
    )
    has_lists = asked.tools or asked.documents or asked.embedding_inputs or asked.scores
    has_reply = any("model" in field or field in _OF_REPLY for field in fields)
    wanted: tuple[tuple[Step, Any], ...] = (
        (_messages, has_messages and kind in _CONVERSING),
        (_values, has_values),
        (_lists, has_lists or has_values or kind in _LISTING),
        (_tool, kind == "tool"),
        (_params, asked.params or kind == "llm"),
        (_reply, has_reply or kind in COUNTED_KINDS),
        (_sources, fields),
        (_metadata, asked.metadata or not fields.isdisjoint(labels.METADATA_FIELDS)),
        (_error, True),
    )
    return tuple(step for step, is_wanted in wanted if is_wanted)


_LISTING = ("retriever", "reranker", "embedding")
_OF_REPLY = ("request_json", "response_id")
_known_way = lru_cache(maxsize=MAX_PLANS)(_new_way)
