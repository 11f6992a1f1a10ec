"""Answers as bytes: what a query gives is JSON already, so nothing is validated a second time."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from weave_core.server.encoding import json_bytes

__all__ = ["JsonAnswer", "json_parts"]

_WHOLE_BYTES = 256 * 1024
"""A longer answer is sent while it is made: each part by a step of its own to another thread."""


class JsonAnswer(Response):
    """JSON by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return json_bytes(content)


def json_parts(parts: Iterator[bytes]) -> Response:
    """JSON that is made part by part: sent at once where it is short, else while it is made."""
    made: list[bytes] = []
    left = _WHOLE_BYTES
    for part in parts:
        made.append(part)
        left -= len(part)
        if left < 0:
            return StreamingResponse(chain(made, parts), media_type=JsonAnswer.media_type)
    return Response(b"".join(made), media_type=JsonAnswer.media_type)
