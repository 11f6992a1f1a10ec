"""A session as a conversation: from turns to what is drawn."""

from collections.abc import Sequence
from typing import Any

import orjson

from weave_core.app.clipping import clip
from weave_core.app.components.bundles import bundle
from weave_core.app.components.trace_list import cost_words
from weave_core.app.formats import money, usage_words
from weave_core.app.state import trace_url
from weave_core.app.turns import Turn

__all__ = ["conversation", "conversation_turns"]

_MAX_TEXT = 20_000
"""Characters of one message; the trace has the rest."""


def conversation(content: bytes, *, key: str) -> None:
    """Draw what `conversation_turns` gave."""
    bundle("conversation", "markdown", "json_tree", "chat")(key=key, data=content)


def conversation_turns(project: str, turns: Sequence[Turn], *, first_number: int) -> bytes:
    """JSON of `turns`, the first of which is the conversation's `first_number`-th."""
    rows = [_turn(project, number, turn) for number, turn in enumerate(turns, start=first_number)]
    return orjson.dumps({"turns": rows})


def _turn(project: str, number: int, turn: Turn) -> dict[str, Any]:
    trace = turn.trace
    said = {
        "asked": [message.model_dump(mode="json", exclude_none=True) for message in turn.asked],
        "answered": [
            message.model_dump(mode="json", exclude_none=True) for message in turn.answered
        ],
    }
    clipped = clip(said, max_text=_MAX_TEXT)
    shown: dict[str, Any] = clipped.value
    return shown | {
        "number": number,
        "cut": clipped.cuts,
        "trace_id": trace.trace_id,
        "url": trace_url(project, trace.trace_id),
        "name": trace.name,
        "kind": trace.kind,
        "status": trace.status,
        "is_complete": trace.is_complete,
        "error_count": trace.error_count,
        "started_ms": trace.started_ns / 1e6,
        "duration_ms": trace.duration_ms,
        "tokens": trace.usage.total_tokens if trace.usage else None,
        "tokens_title": usage_words(trace.usage),
        "cost": money(trace.cost_usd),
        "cost_title": cost_words(trace),
        "models": trace.models,
    }
