"""Base64 of images, sounds and files, taken out of telemetry as it comes in and kept as blobs.

A model call sends its whole conversation again with each turn, pictures and all; as blobs they are
kept once.  In their place stands the digest, which the normaliser reads as the part's own.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from weave_core.media_types import BYTES, HEAD_BYTES, media_type_of
from weave_core.server.otlp.requests import LogRequest, TelemetryRequest, TraceRequest

__all__ = ["Keep", "take_media"]

MIN_INLINE_MEDIA = 1_064
"""Base64 characters of the shortest medium that is kept apart from its span."""
_STEP = 1_000
_HEAD = 64
_MAX_DEPTH = 20

_RUN = re.compile(r"[A-Za-z0-9+/_-]{64}")
# A run as long as a medium covers one of the places that are looked at.
_DATA_URL = re.compile(r";base64,([A-Za-z0-9+/_-]{1000,}={0,2})")
_BARE = re.compile(r"(?<![A-Za-z0-9+/_,-])[A-Za-z0-9+/_-]{1064,}={0,2}(?![A-Za-z0-9+/_=-])")
_STANDARD = str.maketrans("-_", "+/")

Keep = Callable[[bytes], str]
"""Stores bytes and gives their digest."""


def take_media(request: TelemetryRequest, keep: Keep) -> None:
    """Replace the media in all texts of `request` by their digests.

    Raises:
        StoreError: If they can't be stored now.
    """
    if isinstance(request, TraceRequest):
        for spans in request.spans.values():
            for span in spans:
                _take(span.attributes, keep)
                for sent in span.events:
                    _take(sent.attributes, keep)
    elif isinstance(request, LogRequest):
        for records in request.records.values():
            for record in records:
                _take(record.attributes, keep)
                if isinstance(record.body, dict | list):
                    _take(record.body, keep)


def _take(values: dict[str, Any] | list[Any], keep: Keep, depth: int = 0) -> None:
    pairs = values.items() if isinstance(values, dict) else enumerate(values)
    changed: list[tuple[Any, str]] = []
    for key, value in pairs:
        if type(value) is str:
            if len(value) >= MIN_INLINE_MEDIA and _may_hold_media(value):
                told = _told(value, keep)
                if told is not value:
                    changed.append((key, told))
        elif isinstance(value, dict | list) and depth < _MAX_DEPTH:
            _take(value, keep, depth + 1)
    for key, told in changed:
        values[key] = told


def _may_hold_media(text: str) -> bool:
    """Whether somewhere is a long run without a space; 0.3 us a thousand characters of prose."""
    for at in range(0, len(text) - _HEAD, _STEP):  # noqa: SIM110  # A generator costs more than the looks.
        if _RUN.match(text, at):
            return True
    return False


def _told(text: str, keep: Keep) -> str:
    text = _DATA_URL.sub(lambda found: _kept(found[1], f"{found[0]}", keep, is_named=True), text)
    return _BARE.sub(lambda found: _kept(found[0], found[0], keep, is_named=False), text)


def _kept(encoded: str, whole: str, keep: Keep, *, is_named: bool) -> str:
    """The digest of what `encoded` holds, in the words of `whole`; `whole` where it is no medium.

    Args:
        encoded: Base64.
        whole: What it stands in.
        keep: Stores bytes.
        is_named: Its sender says that it is a medium; else its first bytes have to.
    """
    if not is_named and media_type_of(_decoded(encoded[: 2 * HEAD_BYTES]) or b"") == BYTES:
        return whole
    content = _decoded(encoded)
    if not content:
        return whole
    digest = keep(content)
    return f";digest,{digest}" if is_named else digest


def _decoded(text: str) -> bytes | None:
    plain = text.rstrip("=").translate(_STANDARD)
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return None
