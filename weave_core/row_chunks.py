"""The published form of a dataset: its rows at once, or in blobs that its versions share.

A small dataset is one JSON.  Of a large one the object holds digests, and each thousand rows are a
blob: a version with more rows at its end sends only these, and no side ever holds all of them.
Programs publish it so, and the server reads it to show rows and to add some.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import orjson

from weave_core.digests import canonical_json, digest_bytes
from weave_core.errors import ConfigError

__all__ = ["Blob", "appended", "blobs_of", "content_of", "count_of", "lines_of", "rows_of"]

Blob = Callable[[str], bytes]
"""Gives the bytes of a digest."""

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
    return _of_chunks([*map(_chunk, blobs_of(rows))])


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


def rows_of(content: Any, blob: Blob | None) -> Iterator[dict[str, Any]]:
    """The rows of what was published.

    Args:
        content: As `content_of` gave it.
        blob: Where their bytes come from, if they are in blobs.

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
        yield from map(orjson.loads, _checked(chunk, blob).splitlines())


def count_of(content: Any) -> int:
    """How many rows a published dataset has.

    Raises:
        ConfigError: If it is none: anything may be published under that kind.
    """
    if isinstance(content, dict) and isinstance(content.get("rows"), list):
        return len(content["rows"])
    if isinstance(content, dict) and isinstance(content.get("chunks"), list):
        return int(content["count"])
    raise ConfigError(
        "what was published is no list of rows", "publish a Dataset: its rows can be looked at"
    )


def lines_of(content: Any, blob: Blob, *, start: int = 0) -> Iterator[tuple[int, list[bytes]]]:
    """The rows from `start` on as lines of JSON, a blob's at a time with the place of the first.

    A blob is read when it is reached, and those before `start` are not read at all.
    """
    if "rows" in content:
        yield start, [canonical_json(row) for row in content["rows"][start:]]
        return
    first = 0
    for chunk in content["chunks"]:
        if first + chunk["rows"] > start:
            skipped = max(start - first, 0)
            # By b"\n" alone: JSON holds no bare one, and `splitlines` would be slower by a half.
            yield first + skipped, _checked(chunk, blob).rstrip(b"\n").split(b"\n")[skipped:]
        first += chunk["rows"]


def appended(
    content: Any, rows: Sequence[dict[str, Any]], blob: Blob
) -> tuple[dict[str, Any], list[bytes]]:
    """The content of a version with more rows at its end, and the blobs that it needs anew.

    The same as of all rows together: a dataset has one digest, however it came about.
    """
    if "rows" in content:
        whole = [*content["rows"], *rows]
        longer = content_of(whole)
        return longer, [*blobs_of(whole)] if "chunks" in longer else []
    *kept, last = content["chunks"]
    tail = map(orjson.loads, _checked(last, blob).splitlines())
    blobs = [*blobs_of(chain(tail, rows))]
    return _of_chunks([*kept, *map(_chunk, blobs)]), blobs


def _chunk(data: bytes) -> dict[str, Any]:
    return {"digest": digest_bytes(data), "rows": data.count(b"\n"), "size_bytes": len(data)}


def _of_chunks(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    return {"chunks": chunks, "count": sum(each["rows"] for each in chunks)}


def _checked(chunk: dict[str, Any], blob: Blob) -> bytes:
    data = blob(chunk["digest"])
    if digest_bytes(data) != chunk["digest"]:
        raise ConfigError(f"what came of blob {chunk['digest']} has another digest")
    return data
