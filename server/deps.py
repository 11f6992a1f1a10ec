"""What routes are handed: a connection for reading, and inputs that are checked before the body."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Path, Query, Request
from sqlalchemy import Connection

from weave_core.errors import Overloaded
from weave_core.server.store.stores import Store

if TYPE_CHECKING:
    from threading import BoundedSemaphore

__all__ = [
    "CursorQuery",
    "FilterQuery",
    "FromQuery",
    "HeavySlotDep",
    "LimitQuery",
    "OrderQuery",
    "ProjectPath",
    "ReaderDep",
    "SettledReaderDep",
    "SettledRunsDep",
    "StoreDep",
    "ToQuery",
    "take_heavy_slot",
]

MAX_LIMIT = 500
MAX_HEAVY_READERS = 4
"""SQL queries and exports that run at a time; one more is told to come back later."""


async def _store(request: Request) -> Store:  # Async: what needs no thread is handed none.
    store: Store = request.app.state.store
    return store


StoreDep = Annotated[Store, Depends(_store)]


def _reader(store: StoreDep) -> Iterator[Connection]:
    """One snapshot of the database for all that an answer reads."""
    with store.reading() as connection:
        yield connection


def _settled_reader(request: Request, store: StoreDep) -> Iterator[Connection]:
    """The same, taken when the sums of traces hold what was acknowledged before."""
    store.settle(request.path_params.get("project"))
    with store.reading() as connection:
        yield connection


def _settled_runs_reader(request: Request, store: StoreDep) -> Iterator[Connection]:
    """The same for the points of runs that have ended: lists have what `finish` waited for."""
    store.settle_runs(request.path_params.get("project"))
    with store.reading() as connection:
        yield connection


def take_heavy_slot(request: Request) -> Callable[[], None]:
    """Take one of the few places for long reads; gives what gives it back.

    Raises:
        Overloaded: If all are taken.
    """
    slots: BoundedSemaphore = request.app.state.heavy_readers
    if not slots.acquire(blocking=False):
        raise Overloaded(
            f"{MAX_HEAVY_READERS} SQL queries and exports are running already", "try again later", 2
        )
    return slots.release


def _heavy_slot(request: Request) -> Iterator[None]:
    release = take_heavy_slot(request)
    try:
        yield
    finally:
        release()


HeavySlotDep = Annotated[None, Depends(_heavy_slot)]

ReaderDep = Annotated[Connection, Depends(_reader)]
SettledReaderDep = Annotated[Connection, Depends(_settled_reader)]
SettledRunsDep = Annotated[Connection, Depends(_settled_runs_reader)]

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
