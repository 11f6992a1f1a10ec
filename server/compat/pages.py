"""Parts of lists as clients turn their pages."""

from typing import Any

__all__ = ["page_info", "read_place"]


def page_info(end: str | None, *, has_next: bool) -> dict[str, Any]:
    """Where a page ends."""
    return {"__typename": "PageInfo", "endCursor": end, "hasNextPage": has_next}


def read_place(cursor: object) -> int:
    """How many items lie before the page that is asked for."""
    text = str(cursor or "")
    return int(text) if text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004  # A billion.
