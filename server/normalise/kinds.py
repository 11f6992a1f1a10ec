"""What a span means, from the many words senders have for it.

OTel's SpanKind, span names, agent names, sessions and tags never decide.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from weave_core import semconv
from weave_core.model import KINDS
from weave_core.server.normalise.precedence import MAX_PLANS, Plan

__all__ = ["COUNTED_KINDS", "kind_of"]

COUNTED_KINDS = frozenset({"llm", "embedding", "reranker"})
"""Only these feed sums of tokens and cost: what other kinds report is their children's."""

_MAX_WORD = 64
_OURS: dict[str, str] = {kind: kind for kind in KINDS}
_LANGFUSE = {
    "generation": "llm",
    "embedding": "embedding",
    "agent": "agent",
    "tool": "tool",
    "chain": "chain",
    "retriever": "retriever",
    "guardrail": "guardrail",
    "evaluator": "evaluator",
}
_LANGSMITH = {
    "llm": "llm",
    "chain": "chain",
    "tool": "tool",
    "retriever": "retriever",
    "embedding": "embedding",
    "prompt": "prompt",
    "parser": "chain",
}
_OPENINFERENCE = {
    "LLM": "llm",
    "EMBEDDING": "embedding",
    "CHAIN": "chain",
    "RETRIEVER": "retriever",
    "RERANKER": "reranker",
    "TOOL": "tool",
    "AGENT": "agent",
    "GUARDRAIL": "guardrail",
    "EVALUATOR": "evaluator",
    "PROMPT": "prompt",
}
_MLFLOW = _OPENINFERENCE | {
    "CHAT_MODEL": "llm",
    "PARSER": "chain",
    "WORKFLOW": "workflow",
    "TASK": "task",
    "MEMORY": "task",
}
_TRACELOOP = {"workflow": "workflow", "agent": "agent", "tool": "tool"}
_STEPS = frozenset((None, "agent", "workflow", "chain", "task"))
"""Operations beside which Traceloop's word `task` counts: it calls retrievers so as well."""
_GENAI = {
    "chat": "llm",
    "generate_content": "llm",
    "text_completion": "llm",
    "completion": "llm",
    "generate": "llm",
    "response": "llm",
    "responses": "llm",
    "message": "llm",
    "llm_request": "llm",
    # Re-reads an earlier reply: its usage is that one's and must not count again.
    "fetch_response": "span",
    "embeddings": "embedding",
    "embedding": "embedding",
    "embed": "embedding",
    "retrieval": "retriever",
    "vector_db_retrieve": "retriever",
    "search_memory": "retriever",
    "rerank": "reranker",
    "execute_tool": "tool",
    "create_agent": "agent",
    "invoke_agent": "agent",
    "agent_step": "agent",
    "invoke_workflow": "workflow",
    "plan": "task",
    "execute_task": "task",
    "create_memory": "task",
    "update_memory": "task",
    "upsert_memory": "task",
    "delete_memory": "task",
    "create_memory_store": "task",
    "delete_memory_store": "task",
    "chain": "chain",
}
_GENKIT = {
    "model": "llm",
    "background-model": "llm",
    "embedder": "embedding",
    "retriever": "retriever",
    "reranker": "reranker",
    "indexer": "task",
    "tool": "tool",
    "tool.v2": "tool",
    "evaluator": "evaluator",
    "flow": "workflow",
    "prompt": "prompt",
}
_LAMINAR = {"LLM": "llm", "TOOL": "tool", "EVALUATOR": "evaluator", "CACHED": "llm"}
_AGENTOPS = {
    "session": "workflow",
    "workflow": "workflow",
    "agent": "agent",
    "task": "task",
    "operation": "task",
    "tool": "tool",
    "llm": "llm",
    "chain": "chain",
    "guardrail": "guardrail",
}
_LANGWATCH = {
    "llm": "llm",
    "chain": "chain",
    "component": "chain",
    "tool": "tool",
    "agent": "agent",
    "rag": "retriever",
    "guardrail": "guardrail",
    "evaluation": "evaluator",
    "workflow": "workflow",
    "task": "task",
    "prompt": "prompt",
}
_AG2 = {"usage": "span"}
"""What a call used, told once more beside it."""
_CLAUDE_CODE = {
    "claude_code.interaction": "agent",
    "claude_code.llm_request": "llm",
    "claude_code.tool": "tool",
}
_REQUEST_TYPE = {
    "chat": "llm",
    "completion": "llm",
    "embedding": "embedding",
    "rerank": "reranker",
}
_MCP = {
    "tools/call": "tool",
    "resources/read": "retriever",
    "resources/list": "retriever",
    "resources/templates/list": "retriever",
    "sampling/createMessage": "llm",
}

