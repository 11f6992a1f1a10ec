"""One span in full: messages, inputs and outputs, attributes, events, failure."""

from collections.abc import Mapping
from typing import Any

import orjson

from weave_core import semconv
from weave_core.app.clipping import clip
from weave_core.app.components.bundles import bundle
from weave_core.app.state import run_url
from weave_core.model import Span

__all__ = ["span_content", "span_detail"]


def span_detail(content: bytes, *, key: str) -> None:
    """Draw what `span_content` gave."""
    bundle("span_detail", "markdown", "json_tree", "chat")(key=key, data=content)


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
    content["judged"] = clip(_judged(span)).value
    content["run_url"] = run_url(span.project, span.run_id) if span.run_id else None
    return orjson.dumps(content)


def _judged(span: Span) -> dict[str, Any]:
    """What each scorer of an evaluation said of it in full: failures, and what stands behind."""
    try:
        example = orjson.loads(span.attributes[semconv.EVALUATION_EXAMPLE])
        return {str(name): dict(score) for name, score in example["scores"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}  # Of no evaluation, or of another program's making.
