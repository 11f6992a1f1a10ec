"""Runs by what they were started with and what came of it: a scatter and parallel coordinates."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.app.components.value_list import differing, value_text
from weave_core.app.key_order import telling_first
from weave_core.app.state import run_url
from weave_core.flat_keys import flattened
from weave_core.model import Run

__all__ = ["relation_data", "run_relations"]

MAX_RELATIONS: Final = 300
"""Config values and metrics that a scatter of runs can have along an axis."""
EMPTY = "These runs have no metric and no config value in which they differ."


def run_relations(data: bytes, *, key: str) -> None:
    """Draw what `relation_data` gave."""
    bundle("run_relations", "scales")(key=key, data=data)


def relation_data(runs: Sequence[Run]) -> bytes:
    """JSON of `runs` for the drawing: config values in which they differ, and all metrics."""
    settings = differing([run.config for run in runs])
    values: dict[str, set[float]] = {}
    for run in runs:
        for key, value in run.summary.items():
            if _is_number(value):
                values.setdefault(key, set()).add(value)
    # The first of each are drawn first: what is the same in all tells nothing, and texts are
    # better told apart by colour than along an axis.
    metrics = sorted(telling_first(sorted(values)), key=lambda key: len(values[key]) == 1)
    configs = [dict(flattened(run.config)) for run in runs]
    is_text = {
        name: not all(_is_number(each.get(name, 0)) for each in configs) for name in settings
    }
    settings.sort(key=lambda name: is_text[name])
    axes = [
        *({"id": f"c:{name}", "name": name, "is_metric": False} for name in settings),
        *({"id": f"m:{name}", "name": name, "is_metric": True} for name in metrics),
    ][:MAX_RELATIONS]
    wanted = {each["id"] for each in axes}
    return orjson.dumps(
        {
            "axes": axes,
            "runs": [
                {
                    "id": run.run_id,
                    "name": run.name,
                    "url": run_url(run.project, run.run_id),
                    "values": {k: v for k, v in _values(run).items() if k in wanted},
                }
                for run in runs
            ],
            "empty": EMPTY,
        }
    )


def _values(run: Run) -> dict[str, float | str]:
    config = {
        f"c:{name}": value if _is_number(value) else value_text(value)
        for name, value in flattened(run.config)
    }
    return config | {f"m:{key}": value for key, value in run.summary.items() if _is_number(value)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
