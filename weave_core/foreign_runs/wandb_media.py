"""What W&B has kept that is no number: its records of media, with the files beside the log.

Source: `to_json` of the classes in wandb 0.31's `sdk/data_types`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from weave_core.flat_keys import MAX_DEPTH
from weave_core.foreign_runs.records import ForeignMedium
from weave_core.foreign_runs.wandb_boxes import boxes_of, labels_of

__all__ = [
    "FindFile",
    "MediaFile",
    "files_in",
    "is_series",
    "media_in",
    "media_of",
    "media_told",
    "nested",
]


class MediaFile(Protocol):
    """A file of a run, here or on a server."""

    @property
    def name(self) -> str:
        """The last part of its path."""

    def read_bytes(self) -> bytes:
        """All of it."""


FindFile = Callable[[str], MediaFile]
"""Gives a run's file by its path; raises ValueError where there is none."""

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
    values: dict[str, Any], find: FindFile, tell: Callable[[str, str], object]
) -> Iterator[tuple[str, list[ForeignMedium]]]:
    """Take the media out of what was logged at a step; gives each with its whole key.

    Args:
        values: Loses them.
        find: Gives the file that a record names.
        tell: Hears of what can't be kept.
    """
    for key, told in media_told(values):
        found = media_of(key, told, find, tell)
        if found:
            yield key, found


def media_told(
    values: dict[str, Any], prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Take the records of media out of what was logged at a step; gives each with its whole key."""
    for key, value in list(values.items()):
        if not isinstance(value, dict):
            continue
        if "_type" in value:
            del values[key]
            yield f"{prefix}{key}", value
        elif depth < MAX_DEPTH:
            yield from media_told(value, f"{prefix}{key}.", depth + 1)
            if not value:
                del values[key]


def is_series(value: Any) -> bool:
    """Whether it is a list of several numbers, as a short array is logged."""
    is_list = isinstance(value, list) and len(value) > 1
    return is_list and all(type(each) in (int, float) for each in value)


def media_of(
    key: str, told: Mapping[str, Any], find: FindFile, tell: Callable[[str, str], object]
) -> list[ForeignMedium]:
    """The media of a record; `tell` hears why there are none."""
    try:
        found = list(_media(told, find))
    except (KeyError, TypeError, ValueError, OSError, AttributeError, IndexError) as error:
        tell(key, f"a {told['_type']} of W&B's can't be read: {error}")
        return []
    if any(map(_is_scene, found)):
        tell(key, "of a scene the points are kept, no boxes and vectors")
        found = [ForeignMedium("object3d", each.data["points"]) for each in found]
    if not found:
        tell(key, f"a {told['_type']} of W&B's is left out")
    return found


def files_in(folder: Path) -> FindFile:
    """The files that records name, which lie within the folder of their run."""

    def find(name: str) -> Path:
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise ValueError(f"its file {name} is not beside the log")
        return path

    return find


def _media(told: Mapping[str, Any], find: FindFile) -> Iterator[ForeignMedium]:
    kind = told["_type"]
    options = {"caption": told["caption"]} if told.get("caption") else {}
    if kind in _FILES:
        yield ForeignMedium(_FILES[kind], find(str(told["path"])), options)
    elif kind == "histogram":
        yield _histogram(told)
    elif kind == "image-file":
        yield _image(told, find, told.get("boxes"), told.get("masks"))
    elif kind == "images/separated":
        yield from _images(told, find)
    elif kind == "table-file":
        table = json.loads(find(str(told["path"])).read_bytes())
        yield ForeignMedium("table", table["data"], {"columns": table["columns"]})
    elif kind == "object3D-file":
        yield _body(find(str(told["path"])))
    elif kind in _LISTS:
        for each in told[_LISTS[kind]][:MAX_LISTED]:
            yield from _media(each, find)


def _bytes(told: Mapping[str, Any], find: FindFile) -> bytes:
    return find(str(told["path"])).read_bytes()


def _is_scene(body: ForeignMedium) -> bool:
    """Points with boxes and arrows, instead of points alone."""
    return body.kind == "object3d" and isinstance(body.data, dict) and "points" in body.data


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
    find: FindFile,
    boxes: Mapping[str, Any] | None,
    masks: Mapping[str, Any] | None,
) -> ForeignMedium:
    options: dict[str, Any] = {"caption": told.get("caption")}
    size = float(told.get("width") or 1), float(told.get("height") or 1)
    groups = {name: json.loads(_bytes(each, find)) for name, each in (boxes or {}).items()}
    found = [box for name, group in groups.items() for box in boxes_of(name, group, size)]
    if found:
        options |= {"boxes": found, "labels": labels_of(groups.values())}
    if masks:
        # A picture of classes as ours are.
        options["masks"] = {name: _bytes(each, find) for name, each in masks.items()}
    return ForeignMedium("image", find(str(told["path"])), options)


def _images(told: Mapping[str, Any], find: FindFile) -> Iterator[ForeignMedium]:
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
        yield _image(own, find, own["boxes"], own["masks"])


def _body(path: MediaFile) -> ForeignMedium:
    if path.name.endswith(".pts.json"):
        cloud = json.loads(path.read_bytes())
        return ForeignMedium("object3d", cloud)
    return ForeignMedium("object3d", path)
