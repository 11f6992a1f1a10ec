"""The published form of a dataset: its rows at once, or in blobs that its versions share.

A small dataset is one JSON.  Of a large one the object holds digests, and each thousand rows are a
blob: a version with more rows at its end sends only these, and no side ever holds all of them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from weave_core.digests import canonical_json, digest_bytes
from weave_core.errors import ConfigError

__all__ = ["blobs_of", "content_of", "rows_of"]

MAX_INLINE_BYTES = 1024 * 1024
"""JSON of the rows of a dataset that is published as one object; of a larger one they are blobs."""
CHUNK_ROWS = 1_000
MAX_CHUNK_BYTES = 16 * 1024 * 1024
"""JSON of one blob of rows, unless one row alone has more."""


def content_of(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What is published of rows.

    Args:
        rows: In order; gone through twice where they are many.
    """
    held: list[dict[str, Any]] = []
    size_bytes = 0
    for row in rows:
        size_bytes += len(canonical_json(row))
        if size_bytes > MAX_INLINE_BYTES:
            break
        held.append(row)
    else:
        return {"rows": held}
    chunks = [
        {"digest": digest_bytes(chunk), "rows": chunk.count(b"\n"), "size_bytes": len(chunk)}
        for chunk in blobs_of(rows)
    ]
    return {"chunks": chunks, "count": sum(each["rows"] for each in chunks)}


def blobs_of(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """The blobs that `content_of` names, one after the other: lines of canonical JSON."""
    lines: list[bytes] = []
    size_bytes = 0
    for row in rows:
        line = canonical_json(row) + b"\n"
        if lines and (len(lines) == CHUNK_ROWS or size_bytes + len(line) > MAX_CHUNK_BYTES):
            yield b"".join(lines)
            lines, size_bytes = [], 0
        lines.append(line)
        size_bytes += len(line)
    if lines:
        yield b"".join(lines)


def rows_of(content: Any, blob: Callable[[str], bytes] | None) -> Iterator[dict[str, Any]]:
    """The rows of what was published.

    Args:
        content: As `content_of` gave it.
        blob: Gives the bytes of a digest.

    Raises:
        ConfigError: If they are in blobs, and there is nothing to read them by.
    """
    if "rows" in content:
        yield from content["rows"]
        return
    if blob is None:
        raise ConfigError(
            f"the {content['count']} rows are in blobs, and nothing reads them",
            "get the dataset by weave_core.get",
        )
    for chunk in content["chunks"]:
        data = blob(chunk["digest"])
        if digest_bytes(data) != chunk["digest"]:
            raise ConfigError(f"what came of blob {chunk['digest']} has another digest")
        yield from map(orjson.loads, data.splitlines())
