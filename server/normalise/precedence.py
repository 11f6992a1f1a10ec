"""Which attribute wins: for each field, the keys that carry it, best first.

This is the one place that orders conventions against each other.  A key that says nothing (see
`texts.is_empty`) does not win.  Fields that need more than a key (JSON inside a value, keys with
indexes, events) have an ordered list of extractors in `contents`; what they fall back on here is
named `*_json`.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from weave_core import semconv
from weave_core.server.normalise import texts

__all__ = [
    "CONTENT_PREFIXES",
    "KEYS",
    "MAX_PLANNED_KEYS",
    "MAX_PLANS",
    "METADATA_PREFIXES",
    "TARGETS",
    "Picked",
    "Plan",
    "pick",
]

KEYS: dict[str, tuple[str, ...]] = {
    # Who and where.
    "provider": (
        semconv.GEN_AI_PROVIDER_NAME,
        "gen_ai.system",
        "llm.provider",
        "llm.system",
        "llm.vendor",
        "mlflow.llm.provider",
        "ai.model.provider",
        "langsmith.metadata.ls_provider",
        "mlflow.message.format",
    ),
    "request_model": (
        semconv.GEN_AI_REQUEST_MODEL,
        "llm.request.model_name",
        "llm.request.model",
        "ai.model.id",
        "langsmith.metadata.ls_model_name",
        "model_name",
    ),
    "request_json": (
        "llm.invocation_parameters",
        "gen_ai.request.parameters",
        "embedding.invocation_parameters",
    ),
    "request_model_last": (
        "llm.model_name",
        "embedding.model_name",
        "reranker.model_name",
        "genkit:name",
        "model",
    ),
    "response_model": (
        semconv.GEN_AI_RESPONSE_MODEL,
        "llm.response.model_name",
        "llm.response.model",
        "ai.response.model",
        "langfuse.observation.model.name",
        "mlflow.llm.model",
        "llm.model_name",
    ),
    "response_id": (semconv.GEN_AI_RESPONSE_ID, "ai.response.id", "gen_ai.response_id"),
    "session_id": (
        semconv.SESSION_ID,
        semconv.GEN_AI_CONVERSATION_ID,
        "langfuse.session.id",
        "langfuse.trace.session_id",
        "traceloop.association.properties.session_id",
        "traceloop.association.properties.thread_id",
        "traceloop.association.properties.conversation_id",
        "traceloop.association.properties.chat_id",
        "ai.telemetry.metadata.sessionId",
        "ai.telemetry.metadata.threadId",
        "langsmith.metadata.session_id",
        "langsmith.metadata.thread_id",
        "langsmith.metadata.conversation_id",
        "gcp.vertex.agent.session_id",
        "genkit:sessionId",
        "wandb.thread_id",
        "mlflow.trace.session",
        "lmnr.association.properties.session_id",
        "langwatch.thread.id",
        "langwatch.thread_id",
    ),
    "user_id": (
        semconv.USER_ID,
        "enduser.id",
        "langfuse.user.id",
        "langfuse.trace.user_id",
        "traceloop.association.properties.user_id",
        "ai.telemetry.metadata.userId",
        "gen_ai.user",
        "gen_ai.request.user",
        "llm.user",
        "langsmith.metadata.user_id",
        "mlflow.trace.user",
        "lmnr.association.properties.user_id",
        "langwatch.user.id",
        "langwatch.user_id",
        "metadata.user_api_key_end_user_id",
        "metadata.user_api_key_user_id",
    ),
    "agent_name": (
        semconv.GEN_AI_AGENT_NAME,
        "agent.name",
        "agent_name",
        "graph.node.name",
        "graph.node.id",
    ),
    "environment": (
        "langfuse.environment",
        semconv.DEPLOYMENT_ENVIRONMENT,
        "deployment.environment",
    ),
    "op_name": (semconv.OP_NAME,),
    "op_version": (semconv.OP_VERSION,),
    "run_id": (semconv.RUN_ID,),
    "shown_name": (semconv.DISPLAY_NAME, "wandb.display_name", "logfire.msg"),
    "tool_name": (semconv.GEN_AI_TOOL_NAME, "tool.name", "ai.toolCall.name"),
    "entity_name": ("traceloop.entity.name", "langsmith.trace.name"),
    "function_id": ("ai.telemetry.functionId",),
    # Outcome.
    "error_type": (semconv.ERROR_TYPE, semconv.EXCEPTION_TYPE),
    "level": ("langfuse.observation.level",),
    "level_message": ("langfuse.observation.status_message",),
    "is_pending": (semconv.IS_PENDING,),
    "logfire_type": ("logfire.span_type",),
    # Numbers.  What a sender adds up over children (`gen_ai.aggregated_usage.*`) is not here.
    "input_tokens": (
        semconv.GEN_AI_USAGE_INPUT_TOKENS,
        "gen_ai.usage.prompt_tokens",
        "llm.token_count.prompt",
        "ai.usage.inputTokens",
        "ai.usage.promptTokens",
        "ai.usage.tokens",
        "llm.usage.prompt_tokens",
        "input_tokens",
    ),
    "output_tokens": (
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS,
        "gen_ai.usage.completion_tokens",
        "llm.token_count.completion",
        "ai.usage.outputTokens",
        "ai.usage.completionTokens",
        "llm.usage.completion_tokens",
        "output_tokens",
    ),
    "cache_read_tokens": (
        semconv.GEN_AI_USAGE_CACHE_READ,
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.details.cache_read_tokens",
        "gen_ai.usage.details.cache_read_input_tokens",
        "gen_ai.usage.details.cached_tokens",
        "gen_ai.usage.input_cached_tokens",
        "gen_ai.usage.cached_tokens",
        "llm.token_count.prompt_details.cache_read",
        "llm.token_count.prompt_details.cache_input",
        "ai.usage.cachedInputTokens",
        "ai.usage.inputTokenDetails.cacheReadTokens",
        "cache_read_tokens",
    ),
    "cache_write_tokens": (
        semconv.GEN_AI_USAGE_CACHE_WRITE,
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.details.cache_write_tokens",
        "gen_ai.usage.details.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write",
        "ai.usage.inputTokenDetails.cacheWriteTokens",
        "cache_creation_tokens",
    ),
    "reasoning_tokens": (
        semconv.GEN_AI_USAGE_REASONING,
        "gen_ai.usage.reasoning_tokens",
        "llm.usage.reasoning_tokens",
        "gen_ai.usage.details.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
        "ai.usage.reasoningTokens",
        "ai.usage.outputTokenDetails.reasoningTokens",
    ),
    "audio_input_tokens": (
        semconv.GEN_AI_USAGE_AUDIO_INPUT,
        "llm.token_count.prompt_details.audio",
        "gen_ai.usage.details.input_audio_tokens",
    ),
    "audio_output_tokens": (
        semconv.GEN_AI_USAGE_AUDIO_OUTPUT,
        "llm.token_count.completion_details.audio",
        "gen_ai.usage.details.output_audio_tokens",
    ),
    "usage_langfuse": ("langfuse.observation.usage_details",),
    # Whole replies whose sender sums them up without the cached or the reasoning tokens.
    "usage_reply": ("gcp.vertex.agent.llm_response", "response_data"),
    "usage_json": (
        "mlflow.chat.tokenUsage",
        "gen_ai.usage.raw",
        "metadata.usage_object",
    ),
    "input_details_json": ("gen_ai.usage.input_token_details",),
    "output_details_json": ("gen_ai.usage.output_token_details",),
    "provider_metadata_json": ("ai.response.providerMetadata",),
    "cost_json": ("langfuse.observation.cost_details", "mlflow.llm.cost"),
    "cost_usd": (
        "llm.cost.total",
        "gen_ai.usage.cost",
        "operation.cost",
        "gen_ai.cost.total_cost",
        "gen_ai.usage.total_cost",
    ),
    "input_cost_usd": ("llm.cost.prompt", "gen_ai.cost.input_cost", "gen_ai.usage.input_cost"),
    "output_cost_usd": (
        "llm.cost.completion",
        "gen_ai.cost.output_cost",
        "gen_ai.usage.output_cost",
    ),
    "first_token_s": (
        semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
        "gen_ai.server.time_to_first_token",
        "gen_ai.streaming.time_to_first_token",
    ),
    "first_token_ms": ("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"),
    "first_token_at": ("langfuse.observation.completion_start_time",),
    # Tags: the union of all of them.
    "tags": (semconv.TAGS,),
    "tags_openinference": ("tag.tags",),
    "tags_langfuse": ("langfuse.trace.tags",),
    "tags_logfire": ("logfire.tags",),
    "tags_langsmith": ("langsmith.span.tags",),
    "tags_vercel": ("ai.telemetry.metadata.tags",),
    "tags_openlit": ("gen_ai.framework.tags",),
    "tags_traceloop": ("traceloop.association.properties.tags",),
    "tags_laminar": ("lmnr.association.properties.tags",),
    "tags_langwatch": ("langwatch.labels", "langwatch.tags"),
    # One attribute that holds a map of metadata.
    "metadata": ("metadata",),
    "metadata_langfuse": ("langfuse.observation.metadata",),
    "metadata_langfuse_trace": ("langfuse.trace.metadata",),
    # Content, for previews and for the generic input and output.
    "input_messages": (
        semconv.GEN_AI_INPUT_MESSAGES,
        "ai.prompt.messages",
        "pydantic_ai.all_messages",
    ),
    "output_messages": (semconv.GEN_AI_OUTPUT_MESSAGES,),
    "inputs": (
        semconv.INPUTS,
        "langfuse.observation.input",
        "input.value",
        "mlflow.spanInputs",
        "traceloop.entity.input",
        semconv.GEN_AI_TOOL_CALL_ARGUMENTS,
        "gen_ai.tool.args",
        "gen_ai.tool.input",
        "tool_arguments",
        "tool.parameters",
        "ai.prompt",
        "ai.toolCall.args",
        "ai.values",
        "ai.value",
        "gcp.vertex.agent.tool_call_args",
        "gcp.vertex.agent.llm_request",
        "genkit:input",
        "gen_ai.prompt",
        semconv.GEN_AI_RETRIEVAL_QUERY_TEXT,
        "gen_ai.memory.query.text",
        "reranker.query",
        "gen_ai.workflow.input",
        "lmnr.span.input",
        "mcp.request.argument",
        "lk.input_text",
        "langfuse.trace.input",
        "request_data",
        "input",
        "inputs",
    ),
    "outputs": (
        semconv.OUTPUTS,
        "langfuse.observation.output",
        "output.value",
        "mlflow.spanOutputs",
        "traceloop.entity.output",
        semconv.GEN_AI_TOOL_CALL_RESULT,
        "gen_ai.tool.output",
        "tool_response",
        "ai.toolCall.result",
        "ai.response.object",
        "ai.result.object",
        "ai.response.text",
        "ai.result.text",
        "ai.response.toolCalls",
        "ai.result.toolCalls",
        "final_result",
        "gcp.vertex.agent.tool_response",
        "gcp.vertex.agent.llm_response",
        "genkit:output",
        "gen_ai.completion",
        "gen_ai.workflow.output",
        "lmnr.span.output",
        "mcp.response.value",
        "lk.response.text",
        "langfuse.trace.output",
        "response_data",
        "output",
        "outputs",
    ),
}

METADATA_PREFIXES: tuple[str, ...] = (
    semconv.METADATA_PREFIX,
    "langfuse.observation.metadata.",
    "langfuse.trace.metadata.",
    "langsmith.metadata.",
    "ai.telemetry.metadata.",
    "traceloop.association.properties.",
    "lmnr.association.properties.metadata.",
    "mlflow.traceTag.",
    "metadata.",
)
"""One attribute per key of metadata."""

CONTENT_PREFIXES: tuple[str, ...] = (
    semconv.KIND,
    semconv.TRUNCATED,
    "llm.input_messages.",
    "llm.output_messages.",
    "llm.tools.",
    "llm.prompts",
    "llm.choices",
    "llm.completions.",
    "gen_ai.prompt.",
    "gen_ai.completion.",
    "llm.request.functions.",
    "gen_ai.request.functions.",
    "gen_ai.input.messages.",
    "gen_ai.output.messages.",
    "retrieval.documents.",
    "reranker.input_documents.",
    "reranker.output_documents.",
    "embedding.embeddings.",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.retrieval.documents",
    "gen_ai.memory.records",
    "gen_ai.content.",
    "gen_ai.aggregated_usage.",
    "pydantic_ai.all_messages",
    "all_messages_events",
    "ai.prompt",
    "ai.response.",
    "ai.result.",
    "ai.embedding",
    "ai.request.headers",
    "logfire.json_schema",
    "gen_ai.serialized.",
    "model_request_parameters",
    "langsmith.metadata.LANGSMITH_",
    "langsmith.metadata.LANGCHAIN_",
    "langsmith.metadata.LS_",
)
"""What starts so is content, has a column, or is book-keeping: no filter wants it."""

TARGETS: dict[str, tuple[tuple[str, int], ...]] = {}
"""Key to the fields it may fill and its rank in each, 0 the best: `KEYS` turned around."""

for _field, _keys in KEYS.items():
    for _rank, _key in enumerate(_keys):
        TARGETS[_key] = (*TARGETS.get(_key, ()), (_field, _rank))

Picked = dict[str, Any]
"""Field to the value that won it."""

_FILTER, _METADATA, _CONTENT = 0, 1, 2
_NUMBERS = frozenset((int, float, bool))
MAX_PLANS = 2_048
"""Lists of keys whose plan is remembered: an application sends the same few again and again."""
MAX_PLANNED_KEYS = 100
"""A span with more keys than this is planned anew each time, which bounds that memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a list of keys is for: worked out once, all spans of one place in a program share it."""

    keys: tuple[str, ...]
    is_remembered: bool
    """Whether what is worked out from the plan may be remembered by it."""
    fields: frozenset[str]
    """All fields that some key may fill."""
    sole: dict[str, str]
    """Fields that one key alone may fill; read, never changed."""
    rivals: tuple[tuple[str, tuple[str, ...]], ...]
    """Fields that several keys may fill, best first."""
    others: tuple[str, ...]
    """Keys that fill no field."""
    filters: tuple[str, ...]
    """Those of them that a filter may want."""
    metadata: tuple[tuple[str, str], ...]
    """Those that are metadata, each with its bare name."""


@lru_cache(maxsize=16_384)
def _use_of(key: str) -> tuple[int, str]:
    """What an attribute that fills no field is for, and its bare name.

    Remembered, since the keys that an application sends are few and some sixty prefixes are not.
    """
    if key.startswith(CONTENT_PREFIXES):
        return _CONTENT, key
    for prefix in METADATA_PREFIXES:
        if key.startswith(prefix):
            return _METADATA, key[len(prefix) :]
    return _FILTER, key


def _new_plan(keys: tuple[str, ...]) -> Plan:
    ranked: dict[str, list[tuple[int, str]]] = {}
    others: list[str] = []
    for key in keys:
        targets = TARGETS.get(key)
        if targets is None:
            others.append(key)
            continue
        for field, rank in targets:
            ranked.setdefault(field, []).append((rank, key))
    uses = [(key, *_use_of(key)) for key in others]
    return Plan(
        keys=keys,
        is_remembered=len(keys) <= MAX_PLANNED_KEYS,
        fields=frozenset(ranked),
        sole={field: found[0][1] for field, found in ranked.items() if len(found) == 1},
        rivals=tuple(
            (field, tuple(key for _, key in sorted(found)))
            for field, found in ranked.items()
            if len(found) > 1
        ),
        others=tuple(others),
        filters=tuple(key for key, use, _ in uses if use == _FILTER),
        metadata=tuple((key, name) for key, use, name in uses if use == _METADATA),
    )


_known_plan = lru_cache(maxsize=MAX_PLANS)(_new_plan)


def pick(attributes: dict[str, Any]) -> tuple[Picked, Plan]:
    """The winning value of each field that `attributes` fill, and what their keys are for."""
    keys = tuple(attributes)
    plan = _known_plan(keys) if len(keys) <= MAX_PLANNED_KEYS else _new_plan(keys)
    is_empty = texts.is_empty
    picked = {
        field: value
        for field, key in plan.sole.items()
        if (kind := type(value := attributes[key])) in _NUMBERS
        or (kind is str and len(value) > texts.MAX_FILLER)  # Without a call: most are.
        or not is_empty(value)
    }
    for field, rivals in plan.rivals:
        for key in rivals:
            value = attributes[key]
            if not is_empty(value):
                picked[field] = value
                break
    return picked, plan
