"""What a run logs that is no number: pictures, sounds, tables, histograms, figures.

In the thread that logs only a snapshot is taken; what a record says of it is made by ours.
"""

import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from weave_core.errors import ConfigError
from weave_core.tracing.histograms import Histogram
from weave_core.tracing.logged_values import Tell
from weave_core.tracing.media import SHELF, Content, Image, Media
from weave_core.tracing.tables import Table

__all__ = ["RunMedia", "media_of"]

MAX_LOGGED_ITEMS = 100
"""Images, sounds and the like that are logged under one key at one step; of a longer list the first
ones are kept."""
MAX_WAITING_MEDIA = 10_000
"""Logged media that wait to be written; what comes above is left out, and the run says so."""
_MAX_BODY = 512 * 1024

_Item = Histogram | Media


class _Logged(NamedTuple):
    """What was logged under a key."""

    key: str
    step: int
    time_ns: int
    items: list[Any]
    """What records say of them, or a histogram, which is counted later."""


class _Figure(Media):
    """A figure of plotly's, as the JSON that it draws from."""

    kind = "plotly"

    def _content(self, data: Any) -> Content | None:
        text = data.to_json().encode()
        return Content("application/json", len(text), lambda: text)


def media_of(value: Any) -> list[_Item] | None:
    """`value` as media; None where it is none.

    Raises:
        ConfigError: If it is one that can't be kept.
    """
    if isinstance(value, Media | Histogram):
        return [value]
    if isinstance(value, list | tuple) and value:
        found = [media_of(each) for each in value[:MAX_LOGGED_ITEMS]]
        return [item for items in found for item in items or ()] if all(found) else None
    package = (type(value).__module__ or "").partition(".")[0]
    if package == "PIL":
        return [Image(value)]
    if package == "matplotlib" or getattr(value, "__name__", "") == "matplotlib.pyplot":
        return _of_matplotlib(value)
    if package == "plotly" and hasattr(value, "to_json"):
        return [_Figure(value)]
    if package == "pandas" and hasattr(value, "itertuples"):
        return [Table(value)]
    return None


def _of_matplotlib(value: Any) -> list[_Item] | None:
    """A figure, axes of one, or `pyplot`, drawn now: it may be drawn over the next moment."""
    import io

    if hasattr(value, "gcf"):
        value = value.gcf()
    figure = value if hasattr(value, "savefig") else getattr(value, "figure", None)
    if figure is None or not hasattr(figure, "savefig"):
        return None
    target = io.BytesIO()
    figure.savefig(target, format="png", bbox_inches="tight")
    return [Image(target.getvalue())]


class RunMedia:
    """Media of one writer between the program that logs them and the exporter.

    Args:
        tell: Hears of what is left out.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._logged: list[_Logged] = []
        self._lock = threading.Lock()

    def start_anew(self) -> None:
        """In a forked child: what is here is the parent's to send."""
        self._logged.clear()
        self._lock = threading.Lock()

    def add(self, key: str, value: Any, *, step: int, time_ns: int) -> bool:
        """Take a value that may be a medium; whether it is one, kept or told of."""
        try:
            found = media_of(value)
        except ConfigError as error:
            self._tell(key, f"{error}: it is left out")
            return True
        except Exception as error:  # noqa: BLE001  # Whatever a foreign figure or file raises; the training goes on.
            self._tell(key, f"a {type(value).__name__} could not be kept: {error!r:.200}")
            return True
        if found is None:
            return False
        if isinstance(value, Sequence) and len(value) > MAX_LOGGED_ITEMS:
            self._tell(key, f"of {len(value)} items the first {MAX_LOGGED_ITEMS} are kept")
        if len(self._logged) >= MAX_WAITING_MEDIA:
            self._tell(key, "media were logged faster than they are kept: some are left out")
            return True
        items = [each if isinstance(each, Histogram) else each.describe(SHELF) for each in found]
        self._logged.append(_Logged(key, step, time_ns, items))
        return True

    def take(self) -> Iterator[tuple[str, int]]:
        """JSON of all that was logged, in pieces, each with the time of its last one."""
        with self._lock:
            logged = self._logged[:]
            del self._logged[: len(logged)]
        pieces: list[bytes] = []
        size = 0
        for each in logged:
            told = self._told(each)
            if told is not None:
                pieces.append(told)
                size += len(told)
            if pieces and (size >= _MAX_BODY or each is logged[-1]):
                yield "[" + b",".join(pieces).decode() + "]", each.time_ns
                pieces, size = [], 0

    def _told(self, each: _Logged) -> bytes | None:
        try:
            items = [
                item.describe(SHELF) if isinstance(item, Histogram) else item for item in each.items
            ]
            told = {"key": each.key, "step": each.step, "time_ns": each.time_ns, "items": items}
            return orjson.dumps(told)
        except (TypeError, ValueError) as error:
            self._tell(each.key, f"it could not be kept: {error!r:.200}")
            return None
