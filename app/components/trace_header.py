"""The head of a trace's page: name, state, sums, and links to its neighbours."""

import orjson

from weave_core.app import filters
from weave_core.app.components.bundles import bundle
from weave_core.app.components.trace_list import cost_words
from weave_core.app.formats import money, usage_words
from weave_core.app.state import compare_url, logs_url, session_url, traces_url
from weave_core.model import TraceSummary

__all__ = ["header_content", "trace_header"]


def trace_header(content: bytes, *, key: str) -> None:
    """Draw what `header_content` gave."""
    bundle("trace_header", "page_head")(key=key, data=content)


def header_content(trace: TraceSummary, *, back: str) -> bytes:
    """JSON of `trace` for the header; `back` is the address of the list it was opened from."""
    of_user = trace.user_id and filters.equals("user_id", trace.user_id)
    content = trace.model_dump(mode="json", exclude={"input_preview", "output_preview"}) | {
        "back": back,
        "compare": compare_url(trace.project, trace.trace_id),
        "logs": logs_url(trace.project, trace.trace_id),
        "session": trace.session_id and session_url(trace.project, trace.session_id),
        "of_user": of_user and traces_url(project=trace.project, filter=of_user),
        "started_ms": trace.started_ns / 1e6,
        "tokens_title": usage_words(trace.usage),
        "cost": money(trace.cost_usd),
        "cost_title": cost_words(trace),
    }
    return orjson.dumps(content)
