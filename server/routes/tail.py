"""Traces as they come in, over HTTP as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from weave_core.errors import Overloaded
from weave_core.server.deps import FilterQuery, ProjectPath, StoreDep
from weave_core.server.store.queries.tails import TraceTail
from weave_core.server.store.stores import Store

router = APIRouter(prefix="/api/projects/{project}/tail", tags=["traces"])

_PAUSE_S = 0.25
_HEARTBEAT_LOOKS = 40
"""After so many looks with nothing to tell, a comment keeps proxies from closing."""
_MAX_TAILS = 64
"""Streams at a time; each looks at the database four times a second."""

LastEventId = Annotated[
    str | None,
    Header(description="The id of the last event that was read: the stream goes on behind it."),
]


@router.get(
    "",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "TraceSummary events."}},
)
async def tail_traces(
    request: Request,
    store: StoreDep,
    project: ProjectPath,
    filter_text: FilterQuery = None,
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    """Server-sent events, a TraceSummary each: when a trace is new, and when it has changed.

    Ends when the client leaves or the server stops.  Who comes back with the id that was read
    last as `Last-Event-ID` misses no trace, and may be told some again.  An event `gap` says how
    many spans, of all projects, a reader that was too slow or away for too long was not told of
    (`skipped_spans`).
    """
    open_count = getattr(request.app.state, "open_tails", 0)
    if open_count >= _MAX_TAILS:
        raise Overloaded(f"{open_count} readers follow traces already", "try again later", 10)
    tail = await run_in_threadpool(_start, store, project, filter_text, last_event_id)
    return StreamingResponse(
        _events(request, store, tail),
        media_type="text/event-stream",
        headers={"cache-control": "no-cache", "x-accel-buffering": "no"},
    )


def _start(
    store: Store, project: str, filter_text: str | None, last_event_id: str | None
) -> TraceTail:
    with store.engine.connect() as connection:
        return TraceTail(connection, project, filter_text, last_event_id or None)


def _look(store: Store, tail: TraceTail) -> tuple[bytes, bool]:
    """Events, and whether to look again at once."""
    with store.engine.connect() as connection:
        found = tail.look(connection)
    events = [b"data: " + orjson.dumps(summary) + b"\n\n" for summary in found.traces]
    if found.skipped_spans:
        told = orjson.dumps({"skipped_spans": found.skipped_spans})
        events.insert(0, b"event: gap\ndata: " + told + b"\n\n")
    if events:  # With the last one: whoever has read only some of them has to read them again.
        events[-1] = events[-1][:-1] + _id_of(tail) + b"\n"
    return b"".join(events), found.has_more


def _id_of(tail: TraceTail) -> bytes:
    """Alone it is no event, and readers note it all the same."""
    return f"id: {tail.place}\n".encode()


async def _events(request: Request, store: Store, tail: TraceTail) -> AsyncIterator[bytes]:
    # What a reader does not read waits in the socket and in one look at most: the next one is
    # made when this one was taken.
    state = request.app.state
    state.open_tails = getattr(state, "open_tails", 0) + 1
    quiet_looks = 0
    try:
        yield b": following\n" + _id_of(tail) + b"\n"
        while not getattr(state, "is_stopping", False) and not await request.is_disconnected():
            events, has_more = await run_in_threadpool(_look, store, tail)
            quiet_looks = 0 if events else quiet_looks + 1
            if events:
                yield events
            elif quiet_looks % _HEARTBEAT_LOOKS == 0:
                yield b": quiet\n" + _id_of(tail) + b"\n"
            if not has_more:
                await asyncio.sleep(_PAUSE_S)
    finally:
        state.open_tails -= 1
