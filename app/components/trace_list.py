"""The table of traces: from summaries to rows, and what the reader did there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.app.feedback_words import judged_words
from weave_core.app.formats import money, usage_words
from weave_core.app.state import add_rows_url, annotate_url, compare_url, trace_url, traces_url
from weave_core.model import TraceSummary

__all__ = ["COLUMNS", "DEFAULT_COLUMNS", "SORTABLE", "ListAction", "list_rows", "trace_list"]

SORTABLE: Final = ("started_ns", "duration_ms", "span_count", "total_tokens", "cost_usd")
"""Fields that a click on a column's head orders by."""

COLUMNS: Final[dict[str, str]] = {
    "io": "Input and output",
    "started": "Started",
    "latency": "Latency",
    "spans": "Spans",
    "tokens": "Tokens",
    "cost": "Cost",
    "model": "Model",
    "service": "Service",
    "scores": "Feedback",
    "who": "User, session, tags",
}
"""What the table can show beside state and name, in its order; the script draws by these ids."""
DEFAULT_COLUMNS: Final = tuple(name for name in COLUMNS if name != "service")

_SHOWN: Final = {
    "trace_id",
    "name",
    "kind",
    "status",
    "duration_ms",
    "span_count",
    "error_count",
    "input_preview",
    "output_preview",
    "usage",
    "models",
    "service_name",
    "session_id",
    "user_id",
    "tags",
    "is_complete",
}


@dataclass(frozen=True)
class ListAction:
    """What the reader did: at most one of these is set."""

    order_by: str | None = None
    """New order of the list."""
    only: tuple[str, str] | None = None
    """Field and value to filter by."""


def trace_list(rows: bytes, *, key: str) -> ListAction | None:
    """Draw the rows of `list_rows` and return what the reader did there, if anything."""
    result = bundle("trace_list", "table")(key=key, data=rows, on_act_change=lambda: None)
    return _action(result.get("act"))


def list_rows(  # What a table can be told.
    project: str,
    traces: Sequence[TraceSummary],
    *,
    view: str,
    order_by: str,
    empty: str,
    columns: Sequence[str] = DEFAULT_COLUMNS,
    compare_with: str | None = None,
) -> bytes:
    """JSON of one page of `traces` for the table.

    Args:
        project: Whose traces.
        traces: In the order to show.
        view: Names what is listed; rows that appear while it stays the same are marked as new.
        order_by: The order in force, for the column heads.
        empty: What to say when there are no rows.
        columns: Which of `COLUMNS`; what a narrow window has no room for is left out there.
        compare_with: Id of a trace that the rows are offered for comparison with; they lead there,
            and there is nothing to sort or mark.
    """
    rows = [_row(project, trace, compare_with) for trace in traces]
    is_plain = compare_with is not None
    shown = set(columns)
    if not any(trace.scores for trace in traces):
        shown.discard("scores")  # Not worth its place.
    page = {
        "rows": rows,
        "view": view,
        "order_by": order_by,
        "sortable": () if is_plain else SORTABLE,
        "can_compare": not is_plain,
        "columns": [name for name in COLUMNS if name in shown],
        "label": "Traces",
        "empty": empty,
        "base": traces_url(project=project) + "&filter=",
        "compare": "./compare?" + urlencode({"project": project}),
        "add_rows": add_rows_url(project),
        "annotate": annotate_url(project),
    }
    return orjson.dumps(page)


def _row(project: str, trace: TraceSummary, compare_with: str | None) -> dict[str, Any]:
    url = trace_url(project, trace.trace_id)
    if compare_with is not None:
        url = compare_url(project, compare_with, trace.trace_id)
    return trace.model_dump(mode="json", include=_SHOWN) | {
        "url": url,
        "started_ms": trace.started_ns / 1e6,
        "tokens_title": usage_words(trace.usage),
        "cost": money(trace.cost_usd),
        "cost_title": cost_words(trace),
        "judged": judged_words(trace.scores),
    }


def cost_words(trace: TraceSummary) -> str:
    """Why a cost is missing or what it sums up, for a tooltip."""
    if trace.cost_usd is not None:
        return f"{trace.model_call_count} model calls"
    if trace.model_call_count:
        return "Not known: a model without a price, or a call without token counts"
    return ""


def _action(given: Any) -> ListAction | None:
    """Only what the table can have sent; anything else is dropped."""
    if not isinstance(given, dict):
        return None
    if isinstance(given.get("sort"), str) and given["sort"].removeprefix("-") in SORTABLE:
        return ListAction(order_by=given["sort"])
    match given.get("filter"):
        case [str(field), str(value)] if field in {"user_id", "session_id"}:
            return ListAction(only=(field, value))
    return None
