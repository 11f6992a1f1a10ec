"""One span in full: messages, inputs and outputs, attributes, events, failure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from weave_core.app.clipping import clip
from weave_core.app.components.bundles import bundle
from weave_core.model import Span

__all__ = ["SpanTarget", "span_content", "span_detail"]


@dataclass(frozen=True)
class SpanTarget:
    """Where a link inside the detail leads."""

    trace_id: str
    span_id: str


def span_detail(content: bytes, *, key: str) -> SpanTarget | None:
    """Draw what `span_content` gave and return the span whose link was followed, if any."""
    mount = bundle("span_detail", "markdown", "json_tree", "chat")
    result = mount(key=key, data=content, on_go_change=lambda: None)
    target: Any = result.get("go")
    if not isinstance(target, dict):
        return None
    return SpanTarget(str(target.get("trace")), str(target.get("span")))


def span_content(
    span: Span,
    *,
    media: Mapping[str, Mapping[str, str]] | None = None,
    code: str | None = None,
) -> bytes:
    """JSON of `span` for the screen, cut to what a browser can show.

    Args:
        span: With its payload.
        media: What `weave_core.app.media.shown_media` fetched for it.
        code: What `weave_core.app.media.shown_code` did.
    """
    clipped = clip(span.model_dump(mode="json"))
    content = {"span": clipped.value, "cut": clipped.cuts, "media": media or {}, "code": code}
    return orjson.dumps(content)
