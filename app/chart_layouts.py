"""What the charts of a project begin with, for everyone: pinned ones, x, smoothing and axes.

It is kept as a saved view, so that a program can read and write it as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import streamlit as st

from weave_core.app.state import client
from weave_core.model import NewView

__all__ = ["MAX_PINS", "ChartLayout", "keep_layout", "read_layout"]

MAX_PINS: Final = 24
"""Pinned charts of a project, the first of them; together at most what a saved view holds."""
_MAX_PINS_TEXT: Final = 4_000
_PAGE: Final = "charts"
_NAME: Final = "layout"
_SETTINGS: Final = ("x", "smooth", "log", "logx", "calm", "band")
_TTL_S: Final = 10
_MAX_SETTING: Final = 500


@dataclass(frozen=True)
class ChartLayout:
    """Of one project."""

    pins: list[str] = field(default_factory=list)
    """Keys whose charts stand above all others, in this order."""
    settings: dict[str, str] = field(default_factory=dict)
    """As the parameters of the address that say the same."""


def read_layout(project: str) -> ChartLayout:
    """What is kept of `project`."""
    query = _read(project)
    pins = orjson.loads(query.get("pins") or "[]")
    settings = {name: text for name, text in query.items() if name in _SETTINGS}
    return ChartLayout(list(map(str, pins)), settings)


def keep_layout(project: str, told: Any) -> None:
    """Keep what a grid of charts told: `pins` and `settings`; what can't be one is left out."""
    if not isinstance(told, Mapping):
        return
    pins = list(dict.fromkeys(map(str, told.get("pins") or ())))[:MAX_PINS]
    while len(orjson.dumps(pins).decode()) > _MAX_PINS_TEXT:
        pins.pop()
    given = told.get("settings") or {}
    settings = {name: str(given[name])[:_MAX_SETTING] for name in _SETTINGS if name in given}
    query = {"pins": orjson.dumps(pins).decode(), **settings}
    client().add_view(project, NewView(name=_NAME, page=_PAGE, query=query))
    _read.clear()


@st.cache_data(ttl=_TTL_S, max_entries=50, show_spinner=False)
def _read(project: str) -> dict[str, str]:
    views = client().list_views(project)
    return next((each.query for each in views if (each.page, each.name) == (_PAGE, _NAME)), {})
