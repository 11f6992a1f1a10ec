"""The table of runs: from what is stored to rows, which columns there are, and what was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from weave_core.app import filters
from weave_core.app.components.bundles import bundle
from weave_core.app.components.run_header import RUN_DOTS
from weave_core.app.components.value_list import value_text
from weave_core.app.feedback_words import judged_words
from weave_core.app.key_order import telling_first
from weave_core.app.state import run_url, runs_compare_url
from weave_core.flat_keys import flattened
from weave_core.model import Run
from weave_core.points import SYSTEM_PREFIX

__all__ = ["RunAction", "columns_of", "run_list", "run_rows"]

FIRST_COLUMNS: Final = 4
"""Metrics and config values in the table before the reader chose, of each."""
MAX_COLUMNS: Final = 20
"""Chosen metrics and config values together."""
MAX_OPTIONS: Final = 300
"""Metrics and config values that are offered."""
_DONE: Final = {"columns", "group", "sort", "tag", "stop", "delete", "narrow"}


@dataclass(frozen=True)
class RunAction:
    """What the reader did."""

    name: str
    ids: list[str]
    """Of runs, or of columns."""
    text: str = ""
    """The order, the tag, or the condition that the list is narrowed by."""


def run_list(rows: bytes, *, key: str) -> RunAction | None:
    """Draw the rows of `run_rows` and return what the reader did there, if anything."""
    result = bundle("run_list", "table")(key=key, data=rows, on_act_change=lambda: None)
    act = result.get("act")
    if not isinstance(act, dict) or act.get("do") not in _DONE:
        return None
    return RunAction(
        act["do"],
        list(map(str, act.get("ids") or ())),
        str(act.get("order") or act.get("tag") or act.get("filter") or ""),
    )


def columns_of(runs: Sequence[Run], chosen: str | None) -> tuple[list[str], list[str]]:
    """Ids of the columns that are shown, and of all that are offered: `m:loss`, `c:lr`.

    Args:
        runs: What is listed.
        chosen: Ids with commas between, as the address has them; None: the metrics that tell most,
            and of config values those that are not the same in all.
    """
    definitions = {key: each for run in reversed(runs) for key, each in run.metrics.items()}
    counted = _counted([dict.fromkeys(run.summary) for run in runs])
    metrics = telling_first(counted, definitions)
    configs = [dict(flattened(run.config)) for run in runs]
    settings = _counted(configs)
    offered = [*(f"m:{key}" for key in metrics), *(f"c:{key}" for key in settings)]
    if chosen is not None:
        return [each for each in chosen.split(",") if each[:2] in {"m:", "c:"}][
            :MAX_COLUMNS
        ], offered[:MAX_OPTIONS]
    told = [key for key in settings if len({str(each.get(key)) for each in configs}) > 1]
    shown_settings = (told or settings)[:FIRST_COLUMNS]
    plain = [key for key in metrics if not key.startswith(SYSTEM_PREFIX)][:FIRST_COLUMNS]
    shown = [*(f"m:{key}" for key in plain), *(f"c:{key}" for key in shown_settings)]
    return shown, offered[:MAX_OPTIONS]


def run_rows(
    project: str,
    runs: Sequence[Run],
    *,
    shown: Sequence[str],
    offered: Sequence[str],
    order_by: str,
    is_grouped: bool,
    empty: str,
) -> bytes:
    """JSON of one page of runs.

    Args:
        project: Theirs.
        runs: In their order; where they are grouped, groups stand in the order of their first.
        shown: Ids of columns.
        offered: All ids.
        order_by: The order in force.
        is_grouped: Whether runs of one group stand together.
        empty: What to say when there are none.
    """
    if is_grouped:
        places: dict[str | None, int] = {}
        for run in runs:
            places.setdefault(run.group, len(places))
        runs = sorted(runs, key=lambda run: places[run.group])
    kinds = {"m:": "metric", "c:": "config"}
    return orjson.dumps(
        {
            "rows": [_row(project, run, shown) for run in runs],
            "columns": [
                {
                    "id": each,
                    "name": f"config.{each[2:]}" if f"m:{each[2:]}" in shown[:i] else each[2:],
                    "title": f"{kinds[each[:2]]} {each[2:]}: sort by it",
                    "order": order_of(each),
                }
                for i, each in enumerate(shown)
            ],
            "options": [
                [each, each[2:], kinds[each[:2]]]
                for each in {**dict.fromkeys(shown), **dict.fromkeys(offered)}
            ],
            "order_by": order_by,
            "is_grouped": is_grouped,
            "compare_url": runs_compare_url(project, []),
            "empty": empty,
        }
    )


def order_of(column: str) -> str:
    """How a list is ordered by a column."""
    name = "metrics" if column.startswith("m:") else "config"
    quote = '"' if "'" in column else "'"
    return f"{name}[{quote}{column[2:]}{quote}]"


def _row(project: str, run: Run, shown: Sequence[str]) -> dict[str, Any]:
    config = dict(flattened(run.config)) if any(each[0] == "c" for each in shown) else {}
    values = [(run.summary if each[0] == "m" else config).get(each[2:]) for each in shown]
    return {
        "id": run.run_id,
        "name": run.name,
        "judged": judged_words(run.scores),
        "url": run_url(project, run.run_id),
        "state": run.state,
        "dot": RUN_DOTS[run.state],
        "started_ms": run.started_ns / 1e6,
        "duration_ms": run.duration_ms,
        "step": run.last_step,
        "group": run.group or "",
        "group_filter": filters.equals("group_name", run.group) if run.group else "",
        "tags": [[tag, filters.has("tags", tag)] for tag in run.tags],
        "notes": (run.notes or "")[:300],
        "cells": [None if value is None else _short(value) for value in values],
    }


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else value_text(value)[:200]


def _counted(mappings: Sequence[dict[str, Any]]) -> list[str]:
    """The keys of `mappings`, those that most have first."""
    counts: dict[str, int] = {}
    for mapping in mappings:
        for key in mapping:
            counts[key] = counts.get(key, 0) + 1
    return sorted(counts, key=lambda key: (-counts[key], key))
