"""Values made small enough to send to a browser: long texts and long lists are cut, with a mark.

The whole value stays in the server and in the download; this is only what a screen can use.
"""

from typing import Any

__all__ = ["Clipped", "clip"]

MAX_TEXT = 100_000
"""Characters kept of one text where there is room."""
MAX_TOTAL = 3_000_000
"""Characters kept of all texts of one value together."""
MAX_ITEMS = 2_000
"""Items kept of one list or mapping."""
MAX_DEPTH = 40
"""Levels kept; the deepest that a reader opens by hand is far less."""
_LEFT_MIN = 200


class Clipped:
    """A value that was cut, and how often.

    Args:
        value: What stays.
        cuts: Number of places where something was left out.
    """

    def __init__(self, value: Any, cuts: int) -> None:
        self.value = value
        self.cuts = cuts


def clip(value: Any, *, max_text: int = MAX_TEXT, max_total: int = MAX_TOTAL) -> Clipped:
    """`value` (any JSON) within the bounds above.

    Pictures in `data` fields of messages are kept whole or left out whole, since a part of one is
    of no use.
    """
    cutter = _Cutter(max_text, max_total)
    return Clipped(cutter.cut(value, 0), cutter.cuts)


class _Cutter:
    def __init__(self, max_text: int, max_total: int) -> None:
        self._max_text = max_text
        self._left = max_total
        self.cuts = 0

    def cut(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
            return str(value)  # A browser's numbers would change its last digits.
        if isinstance(value, dict | list) and depth >= MAX_DEPTH:
            self.cuts += 1
            return "… (nested too deeply to be shown here)"
        if isinstance(value, dict):
            return self._mapping(value, depth)
        if isinstance(value, list):
            kept = [self.cut(item, depth + 1) for item in value[:MAX_ITEMS]]
            return kept + self._rest(len(value))
        return value

    def _mapping(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        if value.get("type") == "blob" and isinstance(value.get("data"), str):
            return self._blob(value, depth)
        items = list(value.items())[:MAX_ITEMS]
        kept = {self._text(key): self.cut(item, depth + 1) for key, item in items}
        rest = self._rest(len(value))
        return kept | {"…": rest[0]} if rest else kept

    def _blob(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        others = {key: self.cut(item, depth + 1) for key, item in value.items() if key != "data"}
        if len(value["data"]) <= self._left:
            self._left -= len(value["data"])
            return others | {"data": value["data"]}
        self.cuts += 1
        return others | {"data": None, "note": f"{len(value['data'])} characters left out"}

    def _text(self, text: str) -> str:
        room = min(self._max_text, max(_LEFT_MIN, self._left))
        if len(text) <= room:
            self._left -= len(text)
            return text
        self._left -= room
        self.cuts += 1
        return f"{text[:room]}… (cut here: {len(text)} characters in all)"

    def _rest(self, length: int) -> list[str]:
        if length <= MAX_ITEMS:
            return []
        self.cuts += 1
        return [f"… {length - MAX_ITEMS} more"]
