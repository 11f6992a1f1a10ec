"""The row of a span: what lists, filters and sums need, read on the way in.

Runs for every span that arrives, so it is a look-up per attribute and no message is parsed whole.
What has no column and is short goes into `attributes`, for filters, by this rule: a scalar of at
most 256 characters (JSON text is none) under the key it was sent with; metadata under its bare
key (`tier`, not `weave_core.metadata.tier`), unless an attribute of that very name was sent too;
at most 64 keys, metadata first.
"""

from dataclasses import dataclass
from typing import Any

from weave_core import semconv
from weave_core.server.normalise import (
    bodies,
    events,
    genai_events,
    indexed,
    previews,
    texts,
    usage,
)
from weave_core.server.normalise.kinds import COUNTED_KINDS, kind_of
from weave_core.server.normalise.labels import tags_of
from weave_core.server.normalise.outcomes import outcome_of
from weave_core.server.normalise.precedence import KEYS, Picked, Plan, pick
from weave_core.server.normalise.providers import (
    provider_name,
    provider_of_host,
    provider_of_model,
    provider_of_scope,
)
from weave_core.server.normalise.sent import attributes_of
from weave_core.server.otlp.records import RawSpan

__all__ = ["MAX_FILTER_CHARS", "MAX_FILTER_KEYS", "Skeleton", "read_skeleton"]

MAX_FILTER_KEYS = 64
MAX_FILTER_CHARS = 256
_MAX_NAME = 512
_JSON_CHARS = 65_536
"""A JSON attribute is read for a single field of it only up to this length."""
_NO_MODEL = frozenset(("", "unknown", "None", "null", "N/A", "<not specified>"))
_PLACES = ("projects/", "publishers/", "models/", "arn:aws:bedrock:")
_BEFORE_NAMES = ("models/", "foundation-model/", ":inference-profile/")
"""What stands before a model's name where it is told by its place."""
_MODEL_KINDS = COUNTED_KINDS | {"agent"}
_PRICES = frozenset(("cost_json", "cost_usd", "input_cost_usd", "output_cost_usd"))
_TOKENS = frozenset(name for name in KEYS if "tokens" in name or "usage" in name) | {
    "input_details_json",
    "output_details_json",
    "provider_metadata_json",
}
_TAGS = frozenset(name for name in KEYS if name.startswith("tags"))
_SCALARS = frozenset((int, float, bool))
_KEPT_KEYS = (semconv.GEN_AI_TOOL_NAME, "tool.name", "traceloop.entity.name")
"""Read for other fields and still no column of their own."""


@dataclass(slots=True)
class Skeleton:
    """Columns of a span's row, ids, name and times apart."""

    display_name: str | None = None
    """None: the same as the span's name."""
    kind: str = "span"
    status: str = "unset"
    status_message: str | None = None
    error_type: str | None = None
    service_name: str | None = None
    environment: str | None = None
    op_name: str | None = None
    op_version: str | None = None
    provider: str | None = None
    model: str | None = None
    request_model: str | None = None
    response_id: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    input_cost_usd: float | None = None
    output_cost_usd: float | None = None
    cost_usd: float | None = None
    cost_source: str | None = None
    agent_name: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    run_id: str | None = None
    time_to_first_token_ms: float | None = None
    input_preview: str | None = None
    output_preview: str | None = None
    tags: list[str] | None = None
    attributes: dict[str, Any] | None = None


def read_skeleton(raw: RawSpan) -> Skeleton:
    """The skeleton of `raw`; see `weave_core.server.normalise.skeleton`, which never raises."""
    origin, resource = raw.origin, raw.origin.resource
    attributes = attributes_of(raw)
    picked, plan = pick(attributes)
    kind = kind_of(attributes, plan, origin.scope_name)
    outcome = outcome_of(raw, picked)
    skeleton = Skeleton(
        kind=kind,
        status=outcome.status,
        status_message=outcome.message,
        error_type=outcome.error_type,
        service_name=texts.as_text(resource.get(semconv.SERVICE_NAME)),
        environment=_name(picked, "environment") or _environment(resource),
        op_name=_name(picked, "op_name"),
        op_version=_name(picked, "op_version"),
        agent_name=_name(picked, "agent_name"),
        session_id=_name(picked, "session_id"),
        user_id=_name(picked, "user_id"),
        run_id=_name(picked, "run_id"),
    )
    _model(skeleton, attributes, picked, origin.scope_name)
    _numbers(skeleton, attributes, picked, plan)
    if skeleton.cost_usd == 0 and skeleton.input_tokens and origin.scope_name.startswith("openlit"):
        skeleton.cost_usd = skeleton.cost_source = None  # It writes so where it knows no price.
    if kind == "llm":
        skeleton.time_to_first_token_ms = events.first_token_ms(raw, picked)
    skeleton.display_name = _display_name(raw, skeleton, picked)
    _previews(skeleton, raw, picked, plan.others, attributes)
    if not _TAGS.isdisjoint(plan.fields):
        skeleton.tags = tags_of(picked) or None
    metadata = _metadata_map(picked["metadata"]) if "metadata" in picked else {}
    if metadata:
        _who(skeleton, metadata)
    skeleton.attributes = _filters(attributes, plan, picked, metadata) or None
    return skeleton


