"""wandb's charts of tables, which name a spec of W&B's and the columns that are its fields.

Source: `wandb.plot` of wandb 0.31; a run keeps them in its config under `_wandb.visualize`.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["TABLE_ENDING", "chart_of", "charts_told"]

TABLE_ENDING = "_table"
"""What the key of a chart's table ends with."""
_SPECS: dict[str, tuple[str, dict[str, str]]] = {
    "wandb/line/v0": ("line", {"x": "x", "y": "y", "color": "stroke"}),
    "wandb/lineseries/v0": ("line", {"x": "step", "y": "lineVal", "color": "lineKey"}),
    "wandb/area-under-curve/v0": ("line", {"x": "x", "y": "y", "color": "class"}),
    "wandb/scatter/v0": ("scatter", {"x": "x", "y": "y"}),
    "wandb/bar/v0": ("bar", {"x": "label", "y": "value"}),
    "wandb/histogram/v0": ("histogram", {"x": "value"}),
    "wandb/confusion_matrix/v1": (
        "matrix",
        {"x": "Predicted", "y": "Actual", "value": "nPredictions"},
    ),
}
"""Specs that are drawn here: the kind, and which of their fields is what."""


def chart_of(
    spec: str, fields: Mapping[str, Any], texts: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Arguments of `Table.with_chart`; None where the spec is one of W&B's that is not drawn here.

    Args:
        spec: Its name, such as `wandb/line/v0`.
        fields: Columns by the spec's fields.
        texts: Texts by the spec's fields.
    """
    if spec not in _SPECS:
        return None
    kind, names = _SPECS[spec]
    told = {ours: fields.get(field) for ours, field in names.items()}
    told |= {"title": texts.get("title") or fields.get("title")}
    told |= {"x_title": texts.get("x-axis-title") or texts.get("xname")}
    told |= {"y_title": texts.get("y-axis-title")}
    return {"kind": kind, **{key: str(value) for key, value in told.items() if value}}


def charts_told(visualize: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The charts of a run, by the keys that they were logged under.

    Args:
        visualize: What its config says under `_wandb.visualize`.
    """
    found = {}
    for key, told in visualize.items():
        panel = told.get("panel_config") if isinstance(told, Mapping) else None
        if not isinstance(panel, Mapping):
            continue
        fields, texts = panel.get("fieldSettings") or {}, panel.get("stringSettings") or {}
        chart = chart_of(str(panel.get("panelDefId")), fields, texts)
        if chart is not None and "x" in chart:
            found[str(key)] = chart
    return found
