"""The head of a conversation's page: what it took, and the ways from here."""

import orjson

from weave_core.app import filters, formats
from weave_core.app.components.bundles import bundle
from weave_core.app.state import sessions_url, traces_url
from weave_core.model import TraceSums

__all__ = ["session_content", "session_header"]


def session_header(content: bytes, *, key: str) -> None:
    """Draw what `session_content` gave."""
    bundle("session_header", "page_head")(key=key, data=content)


def session_content(project: str, session_id: str, sums: TraceSums, *, back: str | None) -> bytes:
    """JSON of a session; `back` is the address of the list it was opened from."""
    total = sums.tokens.total_tokens if sums.tokens else None
    facts = [
        ("Turns", f"{sums.count:,}"),
        ("Failed", f"{sums.error_count:,}" if sums.error_count else ""),
        ("Median latency", formats.duration(sums.latency_ms.p50)),
        ("p95", formats.duration(sums.latency_ms.p95)),
        ("Tokens", formats.count(total)),
        ("Cost", formats.money(sums.cost_usd)),
    ]
    return orjson.dumps(
        {
            "session_id": session_id,
            "back": back or sessions_url(project),
            "traces": traces_url(project=project, filter=filters.equals("session_id", session_id)),
            "facts": facts,
        }
    )