_MISTRAL = {
    "embeddings_v1_embeddings_post": "embedding",
    "chat_completion_v1_chat_completions_post": "llm",
    "stream_chat": "llm",
    "fim_completion_v1_fim_completions_post": "llm",
    "stream_fim": "llm",
    "agents_completion_v1_agents_completions_post": "llm",
    "stream_agents": "llm",
}
"""Operations of Mistral's own client."""

_BY_KEY: tuple[tuple[str, dict[str, str]], ...] = (
    (semconv.KIND, _OURS),
    ("langfuse.observation.type", _LANGFUSE),
    ("langsmith.span.kind", _LANGSMITH),
    ("openinference.span.kind", _OPENINFERENCE),
    ("mlflow.spanType", _MLFLOW),
    ("traceloop.span.kind", _TRACELOOP),
)
_BY_OPERATION = ((semconv.GEN_AI_OPERATION_NAME, _GENAI),)
_BY_KEY_LATER: tuple[tuple[str, dict[str, str]], ...] = (
    ("genkit:metadata:subtype", _GENKIT),
    # Of Future AGI, and of Alibaba's instrumentations.
    ("gen_ai.span.kind", _MLFLOW),
    ("fi.span.kind", _MLFLOW),
    ("agentops.span.kind", _AGENTOPS),
    ("langwatch.span.type", _LANGWATCH),
    ("ag2.span.type", _AG2),
    ("lmnr.span.type", _LAMINAR),
    ("span.type", _CLAUDE_CODE),
    ("llm.request.type", _REQUEST_TYPE),
    ("gen_ai.request.type", _REQUEST_TYPE),
    ("mistral_ai.operation.id", _MISTRAL),
    ("mcp.method.name", _MCP),
)
_WORD_KEYS = frozenset(
    (
        *(key for key, _ in (*_BY_KEY, *_BY_OPERATION, *_BY_KEY_LATER)),
        *("ai.operationId", "operation.name"),
    )
)
_VECTOR_STORES = frozenset(
    ("chroma", "pinecone", "qdrant", "weaviate", "milvus", "lancedb", "marqo", "pgvector")
)
_SEARCHES = frozenset(("query", "search", "hybrid_search", "near_text", "near_vector", "peek"))
_RUN_KEYS = ("pydantic_ai.all_messages", "all_messages_events")
"""A whole run of an agent (Pydantic AI; before its version 3 nothing else said so)."""
_TOOL_KEYS = (semconv.GEN_AI_TOOL_NAME, semconv.GEN_AI_TOOL_CALL_ID, "ai.toolCall.name")
_CONTENT_PREFIXES: tuple[tuple[str, str], ...] = (
    (semconv.GEN_AI_RETRIEVAL_DOCUMENTS, "retriever"),
    ("retrieval.documents.", "retriever"),
    ("db.vector.", "retriever"),
    (semconv.GEN_AI_EMBEDDINGS_DIMENSION_COUNT, "embedding"),
    ("embedding.", "embedding"),
)
_TELLING = tuple(prefix for prefix, _ in _CONTENT_PREFIXES)
_MODEL_KEYS = (
    semconv.GEN_AI_REQUEST_MODEL,
    semconv.GEN_AI_RESPONSE_MODEL,
    "llm.model_name",
    "llm.request.model_name",
    "llm.response.model_name",
    "mlflow.llm.model",
    "langfuse.observation.model.name",
)
_CALL_PREFIXES = (
    "gen_ai.usage.",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.prompt",
    "gen_ai.completion",
    "gen_ai.response.",
    "llm.token_count.",
    "llm.input_messages.",
    "llm.output_messages.",
    "langfuse.observation.usage_details",
    "mlflow.chat.tokenUsage",
)


