"""Answers that are no thing of their own: a page of a list, an error, the server's health."""

from typing import Generic, TypeVar

from weave_core.model.values import Value

__all__ = ["ErrorBody", "ErrorDetail", "Health", "Page"]

T = TypeVar("T")


class Page(Value, Generic[T]):
    """A bounded part of a list."""

    items: list[T]
    next_cursor: str | None = None
    """Give it back as `cursor` for the next page; opaque; None on the last page."""


class ErrorDetail(Value):
    """What went wrong, and what would be right."""

    code: str
    """Stable name, such as `bad_filter`."""
    message: str
    hint: str = ""
    position: int | None = None
    """Characters from the start of the text that was wrong, from 0."""


class ErrorBody(Value):
    """Body of every answer of 400 and above outside of OTLP."""

    error: ErrorDetail


class Health(Value):
    """Answer of `/healthz`."""

    status: str
    version: str
    store: str
    """Kind of database: `sqlite` or `postgresql`."""
