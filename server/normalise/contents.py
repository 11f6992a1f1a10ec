"""What one span holds, read when it is opened: messages, inputs, outputs, documents and the rest.

For each field the extractors stand in the order in which they are asked; the first that finds
something wins, and what it is called is kept in `sources`.  An extractor that fails is skipped:
the attributes as they were sent are still there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from weave_core import semconv
from weave_core.server.normalise import (
    genai,
    genai_events,
    labels,
    openinference,
    params,
    pydantic_ai,
    shapes,
    skeletons,
    texts,
    traceloop,
    vercel,
    whole_bodies,
)
from weave_core.server.normalise.kinds import kind_of
from weave_core.server.normalise.messages import finish_reason, split_system
from weave_core.server.normalise.outcomes import outcome_of
from weave_core.server.normalise.precedence import KEYS, Picked, pick
from weave_core.server.normalise.sent import Sent
from weave_core.server.otlp.records import RawSpan

__all__ = ["Content", "read_content"]

Extractor = tuple[str, Callable[[Sent], Any]]
"""What to call the source, and how to read it."""


@dataclass(slots=True)
class Content:
    """The payload of a span in the shapes of `weave_core.model.Span`, as JSON-able values."""

    inputs: Any = None
    outputs: Any = None
    messages: dict[str, Any] | None = None
    """`system` parts, `input` and `output` messages."""
    tools: list[dict[str, Any]] = field(default_factory=list)
    tool: dict[str, Any] | None = None
    documents: list[dict[str, Any]] = field(default_factory=list)
    embedding_inputs: list[str] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    is_stream: bool | None = None
    finish_reasons: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    error: dict[str, str | None] | None = None
    """`type`, `message`, `stack`; None unless the span failed."""
    response_model: str | None = None
    request_model: str | None = None
    """Where only a whole request names it, which the skeleton does not parse."""
    response_id: str | None = None
    sources: dict[str, str] = field(default_factory=dict)
    """Field to the attribute, or form, that it was read from."""


INPUT_MESSAGES: tuple[Extractor, ...] = (
    ("gen_ai.input.messages", genai.input_messages),
    ("llm.input_messages", openinference.input_messages),
    ("ai.prompt", vercel.input_messages),
    ("events gen_ai.*.message", genai.event_input_messages),
    ("events", pydantic_ai.event_input_messages),
    ("gen_ai.prompt.N", traceloop.input_messages),
    ("pydantic_ai.all_messages", pydantic_ai.input_messages),
    ("request", whole_bodies.input_messages),
    ("llm.prompts", openinference.prompts),
)
OUTPUT_MESSAGES: tuple[Extractor, ...] = (
    ("gen_ai.output.messages", genai.output_messages),
    ("llm.output_messages", openinference.output_messages),
    ("ai.response", vercel.output_messages),
    ("events gen_ai.choice", genai.event_output_messages),
    ("events", pydantic_ai.event_output_messages),
    ("gen_ai.completion.N", traceloop.output_messages),
    ("pydantic_ai.all_messages", pydantic_ai.output_messages),
    ("reply", whole_bodies.output_messages),
    ("llm.choices", openinference.completions),
)
SYSTEM: tuple[Extractor, ...] = (
    ("gen_ai.system_instructions", genai.system),
    ("ai.prompt", vercel.system),
    ("request", whole_bodies.system),
)
TOOLS: tuple[Extractor, ...] = (
    ("gen_ai.tool.definitions", genai.tools),
    ("llm.tools", openinference.tools),
    ("ai.prompt.tools", vercel.tools),
    ("llm.request.functions", traceloop.tools),
    ("model_request_parameters", pydantic_ai.tools),
    ("request", whole_bodies.tools),
)
DOCUMENTS: tuple[Extractor, ...] = (
    ("gen_ai.retrieval.documents", genai.documents),
    ("retrieval.documents", openinference.documents),
    ("events db.*.result", traceloop.documents),
)
EMBEDDING_INPUTS: tuple[Extractor, ...] = (
    ("embedding.embeddings", openinference.embeddings),
    ("ai.values", vercel.embeddings),
    ("gen_ai.input.messages", shapes.texts_of_input),
    ("request", whole_bodies.embeddings),
)
PARAMS: tuple[Extractor, ...] = (
    ("gen_ai.request.*", genai.params),
    ("llm.invocation_parameters", openinference.params),
    ("ai.settings.*", vercel.params),
    ("request", whole_bodies.params),
)
_CONVERSING = frozenset(("llm", "agent", "workflow", "chain", "span", "op", "task"))
"""Kinds whose attributes may hold messages; a whole body is one only on a model call or agent."""
_BODY_KINDS = frozenset(("llm", "agent"))
_MAX_INLINE_SCORES = 1_000


def read_content(raw: RawSpan) -> Content:
    """The content of `raw`; see `weave_core.server.normalise.content`, which never raises."""
    sent = Sent(raw)
    picked, _ = pick(sent.attributes)
    sent.kind = kind_of(sent.attributes, raw.origin.scope_name)
    content = Content()
    for step in _STEPS:
        try:
            step(sent, picked, content)
        except Exception:  # noqa: BLE001, S112  # A shape nobody foresaw must not hide the rest of the span; its attributes are shown as sent.
            continue
    return content


def _first(sent: Sent, extractors: tuple[Extractor, ...]) -> Iterator[tuple[str, Any]]:
    """The first extractor that finds something; none or one."""
    for source, extract in extractors:
        if source in _WHOLE and sent.kind not in _BODY_KINDS and extract in _MESSAGE_BODIES:
            continue
        try:
            found = extract(sent)
        except Exception:  # noqa: BLE001, S112  # As above: the next source may well be readable.
            continue
        if found:
            yield source, found
            return


_WHOLE = frozenset(("request", "reply"))
_MESSAGE_BODIES = frozenset(
    (
        whole_bodies.input_messages,
        whole_bodies.output_messages,
        whole_bodies.system,
        whole_bodies.tools,
        whole_bodies.params,
    )
)


def _messages(sent: Sent, picked: Picked, content: Content) -> None:
    del picked
    if sent.kind not in _CONVERSING:
        return
    system: list[dict[str, Any]] = []
    asked: list[dict[str, Any]] = []
    answered: list[dict[str, Any]] = []
    for source, found in _first(sent, INPUT_MESSAGES):
        system, asked = split_system(found)
        content.sources["messages.input"] = source
    for source, found in _first(sent, SYSTEM):
        # Said in both places it is still one instruction.
        system = system if system and found == system else found
        content.sources["messages.system"] = source
    for source, found in _first(sent, OUTPUT_MESSAGES):
        answered = found
        content.sources["messages.output"] = source
    if asked or answered or system:
        content.messages = {"system": system, "input": asked, "output": answered}


def _values(sent: Sent, picked: Picked, content: Content) -> None:
    """Generic inputs and outputs."""
    del picked
    for name, mime in (("inputs", "input.mime_type"), ("outputs", "output.mime_type")):
        found = sent.first(KEYS[name])
        if found is None:
            continue
        key, value = found
        is_plain = key.endswith(".value") and sent.get(mime) == "text/plain"
        value = texts.bounded(value) if is_plain else shapes.unwrapped(key, _decoded(key, value))
        setattr(content, name, value)
        content.sources[name] = key


def _decoded(key: str, value: Any) -> Any:
    if key in _JSON_BY_DEFINITION:
        return texts.decode_all(value)
    if key in ("ai.values", "ai.prompt.tools") and isinstance(value, list):
        return [texts.decode(item) for item in value]
    return texts.decode(value)


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


def _lists(sent: Sent, picked: Picked, content: Content) -> None:
    """Tools on offer, documents, texts that were embedded, judgements."""
    del picked
    for source, found in _first(sent, TOOLS):
        content.tools = shapes.tool_definitions(found)
        content.sources["tools"] = source
    for source, found in _first(sent, DOCUMENTS):
        content.documents = [shapes.document(item) for item in found]
        content.sources["documents"] = source
    if not content.documents and sent.kind in ("retriever", "reranker"):
        content.documents = shapes.documents_in(content.outputs)
        if content.documents:
            content.sources["documents"] = content.sources["outputs"]
    if sent.kind == "embedding":
        for source, found in _first(sent, EMBEDDING_INPUTS):
            content.embedding_inputs = found
            content.sources["embedding_inputs"] = source
    found_scores = genai_events.scores(genai_events.told(sent.raw.events))
    content.scores = (found_scores + openinference.scores(sent))[:_MAX_INLINE_SCORES]


def _tool(sent: Sent, picked: Picked, content: Content) -> None:
    if sent.kind != "tool":
        return
    name = picked.get("tool_name") or picked.get("entity_name")
    call_id = sent.first((semconv.GEN_AI_TOOL_CALL_ID, "tool.id", "ai.toolCall.id"))
    content.tool = {
        "name": texts.as_text(name) or shapes.tool_in_span_name(sent.raw.name),
        "call_id": texts.as_text(call_id[1]) if call_id else None,
        "arguments": content.inputs,
        "result": content.outputs,
    }


def _params(sent: Sent, picked: Picked, content: Content) -> None:
    del picked
    for source, found in _first(sent, PARAMS):
        content.params = texts.bounded(params.canonical(found))
        content.sources["params"] = source
    content.is_stream = params.is_stream(sent, content.params)


def _reply(sent: Sent, picked: Picked, content: Content) -> None:
    """Models, id and how it finished."""
    content.response_model = skeletons.model_name(picked.get("response_model"))
    content.request_model = skeletons.requested_model(sent.kind, picked)
    content.response_id = texts.as_text(picked.get("response_id"))
    if sent.kind == "llm":
        content.response_model = content.response_model or whole_bodies.reply_model(sent)
        content.request_model = content.request_model or whole_bodies.request_model(sent)
        content.response_id = content.response_id or whole_bodies.reply_id(sent)
        content.finish_reasons = _finish_reasons(sent, content)


_FINISH_KEYS = (
    semconv.GEN_AI_RESPONSE_FINISH_REASONS,
    "ai.response.finishReason",
    "ai.result.finishReason",
    "llm.finish_reason",
    "anthropic.message.stop_reason",
    "llm.response.stop_reason",
    "llm.response.finish_reason",
)


def _finish_reasons(sent: Sent, content: Content) -> list[str]:
    for key in _FINISH_KEYS:
        value = sent.decoded(key)
        words = value if isinstance(value, list) else [value]
        found = [reason for word in words if (reason := finish_reason(word))]
        if found:
            content.sources["finish_reasons"] = key
            return found
    answered = (content.messages or {}).get("output", [])
    found = [m["finish_reason"] for m in answered if m.get("finish_reason")]
    return found or whole_bodies.finish_reasons(sent)


_TRACED = {
    "provider": "provider",
    "model": "request_model",
    "response_model": "response_model",
    "response_id": "response_id",
    "usage.input_tokens": "input_tokens",
    "usage.output_tokens": "output_tokens",
    "usage.cache_read_tokens": "cache_read_tokens",
    "usage.cache_write_tokens": "cache_write_tokens",
    "cost.total_usd": "cost_usd",
    "session_id": "session_id",
    "user_id": "user_id",
    "agent_name": "agent_name",
}
"""Field of the API to the one in `precedence`, for `sources`."""


def _sources(sent: Sent, picked: Picked, content: Content) -> None:
    """Which keys the skeleton's fields were read from."""
    for shown, name in _TRACED.items():
        if name in picked and (found := sent.first(KEYS[name])):
            content.sources[shown] = found[0]


def _rest(sent: Sent, picked: Picked, content: Content) -> None:
    """Metadata, and why it failed."""
    content.metadata = texts.bounded(labels.metadata_of(sent.attributes, picked))
    outcome = outcome_of(sent.raw, picked)
    if outcome.status == "error":
        content.error = {
            "type": outcome.error_type,
            "message": outcome.message,
            "stack": outcome.stack,
        }


_STEPS = (_messages, _values, _lists, _tool, _params, _reply, _sources, _rest)
