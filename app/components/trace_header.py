"""The head of a trace's page: name, state, sums, and links to its neighbours."""

from dataclasses import dataclass
from typing import Any

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.app.components.trace_list import cost_words
from weave_core.app.formats import money, usage_words
from weave_core.app.state import compare_url, logs_url, session_url, traces_url
from weave_core.model import TraceSummary

__all__ = ["HeaderAction", "header_content", "trace_header"]


@dataclass(frozen=True)
class HeaderAction:
    """Where the reader wants to go."""

    only: tuple[str, str] | None = None
    """To the list, filtered by field and value; None: to the list as it was."""
    compare: bool = False
    """To the choice of a trace to put beside this one."""
    logs: bool = False
    """To its log records."""
    session: str | None = None
    """To the conversation that it is a turn of."""


def trace_header(content: bytes, *, key: str) -> HeaderAction | None:
    """Draw what `header_content` gave and return where the reader wants to go, if anywhere."""
    result = bundle("trace_header")(key=key, data=content, on_go_change=lambda: None)
    given: Any = result.get("go")
    if not isinstance(given, dict):
        return None
    if given.get("compare") is True:
        return HeaderAction(compare=True)
    if given.get("logs") is True:
        return HeaderAction(logs=True)
    if isinstance(given.get("session"), str):
        return HeaderAction(session=given["session"])
    match given.get("filter"):
        case [str(field), str(value)] if field == "user_id":
            return HeaderAction(only=(field, value))
    return HeaderAction()


def header_content(trace: TraceSummary) -> bytes:
    """JSON of `trace` for the header."""
    content = trace.model_dump(mode="json", exclude={"input_preview", "output_preview"}) | {
        "back": traces_url(project=trace.project),
        "logs": logs_url(trace.project, trace.trace_id),
        "session": trace.session_id and session_url(trace.project, trace.session_id),
        "compare": compare_url(trace.project, trace.trace_id),
        "base": traces_url(project=trace.project) + "&filter=",
        "started_ms": trace.started_ns / 1e6,
        "tokens_title": usage_words(trace.usage),
        "cost": money(trace.cost_usd),
        "cost_title": cost_words(trace),
    }
    return orjson.dumps(content)
