"""A summary as wandb tells it, as values by their whole keys."""

from typing import Any

from weave_core.flat_keys import flattened
from weave_core.foreign_runs.wandb_media import media_told

__all__ = ["summary_values"]

_MADE = frozenset({"min", "max", "mean", "best", "last", "first"})


def summary_values(told: dict[str, Any]) -> dict[str, Any]:
    """What stands for each key; media and what wandb keeps for itself are left out.

    So is what `define_metric` made, such as `{"max": 0.9}`: the points say it under the key itself.

    Args:
        told: Nested; media are taken out of it.
    """
    for _ in media_told(told):
        pass
    kept = {
        key: value for key, value in told.items() if not key.startswith("_") and not _is_made(value)
    }
    return {key: value for key, value in flattened(kept) if not isinstance(value, dict | list)}


def _is_made(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and _MADE.issuperset(value)