def kind_of(attributes: dict[str, Any], plan: Plan, scope_name: str) -> str:
    """One of `weave_core.model.KINDS`; `span` when nothing tells.

    Args:
        attributes: Of the span.
        plan: Of their keys.
        scope_name: Of who made the span.
    """
    signs = _known_signs(plan) if plan.is_remembered else _new_signs(plan)
    return (
        (signs.has_word and _said(attributes)) or _present(attributes, signs, scope_name) or "span"
    )


def _said(attributes: dict[str, Any]) -> str | None:
    """By a word for it."""
    return (
        _mapped(attributes, _BY_KEY)
        or _step(attributes)
        or _mapped(attributes, _BY_OPERATION)
        or _vercel(attributes)
        or _mapped(attributes, _BY_KEY_LATER)
    )


def _mapped(
    attributes: dict[str, Any], sources: tuple[tuple[str, dict[str, str]], ...]
) -> str | None:
    for key, words in sources:
        word = attributes.get(key)
        if type(word) is str and (kind := words.get(word) or _respelled(word, words)):
            return kind
    return None


def _step(attributes: dict[str, Any]) -> str | None:
    """A step of a framework, unless its operation is a thing of its own."""
    if attributes.get("traceloop.span.kind") != "task":
        return None
    return "task" if _mapped(attributes, _BY_OPERATION) in _STEPS else None


def _respelled(word: str, words: dict[str, str]) -> str | None:
    """The same word in quotes (MLflow writes JSON), in another case, or as a member of an enum."""
    bare = word.strip('" ').rpartition(".")[2] if len(word) <= _MAX_WORD else ""
    return words.get(bare) or words.get(bare.upper()) or words.get(bare.lower())


def _vercel(attributes: dict[str, Any]) -> str | None:
    operation = attributes.get("ai.operationId") or attributes.get("operation.name")
    if type(operation) is not str or not operation.startswith("ai."):
        return None
    operation = operation.partition(" ")[0]
    if operation.endswith((".doGenerate", ".doStream")):
        return "llm"
    if operation.endswith(".doEmbed"):
        return "embedding"
    return "tool" if operation == "ai.toolCall" else "chain"


class _Signs(NamedTuple):
    """What the keys of a span tell, whatever their values are."""

    has_word: bool
    is_tool: bool
    is_run: bool
    has_model: bool
    content_kind: str | None
    has_call: bool


def _new_signs(plan: Plan) -> _Signs:
    known = frozenset(plan.keys)
    telling = next((key for key in plan.keys if key.startswith(_TELLING)), None)
    return _Signs(
        has_word=not known.isdisjoint(_WORD_KEYS),
        is_tool=not known.isdisjoint(_TOOL_KEYS),
        is_run=not known.isdisjoint(_RUN_KEYS),
        has_model=not known.isdisjoint(_MODEL_KEYS),
        content_kind=None
        if telling is None
        else next(kind for prefix, kind in _CONTENT_PREFIXES if telling.startswith(prefix)),
        has_call=any(key.startswith(_CALL_PREFIXES) for key in plan.keys),
    )


_known_signs = lru_cache(maxsize=MAX_PLANS)(_new_signs)


def _present(attributes: dict[str, Any], signs: _Signs, scope_name: str) -> str | None:
    """By what a span has, when no key names its kind."""
    if signs.is_tool:
        return "tool"
    if signs.is_run:
        return "agent"
    if "request_data" in attributes and scope_name.startswith("logfire."):
        return _logfire(attributes["request_data"])
    store, asked = attributes.get("db.system"), attributes.get("db.operation")
    if type(store) is type(asked) is str and store in _VECTOR_STORES and asked in _SEARCHES:
        return "retriever"
    if signs.has_model and scope_name == "com.anthropic.sdk.python":
        return "llm"
    if signs.content_kind is not None:
        return signs.content_kind
    return "llm" if signs.has_model and signs.has_call else None


def _logfire(request: Any) -> str:
    """By what was asked for: it names no operation before its version 5."""
    is_embedding = (
        type(request) is str
        and '"input":' in request
        and '"messages":' not in request
        and '"instructions":' not in request
    )
    return "embedding" if is_embedding else "llm"
