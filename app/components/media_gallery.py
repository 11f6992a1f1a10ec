"""Media of runs at a step, as cards: what was logged, with the bytes that a page can hold."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.media_types import HEAD_BYTES, media_type_of
from weave_core.model import LoggedMedia

__all__ = ["GALLERY_KINDS", "gallery_content", "media_gallery"]

MAX_GALLERY_ITEMS: Final = 80
"""Images, sounds and the like on a page of media."""
MAX_GALLERY_BYTES: Final = 24 * 1024 * 1024
"""Bytes of all of them; further ones are only counted."""
GALLERY_KINDS: Final = (
    *("image", "video", "audio", "object3d", "histogram", "markdown", "html"),
    *("molecule", "file"),
)
"""Those that are cards, in their order; tables and plotly's figures are drawn by Streamlit."""
_TEXTS: Final = frozenset(("html", "markdown"))
_FORMAT: Final = re.compile(r"[a-z0-9]{1,8}")
_BODIES: Final = frozenset(("object3d", "molecule"))
_MAX_TEXT: Final = 400_000

Fetch = Callable[[str], bytes | None]
"""Gives the bytes of a digest; None where they are not there or too many."""


def media_gallery(content: bytes, *, key: str) -> str | None:
    """Draw what `gallery_content` gave; the step that the reader wants: a number, or `last`."""
    parts = ("markdown", "json_tree", "chat", "cloud", "bodies", "histogram_map")
    result = bundle("media_gallery", *parts)(key=key, data=content, on_step_change=lambda: None)
    asked = result.get("step")
    return asked if isinstance(asked, str) and (asked == "last" or asked.isdigit()) else None


def gallery_content(
    logged: Sequence[LoggedMedia],
    histograms: Mapping[str, Sequence[LoggedMedia]],
    *,
    step: int,
    steps: Sequence[int],
    fetch: Fetch,
    names: Mapping[str, str] | None = None,
) -> bytes:
    """JSON of a gallery.

    Args:
        logged: What there is at the step.
        histograms: By key, those of many steps.
        step: Which step is looked at.
        steps: All that have media.
        fetch: Gives bytes.
        names: Of runs by id, where there are several.
    """
    room = _Room(fetch)
    sections: dict[str, dict[str, Any]] = {}
    for each in logged:
        if each.kind not in GALLERY_KINDS or each.key in histograms:
            continue
        section = sections.setdefault(each.key, {"key": each.key, "kind": each.kind, "items": []})
        for item in each.items:
            told = room.shown(item)
            if told is not None:
                owner = (names or {}).get(each.run_id, "")
                told |= {"owner": owner, "rank": each.rank, "step": each.step}
                section["items"].append(told)
    for key, entries in histograms.items():
        sections[key] = {"key": key, "kind": "histogram", "histograms": _by_owner(entries, names)}
    return orjson.dumps(
        {
            "sections": sorted(sections.values(), key=_place),
            "step": step,
            "steps": list(steps),
            "left_out": room.left_out,
        }
    )


class _Room:
    """What still fits on a page."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._items = self._bytes = 0
        self.left_out = 0

    def shown(self, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """An item with its bytes; None where there is no more room."""
        self._items += 1
        if self._items > MAX_GALLERY_ITEMS or self._bytes > MAX_GALLERY_BYTES:
            self.left_out += 1
            return None
        kind, digest = str(item.get("kind")), str(item.get("digest"))
        told: dict[str, Any] = {"kind": kind, "digest": digest}
        told["caption"] = str(item["caption"])[:2_000] if item.get("caption") is not None else None
        content = self._fetch(digest) if digest.startswith("sha256:") else None
        if content is None:
            reason = "It is too large for a page." if digest.startswith("sha256:") else digest
            return told | {"problem": f"{reason[:200]} {digest[:19]}".strip()}
        self._bytes += len(content)
        if kind in _TEXTS:
            return told | {"text": content[:_MAX_TEXT].decode("utf-8", "replace")}
        if kind == "object3d" and item.get("format") == "points":
            return told | {"points": orjson.loads(content)}
        told |= {"type": media_type_of(content[:HEAD_BYTES]), "data": _base64(content)}
        if kind in _BODIES and _FORMAT.fullmatch(ending := str(item.get("format"))):
            told["format"] = ending
        if kind == "image":
            told |= {name: item[name] for name in ("width", "height", "labels") if name in item}
            told |= {"boxes": boxes} if (boxes := _boxes(item)) else {}
            told |= {"masks": masks} if (masks := self._masks(item)) else {}
        return told

    def _masks(self, item: Mapping[str, Any]) -> list[dict[str, str]]:
        found = []
        for mask in item.get("masks") or ():
            content = self._fetch(str(mask.get("digest")))
            if content is not None and media_type_of(content[:HEAD_BYTES]) == "image/png":
                self._bytes += len(content)
                found.append({"name": str(mask.get("name"))[:200], "data": _base64(content)})
        return found


def _place(section: Mapping[str, Any]) -> tuple[int, str]:
    """What one looks at first stands first."""
    return GALLERY_KINDS.index(section["kind"]), section["key"]


def _boxes(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Boxes whose corners are four numbers: an item is what somebody sent."""
    return [
        box
        for box in item.get("boxes") or ()
        if isinstance(box, dict)
        and isinstance(box.get("box"), list)
        and len(box["box"]) == 4  # noqa: PLR2004
        and all(isinstance(place, int | float) for place in box["box"])
    ]


def _by_owner(
    entries: Sequence[LoggedMedia], names: Mapping[str, str] | None
) -> list[dict[str, Any]]:
    """Histograms by run and rank, each over its steps."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for each in entries:
        for item in each.items[:1]:
            counts, edges = item.get("counts"), item.get("edges")
            if isinstance(counts, list) and isinstance(edges, list):
                shown = {name: item.get(name) for name in ("min", "max", "mean", "bad_count")}
                shown |= {"counts": counts, "edges": edges, "count": item.get("count") or 0}
                found.setdefault((each.run_id, each.rank), []).append({"step": each.step, **shown})
    ranks = {rank for _, rank in found}
    return [
        {
            "name": " · ".join(
                part
                for part in ((names or {}).get(run_id, ""), f"rank {rank}" * (len(ranks) > 1))
                if part
            ),
            "entries": steps,
        }
        for (run_id, rank), steps in found.items()
    ]


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
