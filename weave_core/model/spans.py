"""One span as every reader sees it, whichever convention its sender spoke.

Times are nanoseconds since the Unix epoch, UTC; durations are milliseconds; money is USD; ids are
lowercase hex.  What is unknown is None, never 0.
"""

from typing import Any, Literal, get_args

from pydantic import Field

from weave_core.kinds import KINDS, Kind
from weave_core.model.messages import Messages
from weave_core.model.scores import SpanScore
from weave_core.model.values import Value

__all__ = [
    "KINDS",
    "OTEL_KINDS",
    "Cost",
    "Document",
    "Dropped",
    "Kind",
    "OpRef",
    "Otel",
    "OtelKind",
    "Scope",
    "Span",
    "SpanError",
    "SpanEvent",
    "SpanLink",
    "Status",
    "ToolDefinition",
    "ToolUse",
    "Usage",
]

OtelKind = Literal["unspecified", "internal", "server", "client", "producer", "consumer"]
OTEL_KINDS: tuple[OtelKind, ...] = get_args(OtelKind)
"""In the order of OTLP's numbers."""

Status = Literal["ok", "error", "unset", "pending"]
"""`pending`: the span has begun and not ended."""


class Usage(Value):
    """Tokens; sub-counts are parts of the two sums, never beside them."""

    input_tokens: int | None = None
    """With cached ones."""
    output_tokens: int | None = None
    """With reasoning."""
    total_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


class Cost(Value):
    """What a model call cost, in USD."""

    input_usd: float | None = None
    output_usd: float | None = None
    total_usd: float | None = None
    source: Literal["given", "computed"]
    """`given` by the sender, or `computed` here from usage and price list."""


class SpanError(Value):
    """Why a span failed."""

    type: str | None = None
    message: str | None = None
    stack: str | None = None


class OpRef(Value):
    """The `@op` that was called."""

    name: str
    version: str | None = None


class ToolDefinition(Value):
    """A tool that a model was offered."""

    name: str | None = None
    description: str | None = None
    parameters: Any = None


class ToolUse(Value):
    """The call that a tool span carried out."""

    name: str | None = None
    call_id: str | None = None
    arguments: Any = None
    result: Any = None


class Document(Value):
    """A document that a retriever or reranker gave back."""

    id: str | None = None
    content: Any = None
    score: float | None = None
    metadata: dict[str, Any] = {}


class SpanEvent(Value):
    """Something that happened at one moment of the span."""

    name: str
    time_ns: int
    attributes: dict[str, Any] = {}
    dropped_attributes: int = 0


class SpanLink(Value):
    """A pointer to a span elsewhere."""

    trace_id: str
    span_id: str
    attributes: dict[str, Any] = {}
    trace_state: str = ""
    flags: int = 0
    dropped_attributes: int = 0


class Scope(Value):
    """The instrumentation that made the span."""

    name: str = ""
    version: str = ""


class Otel(Value):
    """What OpenTelemetry has for a span beside all that has a name of its own here."""

    kind: OtelKind = "unspecified"
    """Who calls whom; it does not decide what the span means."""
    flags: int = 0
    """W3C's trace flags in the low byte; 0x100 and 0x200: whether the parent is remote."""
    trace_state: str = ""
    scope_attributes: dict[str, Any] = {}
    scope_schema_url: str = ""
    dropped_of_scope: int = 0
    """Attributes of the scope that the sender threw away; of the resource likewise."""
    resource_schema_url: str = ""
    dropped_of_resource: int = 0
    entities: list[dict[str, Any]] = []
    """What the resource is, as `EntityRef`s of OTLP/JSON."""


class Dropped(Value):
    """How much the sender threw away before sending."""

    attributes: int = 0
    events: int = 0
    links: int = 0


class Span(Value):
    """One span.

    Lists leave the payload empty: the fields from `inputs` on, and `params`, `is_stream`,
    `finish_reasons`, `metadata` and `error.stack`.
    """

    project: str
    trace_id: str
    span_id: str
    parent_span_id: str | None = None
    name: str
    display_name: str
    kind: Kind
    status: Status
    status_message: str | None = None
    error: SpanError | None = None
    started_ns: int
    ended_ns: int | None = None
    """None while pending."""
    duration_ms: float | None = None
    is_duplicate: bool = False
    """The same model call was reported by another span too; totals count that one."""
    service_name: str | None = None
    environment: str | None = None
    provider: str | None = None
    model: str | None = None
    """As requested."""
    response_model: str | None = None
    response_id: str | None = None
    params: dict[str, Any] = {}
    is_stream: bool | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    time_to_first_token_ms: float | None = None
    finish_reasons: list[str] = []
    agent_name: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    tags: list[str] = []
    metadata: dict[str, Any] = {}
    run_id: str | None = None
    op: OpRef | None = None
    input_preview: str | None = None
    """The first 200 characters of what went in."""
    output_preview: str | None = None

    inputs: Any = None
    outputs: Any = None
    messages: Messages | None = None
    tools: list[ToolDefinition] = []
    tool: ToolUse | None = None
    documents: list[Document] = []
    embedding_inputs: list[str] = []
    scores: list[SpanScore] = []
    attributes: dict[str, Any] = {}
    """Everything that was sent, types kept."""
    events: list[SpanEvent] = []
    links: list[SpanLink] = []
    resource: dict[str, Any] = {}
    scope: Scope = Field(default_factory=Scope)
    dropped: Dropped = Field(default_factory=Dropped)
    otel: Otel | None = None
    sources: dict[str, str] = {}
    """Field to the attribute it was read from, for support."""
