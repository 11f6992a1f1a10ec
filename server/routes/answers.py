"""Answers as bytes: what a query gives is JSON already, so nothing is validated a second time."""

from typing import Any

from fastapi import Response

from weave_core.server.encoding import json_bytes

__all__ = ["JsonAnswer"]


class JsonAnswer(Response):
    """JSON by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return json_bytes(content)
