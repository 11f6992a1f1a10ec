"""Parts of lists as clients turn their pages."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["page_info", "page_of", "read_place"]

_PAGE = 50


def page_info(end: str | None, *, has_next: bool) -> dict[str, Any]:
    """Where a page ends."""
    return {"__typename": "PageInfo", "endCursor": end, "hasNextPage": has_next}


def read_place(cursor: object) -> int:
    """How many items lie before the page that is asked for."""
    text = str(cursor or "")
    return int(text) if text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004  # A billion.


def page_of(
    items: Sequence[Any],
    told: Mapping[str, Any],
    node_of: Callable[[Any], Any],
    *,
    most: int,
    edge_of: Callable[[Any], Mapping[str, Any]] = lambda _: {},
) -> dict[str, Any]:
    """A page of a list that is here.

    Args:
        items: All of it.
        told: `first`, `after`.
        node_of: Makes what is told of an item.
        most: Items of a page, whatever is asked for.
        edge_of: What is said of an item beside.
    """
    begin = read_place(told.get("after"))
    shown = items[begin : begin + max(1, min(int(told.get("first") or _PAGE), most))]
    end = begin + len(shown)
    return {
        "totalCount": len(items),
        "edges": [
            {"node": node_of(each), "cursor": str(begin + number + 1), **edge_of(each)}
            for number, each in enumerate(shown)
        ],
        "pageInfo": page_info(str(end), has_next=end < len(items)),
    }
