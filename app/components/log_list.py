"""The table of log records: from records to rows, each with its span."""

from collections.abc import Sequence
from typing import Any

import orjson

from weave_core.app.clipping import clip
from weave_core.app.components.bundles import bundle
from weave_core.app.state import logs_url, trace_url
from weave_core.model import LogRecord

__all__ = ["level_of", "log_list", "log_rows"]

_LEVELS = ((17, "error"), (13, "warn"), (9, "info"), (1, "debug"))
_MAX_LINE = 400
_MAX_TEXT = 20_000


def log_list(rows: bytes, *, key: str) -> None:
    """Draw the rows of `log_rows`."""
    bundle("log_list", "json_tree", "table")(key=key, data=rows)


def log_rows(project: str, records: Sequence[LogRecord], *, empty: str) -> bytes:
    """JSON of one page of `records`; `empty` is what to say when there are none."""
    seen: dict[int, int] = {}
    rows = []
    for record in records:
        # Records have no id of their own; several of one moment are told apart by their order.
        seen[record.time_ns] = number = seen.get(record.time_ns, 0) + 1
        rows.append(_row(project, record) | {"id": f"{record.time_ns}-{number}"})
    return orjson.dumps({"rows": rows, "empty": empty})


def level_of(severity_number: int) -> str:
    """`debug`, `info`, `warn` or `error`; empty where the sender gave none."""
    return next((name for least, name in _LEVELS if severity_number >= least), "")


def _row(project: str, record: LogRecord) -> dict[str, Any]:
    full = record.model_dump(mode="json", include={"body", "attributes", "resource"})
    shown: dict[str, Any] = clip(full, max_text=_MAX_TEXT).value
    return shown | {
        "ms": record.time_ns / 1e6,
        "level": level_of(record.severity_number),
        "severity": record.severity[:12],
        "event": record.event_name and record.event_name[:80],
        "line": _line(record.body),
        "service": str(record.resource.get("service.name") or "")[:80],
        "scope": record.scope and record.scope.name,
        "trace_id": record.trace_id,
        "span_id": record.span_id,
        "url": record.trace_id and trace_url(project, record.trace_id, record.span_id),
        "trace_logs": record.trace_id and logs_url(project, record.trace_id),
        "span_logs": record.trace_id and logs_url(project, record.trace_id, record.span_id),
    }


def _line(body: Any) -> str:
    """The beginning of a body in one line."""
    if body is None:
        return ""
    text = body if isinstance(body, str) else orjson.dumps(body, default=str).decode()
    return " ".join(text[: 2 * _MAX_LINE].split())[:_MAX_LINE]
