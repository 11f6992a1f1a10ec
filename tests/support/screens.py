"""Pages as Streamlit's own test runner draws them, and what our components were given there."""

from typing import Any

import orjson
from streamlit.testing.v1 import AppTest

from weave_core.app.process import START

__all__ = ["component_data", "components_data", "draw"]


def draw(page: str | None = None, **query: str) -> AppTest:
    """The app at an address."""
    screen = AppTest.from_file(START, default_timeout=60)
    for name, value in query.items():
        screen.query_params[name] = value
    if page:
        screen.switch_page(page)
    screen.run()
    assert not screen.exception
    return screen


def components_data(screen: AppTest, name: str) -> list[dict[str, Any]]:
    """What each of our components of this name was given, in the order of the page."""
    return [
        orjson.loads(each.proto.bytes)
        for each in screen.get("bidi_component")
        if each.proto.component_name == f"weave_core_{name}"
    ]


def component_data(screen: AppTest, name: str) -> dict[str, Any]:
    """What the first of them was given."""
    found = components_data(screen, name)
    assert found, f"no component {name!r} on the page"
    return found[0]