def _who(skeleton: Skeleton, metadata: dict[str, Any]) -> None:
    """Session and user, where only the map of metadata names them (LangChain's habit)."""
    if skeleton.session_id is None:
        keys = ("session_id", "thread_id", "conversation_id")
        found = (texts.as_text(metadata.get(key)) for key in keys)
        skeleton.session_id = next((session for session in found if session), None)
    if skeleton.user_id is None:
        skeleton.user_id = texts.as_text(metadata.get("user_id"))
    if skeleton.provider is None and skeleton.kind in COUNTED_KINDS:
        skeleton.provider = provider_name(metadata.get("ls_provider"))


def _name(picked: Picked, field: str) -> str | None:
    value = picked.get(field)
    if value is None:
        return None
    text = value if type(value) is str else texts.as_text(value)
    return text[:_MAX_NAME] if text else None


def _environment(resource: dict[str, Any]) -> str | None:
    return texts.as_text(
        resource.get(semconv.DEPLOYMENT_ENVIRONMENT) or resource.get("deployment.environment")
    )


def _model(skeleton: Skeleton, attributes: dict[str, Any], picked: Picked, scope_name: str) -> None:
    """Provider, models and the reply's id."""
    skeleton.provider = provider_name(picked.get("provider"))
    if skeleton.provider is None and ("provider" in picked or skeleton.kind in _MODEL_KINDS):
        skeleton.provider = other_provider(attributes) or provider_of_scope(scope_name)
    if skeleton.provider == "gcp.gemini" and _is_in_project(picked):
        skeleton.provider = "gcp.vertex_ai"  # Both are Google, as OpenInference calls them.
    answered = model_name(picked.get("response_model"))
    asked = requested_model(skeleton.kind, picked)
    skeleton.response_id = _name(picked, "response_id")
    if skeleton.kind in COUNTED_KINDS:
        if answered is None and asked is None:  # Without a model a call has no price.
            answered, asked = bodies.models_in_attributes(attributes)
        if skeleton.response_id is None:
            skeleton.response_id = bodies.id_in_attributes(attributes)
    skeleton.request_model = asked
    skeleton.model = answered or asked
    if skeleton.provider is None and skeleton.kind in COUNTED_KINDS:
        skeleton.provider = provider_of_model(skeleton.model)


def _is_in_project(picked: Picked) -> bool:
    """Whether the model is named as only Vertex AI does."""
    for field in ("request_model", "request_model_last", "response_model"):
        name = picked.get(field)
        if type(name) is str and name.startswith("projects/"):
            return True
    return False


def other_provider(attributes: dict[str, Any]) -> str | None:
    """The provider, where the winning key named a framework or none was sent."""
    for key in KEYS["provider"]:
        if key in attributes:
            name = provider_name(attributes[key])
            if name:
                return name
    action = attributes.get("genkit:name")
    if type(action) is str and "/" in action:  # `googleai/gemini-2.5-flash`.
        return provider_name(action.partition("/")[0])
    routed = attributes.get("litellm.provider.model")
    if type(routed) is str and (name := provider_of_model(routed)):
        return name
    return provider_of_host(attributes.get(semconv.SERVER_ADDRESS))


def requested_model(kind: str, picked: Picked) -> str | None:
    """The model that was asked for, as exactly as the sender says."""
    name = model_name(picked.get("request_model"))
    if name is None and "request_json" in picked:
        body = picked["request_json"]
        if type(body) is not str or len(body) <= _JSON_CHARS:
            body = texts.decode(body)
            if type(body) is dict:
                found = (model_name(body.get(k)) for k in ("model", "model_name", "model_id"))
                name = next((n for n in found if n), None)
    if name is None and kind in _MODEL_KINDS:
        name = model_name(picked.get("request_model_last"))
    return name


def model_name(value: Any) -> str | None:
    """A model's name; some senders write `unknown` for none, MLflow writes JSON.

    One that is told by its place at a provider (`projects/shop/.../models/gemini-2.5-flash`, an ARN
    of Bedrock) is the same model as by its name.
    """
    if type(value) is not str:
        return None
    name = value.strip('" ')[:_MAX_NAME]
    if name.startswith(_PLACES):
        for mark in _BEFORE_NAMES:
            _, found, rest = name.rpartition(mark)
            if found and rest:
                name = rest
                break
    return None if name in _NO_MODEL else name


