"""Names and values to search and copy: a config, a summary."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.flat_keys import flattened

__all__ = ["differing", "value_list", "value_text"]

MAX_VALUES: Final = 5_000
"""Names of one list on a page."""
_MAX_TEXT: Final = 2_000
_MAX_WHOLE: Final = 1e15


def value_list(label: str, values: Mapping[str, Any], *, empty: str, key: str) -> None:
    """Draw `values`, nested ones under names with dots."""
    flat = list(flattened(dict(values)))
    rows = [[name[:_MAX_TEXT], value_text(value)] for name, value in flat[:MAX_VALUES]]
    text = orjson.dumps(dict(values), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()
    data = {"label": label, "rows": rows, "json": text, "empty": empty, "total": len(flat)}
    bundle("value_list")(key=key, data=orjson.dumps(data))


def value_text(value: Any) -> str:
    """A value in a line, cut to what a cell can hold."""
    if isinstance(value, str):
        return value[:_MAX_TEXT]
    if isinstance(value, float):
        # A count that was logged as a float is no power of ten.
        return f"{value:.0f}" if value.is_integer() and abs(value) < _MAX_WHOLE else f"{value:.7g}"
    return orjson.dumps(value, default=str).decode()[:_MAX_TEXT]


def differing(values: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names whose values are not the same in all of `values`, in order."""
    flats = [dict(flattened(dict(each))) for each in values]
    names = dict.fromkeys(name for flat in flats for name in flat)
    missing = object()
    return sorted(
        name
        for name in names
        if any(flat.get(name, missing) != flats[0].get(name, missing) for flat in flats[1:])
    )
