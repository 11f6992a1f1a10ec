"""Traces as they come in, over HTTP as server-sent events."""

import asyncio
from collections.abc import AsyncIterator

import orjson
from fastapi import APIRouter, Request
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


@router.get(
    "",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "TraceSummary events."}},
)
async def tail_traces(
    request: Request, store: StoreDep, project: ProjectPath, filter_text: FilterQuery = None
) -> StreamingResponse:
    """Server-sent events, a TraceSummary each: when a trace is new, and when it has changed.

    Ends when the client leaves or the server stops.
    """
    open_count = getattr(request.app.state, "open_tails", 0)
    if open_count >= _MAX_TAILS:
        raise Overloaded(f"{open_count} readers follow traces already", "try again later", 10)
    tail = await run_in_threadpool(_start, store, project, filter_text)
    return StreamingResponse(
        _events(request, store, tail),
        media_type="text/event-stream",
        headers={"cache-control": "no-cache", "x-accel-buffering": "no"},
    )


def _start(store: Store, project: str, filter_text: str | None) -> TraceTail:
    with store.engine.connect() as connection:
        return TraceTail(connection, project, filter_text)


def _look(store: Store, tail: TraceTail) -> bytes:
    with store.engine.connect() as connection:
        found = tail.look(connection)
    return b"".join(b"data: " + orjson.dumps(summary) + b"\n\n" for summary in found)


async def _events(request: Request, store: Store, tail: TraceTail) -> AsyncIterator[bytes]:
    state = request.app.state
    state.open_tails = getattr(state, "open_tails", 0) + 1
    quiet_looks = 0
    try:
        yield b": following\n\n"
        while not getattr(state, "is_stopping", False) and not await request.is_disconnected():
            events = await run_in_threadpool(_look, store, tail)
            quiet_looks = 0 if events else quiet_looks + 1
            if events:
                yield events
            elif quiet_looks % _HEARTBEAT_LOOKS == 0:
                yield b": quiet\n\n"
            await asyncio.sleep(_PAUSE_S)
    finally:
        state.open_tails -= 1
