"""What lies in blobs and records of media, whoever makes them: boxes, clouds of points, tables."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import orjson

from weave_core.errors import ConfigError
from weave_core.jsonable import to_jsonable

__all__ = [
    "MAX_TABLE_BYTES",
    "MAX_TABLE_ROWS",
    "box_record",
    "cloud_facts",
    "cloud_json",
    "table_json",
]

MAX_BOXES = 1_000
"""Boxes kept of one image."""
MAX_CLOUD_POINTS = 300_000
"""Points of a cloud that are kept, evenly chosen of more."""
MAX_TABLE_ROWS = 200_000
"""Rows kept of one logged table; how many there were is told."""
MAX_TABLE_BYTES = 32 * 1024 * 1024
"""Bytes of its JSON, likewise; the first rows are kept."""
_SPATIAL = (3, 4, 6)


def box_record(given: Mapping[str, Any]) -> dict[str, Any]:
    """A box of an image as records have it.

    Raises:
        ConfigError: If it is none.
    """
    try:
        corners = [float(place) for place in given["box"]]
        score = given.get("score")
        told = {"label": given.get("label"), "group": given.get("group")}
        named = {name: str(value) for name, value in told.items() if value is not None}
        scored = {} if score is None else {"score": float(score)}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"a box of an image is {str(given)[:200]}",
            "give {'box': (left, top, right, bottom), 'label': 'cat', 'score': 0.9}",
        ) from error
    if len(corners) != 4:  # noqa: PLR2004
        raise ConfigError(f"a box of an image has {len(corners)} numbers", "give four, in pixels")
    return {"box": corners, **named, **scored}


def cloud_facts(points: Any) -> tuple[dict[str, Any], Any]:
    """What a record says of a cloud of points, and those that are kept.

    Raises:
        ConfigError: If it is none.
    """
    shape = tuple(getattr(points, "shape", ())) or (len(points), len(points[0]))
    if len(shape) != 2 or shape[1] not in _SPATIAL:  # noqa: PLR2004
        raise ConfigError(f"a cloud of the shape {shape}", "give points x 3, 4 or 6")
    stride = -(-shape[0] // MAX_CLOUD_POINTS)
    kept = points[::stride] if stride > 1 else points
    return {"format": "points", "points": int(shape[0]), "width": int(shape[1])}, kept


def cloud_json(points: Any) -> bytes:
    """Points of a cloud as the app draws them."""
    rows = points.tolist() if hasattr(points, "tolist") else points
    return orjson.dumps([[round(float(value), 5) for value in row] for row in rows])


def table_json(columns: Sequence[str], rows: Iterable[Sequence[Any]], total: int) -> bytes:
    """A table: `columns`, `data` and, where rows are missing, `total`."""
    # Put together at once: a list of what orjson gives was 15 times as large as its bytes.
    text = bytearray(orjson.dumps({"columns": columns, "total": total})[:-1] + b',"data":[')
    begin = len(text)
    for row in islice(rows, MAX_TABLE_ROWS):
        piece = _row(row)
        if len(text) - begin + len(piece) + 1 > MAX_TABLE_BYTES:
            break
        text += piece
        text += b","
    if text.endswith(b","):
        text.pop()
    return bytes(text + b"]}")


def _is_nan(cell: Any) -> bool:
    return isinstance(cell, float) and math.isnan(cell)


def _row(row: Sequence[Any]) -> bytes:
    try:
        return orjson.dumps(list(row), option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:  # A cell of a kind of its own, or half a surrogate pair.
        told = [None if _is_nan(cell) else to_jsonable(cell) for cell in row]
        try:
            return orjson.dumps(told)
        except TypeError:
            return orjson.dumps([str(cell).encode("utf-8", "replace").decode() for cell in told])
