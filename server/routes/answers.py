"""Answers as bytes: what a query gives is JSON already, so nothing is validated a second time."""

from collections.abc import Iterator
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from weave_core.server.encoding import json_bytes

__all__ = ["JsonAnswer", "JsonParts"]


class JsonAnswer(Response):
    """JSON by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return json_bytes(content)


class JsonParts(StreamingResponse):
    """JSON that is sent while it is made."""

    media_type = "application/json"

    def __init__(self, parts: Iterator[bytes]) -> None:
        super().__init__(parts)
