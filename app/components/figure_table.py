"""A table of figures: cells as the component takes them, and the row that was picked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.model import Estimate

__all__ = ["Cell", "Row", "bar", "figure_table", "table_rows", "verdict_cell"]

Cell = str | dict[str, Any] | None
"""A text, or a mapping with `text` and `title`, `dim` or `bad`, or with `ago`, a moment in ms since
the epoch; or what `bar` gives."""


@dataclass(frozen=True)
class Row:
    """One row."""

    cells: Sequence[Cell]
    url: str | None = None
    """Where a click leads."""
    pick: str | None = None
    """What a click says to the page, where it leads nowhere."""
    is_on: bool = False
    id: str | None = field(default=None)


def figure_table(rows: bytes, *, key: str) -> str | None:
    """Draw the rows of `table_rows`; what was picked, if anything."""
    result = bundle("figure_table", "table", "interval")(
        key=key, data=rows, on_pick_change=lambda: None
    )
    picked = result.get("pick")
    return picked if isinstance(picked, str) else None


def table_rows(
    label: str,
    columns: Sequence[tuple[str, str, str]],
    rows: Sequence[Row],
    *,
    empty: str = "",
    is_sortable: bool = False,
) -> bytes:
    """JSON of a table.

    Args:
        label: What it is, for who does not see it.
        columns: Name, width as CSS grids have it, and class of the cells, such as `.num`.
        rows: One cell a column.
        empty: What to say when there are none.
        is_sortable: Whether a click on a head puts the rows in its order: all of them are there.
    """
    return orjson.dumps(
        {
            "label": label,
            "tracks": " ".join(width for _, width, _ in columns),
            "columns": [[name, spec] for name, _, spec in columns],
            "rows": [
                {
                    "cells": row.cells,
                    "url": row.url,
                    "id": row.id,
                    "is_on": row.is_on,
                    **({} if row.pick is None else {"pick": row.pick}),
                }
                for row in rows
            ],
            "empty": empty,
            "is_sortable": is_sortable,
        }
    )


def bar(
    value: Estimate,
    scale: tuple[float, float],
    *,
    mark: float | None = None,
    verdict: str | None = None,
) -> Cell:
    """An interval, drawn.

    Args:
        value: The number.
        scale: The ends of the bar.
        mark: A place of reference on it.
        verdict: `better`, `worse` or `same`, for its colour.
    """
    drawn: dict[str, Any] = {
        "value": value.value,
        "low": value.low,
        "high": value.high,
        "scale": scale,
    }
    if mark is not None:
        drawn["mark"] = mark
    if verdict is not None:
        drawn["verdict"] = verdict
    return {"bar": drawn}


def verdict_cell(name: str, text: str) -> Cell:
    """A verdict as a chip of its colour."""
    return {"verdict": name, "text": text}
