"""What a span names by digest, fetched for the screen: media, few and none too large, and code.

They come through the client, like all else, since a browser has no key to the server.
"""

import base64
import re
from collections.abc import Iterator
from typing import Any

from weave_core.client import Client
from weave_core.errors import WeaveError
from weave_core.media_types import BYTES, HEAD_BYTES, media_type_of
from weave_core.model import Span

__all__ = ["shown_code", "shown_media"]

MAX_SHOWN_MEDIA = 12
"""Images, sounds and files of one span that a page shows; the others stay a digest."""
MAX_SHOWN_BYTES = 4 * 1024 * 1024
"""Bytes of one that a page shows."""
MAX_SHOWN_CODE = 256 * 1024
"""Bytes of an operation's source that a page shows."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MAX_VALUES = 20_000


def shown_media(client: Client, span: Span) -> dict[str, dict[str, str]]:
    """Digest to type and base64 of what `span` names; what can't be shown is left out."""
    found: dict[str, dict[str, str]] = {}
    told = span.model_dump(include={"messages", "inputs", "outputs", "tool"})
    for digest in dict.fromkeys(_digests(told)):
        if len(found) >= MAX_SHOWN_MEDIA:
            break
        try:
            info = client.find_blob(digest)
            if info is None or info.size_bytes > MAX_SHOWN_BYTES:
                continue
            content = client.get_blob(digest)
        except WeaveError:
            continue  # The page shows the span all the same.
        media_type = media_type_of(content[:HEAD_BYTES])
        if media_type != BYTES:
            found[digest] = {"type": media_type, "data": base64.b64encode(content).decode()}
    return found


def shown_code(client: Client, span: Span) -> str | None:
    """The source of the span's operation, where its program kept it."""
    version = span.op.version if span.op is not None else None
    if version is None or _DIGEST.fullmatch(version) is None:
        return None
    try:
        return client.get_blob(version, start=0, stop=MAX_SHOWN_CODE).decode("utf-8", "replace")
    except WeaveError:
        return None


def _digests(value: Any) -> Iterator[str]:
    """Digests of parts and of `data:` addresses, in order."""
    waiting, seen = [value], 0
    while waiting and seen < _MAX_VALUES:
        item = waiting.pop()
        seen += 1
        if isinstance(item, dict):
            waiting += reversed(list(item.values()))
            if item.get("type") == "blob" and isinstance(item.get("digest"), str):
                yield from _DIGEST.findall(item["digest"])
        elif isinstance(item, list):
            waiting += reversed(item)
        elif isinstance(item, str) and item.startswith("data:") and ";digest," in item[:200]:
            yield from _DIGEST.findall(item[:300])
