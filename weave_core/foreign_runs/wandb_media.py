"""What W&B has kept that is no number: its records of media, with the files beside the log.

Source: `to_json` of the classes in wandb 0.31's `sdk/data_types`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from weave_core.foreign_runs.records import ForeignMedium
from weave_core.foreign_runs.wandb_boxes import boxes_of, labels_of

__all__ = ["media_in", "nested"]

MAX_LISTED = 100
"""Media of one list that are taken; a run of ours keeps no more at a step."""
_FILES = {
    "audio-file": "audio",
    "video-file": "video",
    "html-file": "html",
    "molecule-file": "molecule",
    "plotly-file": "plotly",
}
_LISTS = {"audio": "audio", "videos": "videos", "html": "html", "object3D": "objects"}


def nested(
    items: Iterable[tuple[list[str], Any]], into: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Keys from the outside in, and values, as mappings of mappings."""
    found = {} if into is None else into
    for keys, value in items:
        within = found
        for key in keys[:-1]:
            inner = within.setdefault(key, {})
            within = inner if isinstance(inner, dict) else within
        within[keys[-1]] = value
    return found


def media_in(
    values: dict[str, Any], files: Path, tell: Callable[[str, str], object], prefix: str = ""
) -> Iterator[tuple[str, list[ForeignMedium]]]:
    """Take the media out of what was logged at a step; gives each with its whole key.

    Args:
        values: Loses them.
        files: The folder of the run's files.
        tell: Hears of what can't be kept.
        prefix: Of the keys.
    """
    for key, value in list(values.items()):
        if not isinstance(value, dict):
            continue
        if "_type" not in value:
            yield from media_in(value, files, tell, f"{prefix}{key}.")
            if not value:
                del values[key]
            continue
        del values[key]
        try:
            found = list(_media(value, files))
        except (KeyError, TypeError, ValueError, OSError) as error:
            tell(f"{prefix}{key}", f"a {value['_type']} of W&B's can't be read: {error}")
            continue
        if found:
            yield f"{prefix}{key}", found
        else:
            tell(f"{prefix}{key}", f"a {value['_type']} of W&B's is left out")


def _media(told: Mapping[str, Any], files: Path) -> Iterator[ForeignMedium]:
    kind = told["_type"]
    options = {"caption": told["caption"]} if told.get("caption") else {}
    if kind in _FILES:
        yield ForeignMedium(_FILES[kind], _file(told, files), options)
    elif kind == "histogram":
        yield _histogram(told)
    elif kind == "image-file":
        yield _image(told, files, told.get("boxes"), told.get("masks"))
    elif kind == "images/separated":
        yield from _images(told, files)
    elif kind == "table-file":
        table = json.loads(_file(told, files).read_bytes())
        yield ForeignMedium("table", table["data"], {"columns": table["columns"]})
    elif kind == "object3D-file":
        yield _body(_file(told, files))
    elif kind in _LISTS:
        for each in told[_LISTS[kind]][:MAX_LISTED]:
            yield from _media(each, files)


def _file(told: Mapping[str, Any], files: Path) -> Path:
    """The file that a record names, which lies within the folder of its run."""
    path = files / str(told["path"])
    if not path.resolve().is_relative_to(files.resolve()) or not path.is_file():
        raise ValueError(f"its file {told['path']} is not beside the log")
    return path


def _histogram(told: Mapping[str, Any]) -> ForeignMedium:
    edges = told.get("bins")
    if edges is None:
        packed = told["packedBins"]
        edges = [packed["min"] + packed["size"] * place for place in range(packed["count"] + 1)]
    options = {"counts": told["values"], "edges": edges}
    if not all(one <= other for one, other in pairwise(edges)):
        raise ValueError("its bins do not follow each other")
    return ForeignMedium("histogram", None, options)


def _image(
    told: Mapping[str, Any],
    files: Path,
    boxes: Mapping[str, Any] | None,
    masks: Mapping[str, Any] | None,
) -> ForeignMedium:
    options: dict[str, Any] = {"caption": told.get("caption")}
    size = float(told.get("width") or 1), float(told.get("height") or 1)
    groups = {
        name: json.loads(_file(each, files).read_bytes()) for name, each in (boxes or {}).items()
    }
    found = [box for name, group in groups.items() for box in boxes_of(name, group, size)]
    if found:
        options |= {"boxes": found, "labels": labels_of(groups.values())}
    if masks:
        # A picture of classes as ours are.
        options["masks"] = {name: _file(each, files).read_bytes() for name, each in masks.items()}
    return ForeignMedium("image", _file(told, files), options)


def _images(told: Mapping[str, Any], files: Path) -> Iterator[ForeignMedium]:
    """A list of pictures, whose facts W&B tells in lists of their own."""
    for place, name in enumerate(told["filenames"][:MAX_LISTED]):
        own: dict[str, Any] = {"path": name, "width": told["width"], "height": told["height"]}
        for source, target in (
            ("captions", "caption"),
            ("all_boxes", "boxes"),
            ("all_masks", "masks"),
        ):
            listed = told.get(source)
            own[target] = (
                listed[place] if isinstance(listed, list) and place < len(listed) else None
            )
        yield _image(own, files, own["boxes"], own["masks"])


def _body(path: Path) -> ForeignMedium:
    if path.name.endswith(".pts.json"):
        cloud = json.loads(path.read_bytes())
        return ForeignMedium("object3d", cloud)
    return ForeignMedium("object3d", path)
