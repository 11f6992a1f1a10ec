"""What queries give, as JSON bytes."""

import base64
from typing import Any

import orjson

__all__ = ["json_bytes"]


def json_bytes(value: Any) -> bytes:
    """JSON of `value`; bytes that a sender put into an attribute become base64 text."""
    try:
        return orjson.dumps(value, default=_text_of)
    except TypeError:  # A key that is no text, which is rare: to look for some costs a fifth.
        return orjson.dumps(value, default=_text_of, option=orjson.OPT_NON_STR_KEYS)


def _text_of(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is no JSON")
