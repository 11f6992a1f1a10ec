"""Values that cross a layer: what the server writes as JSON and the client reads back.

Frozen pydantic models and nothing else: no I/O, no rows, no drawing.  The names and meanings
are those of the HTTP API; unknown fields of a newer server are ignored.
"""

from weave_core.model.blobs import BlobInfo
from weave_core.model.breakdowns import Distribution, EvaluationBreakdown, SliceSummary
from weave_core.model.classifications import (
    Average,
    Classification,
    ClassScores,
    Confusion,
    LabelScores,
)
from weave_core.model.estimates import Comparison, Estimate
from weave_core.model.evaluations import (
    EvaluatedItem,
    EvaluationComparison,
    EvaluationReport,
    EvaluationSummary,
    FlakyItem,
    FlippedItem,
    Gate,
    GateClause,
    ItemError,
    ItemScore,
    ScorerSummary,
    SliceComparison,
    StoredEvaluation,
    Subject,
    Verdict,
)
from weave_core.model.logs import LogRecord
from weave_core.model.messages import Message, Messages, Part
from weave_core.model.metrics import MetricBucket, MetricPage, MetricPoint, MetricSummary
from weave_core.model.objects import NewAlias, NewObject, NewTags, ObjectVersion, StoredObject
from weave_core.model.pages import ErrorBody, ErrorDetail, Health, Page
from weave_core.model.projects import Project, ProjectSettings
from weave_core.model.spans import (
    KINDS,
    OTEL_KINDS,
    Cost,
    Document,
    Dropped,
    Kind,
    OpRef,
    Otel,
    OtelKind,
    Scope,
    Span,
    SpanError,
    SpanEvent,
    SpanLink,
    SpanScore,
    Status,
    ToolDefinition,
    ToolUse,
    Usage,
)
from weave_core.model.sql import SqlColumn, SqlResult, SqlTable, SqlTables
from weave_core.model.stats import Facets, FacetValue, Latency, SessionSummary, Stats
from weave_core.model.trace_lists import TraceChanges, TraceSums
from weave_core.model.traces import DeletedTraces, Trace, TraceSummary
from weave_core.model.transfers import ImportReport, WrongLine
from weave_core.model.trees import SpanColumns, TraceTree
from weave_core.model.views import NewView, SavedView

__all__ = [
    "KINDS",
    "OTEL_KINDS",
    "Average",
    "BlobInfo",
    "ClassScores",
    "Classification",
    "Comparison",
    "Confusion",
    "Cost",
    "DeletedTraces",
    "Distribution",
    "Document",
    "Dropped",
    "ErrorBody",
    "ErrorDetail",
    "Estimate",
    "EvaluatedItem",
    "EvaluationBreakdown",
    "EvaluationComparison",
    "EvaluationReport",
    "EvaluationSummary",
    "FacetValue",
    "Facets",
    "FlakyItem",
    "FlippedItem",
    "Gate",
    "GateClause",
    "Health",
    "ImportReport",
    "ItemError",
    "ItemScore",
    "Kind",
    "LabelScores",
    "Latency",
    "LogRecord",
    "Message",
    "Messages",
    "MetricBucket",
    "MetricPage",
    "MetricPoint",
    "MetricSummary",
    "NewAlias",
    "NewObject",
    "NewTags",
    "NewView",
    "ObjectVersion",
    "OpRef",
    "Otel",
    "OtelKind",
    "Page",
    "Part",
    "Project",
    "ProjectSettings",
    "SavedView",
    "Scope",
    "ScorerSummary",
    "SessionSummary",
    "SliceComparison",
    "SliceSummary",
    "Span",
    "SpanColumns",
    "SpanError",
    "SpanEvent",
    "SpanLink",
    "SpanScore",
    "SqlColumn",
    "SqlResult",
    "SqlTable",
    "SqlTables",
    "Stats",
    "Status",
    "StoredEvaluation",
    "StoredObject",
    "Subject",
    "ToolDefinition",
    "ToolUse",
    "Trace",
    "TraceChanges",
    "TraceSummary",
    "TraceSums",
    "TraceTree",
    "Usage",
    "Verdict",
    "WrongLine",
]
