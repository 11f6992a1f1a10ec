"""Our scripts and styles as Streamlit components.

The files' contents are handed over, not their paths: paths would have to be found again through
the installed distribution's metadata, which an editable install, a zip and a checkout each keep
elsewhere.  A script is its shared parts and itself, one after the other; there is no build step.
"""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

__all__ = ["bundle"]

_ASSETS = files("weave_core.app") / "assets"
_SHARED_SCRIPT = "dom"
_SHARED_STYLE = "base"


@cache
def bundle(name: str, *parts: str) -> "ComponentRenderer":
    """The component `name`: `assets/<name>.js` and `.css`, after the shared parts it uses.

    A style is there where there is something to style.
    """
    scripts = [_read(f"{part}.js") for part in (_SHARED_SCRIPT, *parts, name)]
    styled = [part for part in (*parts, name) if (_ASSETS / f"{part}.css").is_file()]
    styles = [_read(f"{part}.css") for part in (_SHARED_STYLE, *styled)]
    return st.components.v2.component(
        f"weave_core_{name}", css="\n".join(styles), js="\n".join(scripts)
    )


def _read(file: str) -> str:
    return (_ASSETS / file).read_text(encoding="utf-8")
