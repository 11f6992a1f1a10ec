"""Any JSON value as a tree to open, search by eye and copy."""

from typing import Any

import orjson

from weave_core.app.clipping import clip
from weave_core.app.components.bundles import bundle

__all__ = ["json_value"]


def json_value(title: str, value: Any, *, key: str, source: str | None = None) -> None:
    """Draw `value`, cut to what a browser can show.

    Args:
        title: What it is.
        value: Any JSON.
        key: Of the component.
        source: Address of the trace that it came from, if it did.
    """
    clipped = clip(value)
    data = {"title": title, "value": clipped.value, "cut": clipped.cuts, "source": source}
    bundle("json_value", "json_tree")(key=key, data=orjson.dumps(data))