def _numbers(skeleton: Skeleton, attributes: dict[str, Any], picked: Picked, plan: Plan) -> None:
    is_call = skeleton.kind in COUNTED_KINDS
    if is_call or not _TOKENS.isdisjoint(plan.fields):
        _tokens(skeleton, attributes, picked, is_call=is_call)
    if not _PRICES.isdisjoint(plan.fields):
        prices = usage.prices_of(picked)
        skeleton.input_cost_usd, skeleton.output_cost_usd = prices.input_usd, prices.output_usd
        skeleton.cost_usd = prices.total_usd
        skeleton.cost_source = "given" if prices.total_usd is not None else None


def _tokens(
    skeleton: Skeleton, attributes: dict[str, Any], picked: Picked, *, is_call: bool
) -> None:
    counts = usage.counts_of(picked)
    if is_call and counts.input_tokens is None and counts.output_tokens is None:
        counts = bodies.usage_in_attributes(attributes) or counts
    if is_call and counts.input_tokens == 0 and not counts.output_tokens:
        return  # A sender that knows no counts and writes zeros (Bedrock's streams).
    skeleton.input_tokens = counts.input_tokens
    skeleton.output_tokens = counts.output_tokens
    skeleton.cache_read_tokens = counts.cache_read_tokens
    skeleton.cache_write_tokens = counts.cache_write_tokens
    skeleton.reasoning_tokens = counts.reasoning_tokens
    skeleton.audio_tokens = counts.audio_tokens


def _display_name(raw: RawSpan, skeleton: Skeleton, picked: Picked) -> str | None:
    name = _name(picked, "shown_name")
    if name is None and skeleton.kind == "tool":
        name = _name(picked, "tool_name")
    if name is None and skeleton.kind == "agent":
        name = skeleton.agent_name
    if name is None:
        name = _name(picked, "entity_name")
    if name is None and "function_id" in picked:
        name = f"{raw.name} {_name(picked, 'function_id') or ''}".strip()
    return None if name is None or name == raw.name else name


def _previews(
    skeleton: Skeleton,
    raw: RawSpan,
    picked: Picked,
    others: tuple[str, ...],
    attributes: dict[str, Any],
) -> None:
    """Messages first on model calls, inputs and outputs first on all else."""
    get = picked.get
    is_call = skeleton.kind == "llm"
    told_in = told_out = None
    wanted_in, wanted_out = get("inputs"), get("outputs")
    if is_call or wanted_in is None:
        wanted_in = get("input_messages")
    if is_call or wanted_out is None:
        wanted_out = get("output_messages")
    if wanted_in is not None:
        told_in = previews.input_preview(wanted_in)
    if wanted_out is not None:
        told_out = previews.output_preview(wanted_out)
    if others and (told_in is None or told_out is None):
        told_in = told_in or indexed.last_input(attributes, others)
        told_out = told_out or indexed.first_output(attributes, others)
    if raw.events:
        told_in = told_in or genai_events.input_preview(raw.events)
        told_out = told_out or genai_events.output_preview(raw.events)
    if told_in is None or told_out is None:
        listed = genai_events.listed(attributes)
        told_in = told_in or genai_events.input_preview(listed)
        told_out = told_out or genai_events.answer_preview(listed)
    if is_call:
        told_in = told_in or previews.input_preview(get("inputs"))
        told_out = told_out or previews.output_preview(get("outputs"))
    skeleton.input_preview = told_in
    # What an embedding answers is numbers.
    skeleton.output_preview = None if skeleton.kind == "embedding" else told_out


def _filters(
    attributes: dict[str, Any], plan: Plan, picked: Picked, metadata: dict[str, Any]
) -> dict[str, Any]:
    """Short scalars without a column; see the head of this module for the rule."""
    kept = {key: value for key in plan.filters if _is_short(value := attributes[key])}
    for key, name in plan.metadata:
        if _is_short(value := attributes[key]) and not texts.is_empty(value):
            metadata[name] = value
    if "tool_name" in picked or "entity_name" in picked:
        kept |= {k: v for k in _KEPT_KEYS if _is_short(v := attributes.get(k))}
    if metadata:
        kept = {**metadata, **kept}
    if len(kept) > MAX_FILTER_KEYS:
        kept = dict(list(kept.items())[:MAX_FILTER_KEYS])
    return kept


def _metadata_map(value: Any) -> dict[str, Any]:
    """The short scalars of metadata that came as one JSON text."""
    if type(value) is str and len(value) > _JSON_CHARS:
        return {}
    body = texts.decode(value)
    return {k: v for k, v in body.items() if _is_short(v)} if type(body) is dict else {}


def _is_short(value: Any) -> bool:
    """Whether it is a scalar that fits: a text that begins as JSON does is a structure."""
    if type(value) is str:
        return len(value) <= MAX_FILTER_CHARS and value[:1] not in ("{", "[")
    return type(value) in _SCALARS
