"""What routes are handed: a connection for reading, and inputs that are checked before the body."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from sqlalchemy import Connection

from weave_core.server.store.stores import Store

__all__ = [
    "CursorQuery",
    "FilterQuery",
    "FromQuery",
    "LimitQuery",
    "OrderQuery",
    "ProjectPath",
    "ReaderDep",
    "StoreDep",
    "ToQuery",
]

MAX_LIMIT = 500


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


StoreDep = Annotated[Store, Depends(_store)]


def _reader(store: StoreDep) -> Iterator[Connection]:
    """One snapshot of the database for all that an answer reads."""
    with store.engine.connect() as connection:
        yield connection


ReaderDep = Annotated[Connection, Depends(_reader)]

ProjectPath = Annotated[str, Path(description="Name of the project.")]
LimitQuery = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most items in one answer.")]
CursorQuery = Annotated[str | None, Query(description="`next_cursor` of the page before; opaque.")]
FilterQuery = Annotated[
    str | None,
    Query(
        alias="filter",
        description="A condition, such as `status = 'error' and duration_ms > 2000`.",
    ),
]
FromQuery = Annotated[
    int | None, Query(ge=-(2**63), lt=2**63, description="First start time, in nanoseconds.")
]
ToQuery = Annotated[
    int | None,
    Query(
        ge=-(2**63), lt=2**63, description="Start time in nanoseconds from which on none counts."
    ),
]
OrderQuery = Annotated[
    str, Query(description="A field; a leading `-` means largest first, unknown comes last.")
]
