"""The table of sessions: from summaries to rows that lead to their conversations."""

from collections.abc import Sequence
from typing import Any

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.app.feedback_words import judged_words
from weave_core.app.formats import money
from weave_core.app.state import session_url
from weave_core.model import SessionSummary

__all__ = ["session_list", "session_rows"]


def session_list(rows: bytes, *, key: str) -> None:
    """Draw the rows of `session_rows`."""
    bundle("session_list", "table")(key=key, data=rows)


def session_rows(project: str, sessions: Sequence[SessionSummary], *, empty: str) -> bytes:
    """JSON of one page of `sessions`; `empty` is what to say when there are none."""
    return orjson.dumps({"rows": [_row(project, each) for each in sessions], "empty": empty})


def _row(project: str, session: SessionSummary) -> dict[str, Any]:
    return {
        "session_id": session.session_id,
        "user_id": session.user_id,
        "asked": session.input_preview,
        "trace_count": session.trace_count,
        "error_count": session.error_count,
        "last_ms": session.last_ns / 1e6,
        "lasted_ms": max(0.0, (session.last_ns - session.first_ns) / 1e6),
        "tokens": session.tokens.total_tokens if session.tokens else None,
        "cost": money(session.cost_usd),
        "judged": judged_words(session.scores),
        "url": session_url(project, session.session_id),
    }
