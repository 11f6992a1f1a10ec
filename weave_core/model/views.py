"""A saved view: a page of the app with what it was asked, under a name."""

from typing import Annotated

from pydantic import Field

from weave_core.model.values import Value

__all__ = ["MAX_VIEW_NAME", "MAX_VIEW_TEXT", "NewView", "SavedView"]

MAX_VIEW_NAME = 100
"""Characters of a view's name."""
MAX_VIEW_KEYS = 20
MAX_VIEW_TEXT = 4_000
"""Characters of one parameter of a view, such as its filter."""

_Key = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
_Text = Annotated[str, Field(max_length=MAX_VIEW_TEXT)]


class NewView(Value):
    """What to save."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_VIEW_NAME)]
    page: Annotated[str, Field(pattern=r"^[a-z]{1,40}$")] = "traces"
    """Which page of the app it is of."""
    query: Annotated[dict[_Key, _Text], Field(max_length=MAX_VIEW_KEYS)] = {}
    """Parameters of the page's address: filter, range, order, columns."""


class SavedView(NewView):
    """A view that is saved."""

    view_id: str
    """Stays when the view is saved anew; part of links to it."""
    created_ns: int
    updated_ns: int
