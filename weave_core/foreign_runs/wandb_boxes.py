"""Boxes on a picture as W&B has them, as boxes of ours."""

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["boxes_of", "labels_of"]


def labels_of(told: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Names of classes, of all groups together."""
    return {
        int(number): str(name)
        for each in told
        for number, name in (each.get("class_labels") or {}).items()
    }


def boxes_of(
    group: str, told: Mapping[str, Any], size: tuple[float, float]
) -> Iterable[dict[str, Any]]:
    """The boxes of a group, in pixels.

    Args:
        group: Its name.
        told: With `box_data` and `class_labels`.
        size: Width and height of the picture.
    """
    names = labels_of([told])
    for box in told.get("box_data") or ():
        place = box["position"]
        if "minX" in place:
            corners = [place["minX"], place["minY"], place["maxX"], place["maxY"]]
        else:
            (x, y), half = place["middle"], (place["width"] / 2, place["height"] / 2)
            corners = [x - half[0], y - half[1], x + half[0], y + half[1]]
        if box.get("domain") != "pixel":  # Parts of the picture.
            corners = [part * size[i % 2] for i, part in enumerate(corners)]
        scores = list((box.get("scores") or {}).values())
        label = box.get("box_caption") or names.get(box.get("class_id", -1))
        kept: dict[str, Any] = {"box": corners, "label": label, "group": group}
        yield kept | ({"score": scores[0]} if scores else {})
