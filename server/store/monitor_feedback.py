"""What monitors say is feedback on the span: shown beside it, and asked for by every filter.

An error is no feedback, since it says nothing of the span; it is in the list of the monitor.
"""

import hashlib
import re
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert

from weave_core.model.feedback import MAX_FEEDBACK_LABEL, MAX_FEEDBACK_NAME, MAX_FEEDBACK_TEXT
from weave_core.server.store.feedback_tables import FeedbackRow
from weave_core.server.store.tables import table_of

__all__ = ["author_of", "replace_feedback", "take_back"]

_FEEDBACK = table_of(FeedbackRow)
_NOT_A_NAME = re.compile(r'[\x00-\x1f\x7f"\\]')


def author_of(monitor: str) -> str:
    """Who a monitor's feedback is of."""
    return f"monitor {monitor}"


def replace_feedback(
    connection: Connection,
    item: Row[Any],
    monitor: str,
    said: Mapping[str, Mapping[str, Any]],
    judges: Collection[str],
) -> None:
    """Let what is said of a span now stand for what the monitor said of it before.

    Args:
        connection: In a transaction.
        item: The monitor's row of the span.
        monitor: Its name.
        said: Scores by name.
        judges: Names of those that a model gave.
    """
    now = time.time_ns()
    author = author_of(monitor)
    of_span = (
        _FEEDBACK.c.project_id == item.project_id,
        _FEEDBACK.c.trace_id == item.trace_id,
        _FEEDBACK.c.span_id == item.span_id,
        _FEEDBACK.c.author == author,
    )
    connection.execute(delete(_FEEDBACK).where(*of_span))
    rows = {}
    for name, score in said.items():
        if score.get("error_type") is not None:
            continue
        shown = _NOT_A_NAME.sub(" ", name).strip()[:MAX_FEEDBACK_NAME] or monitor
        rows[shown] = {
            "project_id": item.project_id,
            "feedback_id": _id_of(item, author, shown),
            "trace_id": item.trace_id,
            "span_id": item.span_id,
            "name": shown,
            "value": score.get("value"),
            "label": (score.get("label") or None) and str(score["label"])[:MAX_FEEDBACK_LABEL],
            "text": (score.get("reason") or None) and str(score["reason"])[:MAX_FEEDBACK_TEXT],
            "source": "llm" if name.partition(".")[0] in judges else "code",
            "author": author,
            "created_ns": now,
            "updated_ns": now,
        }
    if rows:
        connection.execute(insert(_FEEDBACK), list(rows.values()))


def take_back(
    connection: Connection, *, project_id: int, monitor: str, trace_ids: Sequence[bytes]
) -> None:
    """Delete what a monitor said of spans of these traces."""
    its = (_FEEDBACK.c.project_id == project_id, _FEEDBACK.c.author == author_of(monitor))
    connection.execute(delete(_FEEDBACK).where(*its, _FEEDBACK.c.trace_id.in_(trace_ids)))


def _id_of(item: Row[Any], author: str, name: str) -> str:
    """The same for the same score of the same span: it can't be there twice."""
    text = f"{author}\0{item.trace_id.hex()}\0{item.span_id.hex()}\0{name}"
    return f"monitor-{hashlib.sha256(text.encode()).hexdigest()[:32]}"
