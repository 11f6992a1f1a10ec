"""What wandb's `define_metric` said, as our definitions of metrics.

Source: field numbers of `MetricRecord` in `wandb_internal.proto`, wandb 0.31.
"""

from collections.abc import Collection
from typing import Any

__all__ = ["definition_of_options"]

_SUMMARIES = {1: "min", 2: "max", 3: "mean", 4: "best", 5: "last", 6: "none", 8: "first"}
_GOALS = {1: "minimize", 2: "maximize"}


def definition_of_options(
    step_metric: str | None, summaries: Collection[int], goal: object
) -> dict[str, Any]:
    """A definition as `MetricDefinition` has it.

    Args:
        step_metric: The key that is the x-axis.
        summaries: Numbers of the summaries that were asked for.
        goal: The number of the goal.
    """
    definition: dict[str, Any] = {"step_metric": step_metric or None}
    kinds = [kind for number, kind in _SUMMARIES.items() if number in summaries]
    if kinds:
        definition["summary"] = kinds[0]
    definition["goal"] = _GOALS.get(goal) if isinstance(goal, int) else None
    if definition.get("summary") == "best" and definition["goal"] is None:
        definition["goal"] = "minimize"  # As W&B reads it.
    return definition
