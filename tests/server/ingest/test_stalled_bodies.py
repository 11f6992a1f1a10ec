"""A sender that stops in the middle of a body holds nothing for good."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message

from weave_core.errors import Overloaded
from weave_core.server.limits import BodyReader

BODY = b"x" * 100


def request_in(*pieces: bytes, is_whole: bool) -> Request:
    """A request whose body comes in `pieces`; one that is not whole stops after the last."""
    waiting = list(pieces)

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        piece = waiting.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting) or not is_whole}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def test_a_body_that_stops_is_given_up_and_leaves_room_for_others() -> None:
    """503, as the sender may come back with it whole."""
    reader = BodyReader(max_bytes=1_000, max_held_bytes=150, max_stall_s=0.05)
    with pytest.raises(Overloaded, match="the body stopped"):
        async with reader.read(request_in(BODY, is_whole=False)):
            pass
    async with reader.read(request_in(BODY, BODY[:50], is_whole=True)) as body:
        assert len(body) == 150
