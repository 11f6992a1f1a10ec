"""A manifest: which files a version has and which chunks each is made of, in parts.

A part is lines of JSON, one a file, in the order of their paths.  Where a part ends follows from
the paths in it, so that a version with another file shares all other parts with the one before.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from weave_core.artifacts.paths import checked_path
from weave_core.digests import canonical_json
from weave_core.errors import BadRequest

__all__ = ["BLAKE3", "Chunk", "Entry", "entries_of", "parts_of"]

BLAKE3 = "blake3:"
"""What the digest of a file that is kept here begins with."""
MAX_FILE_BYTES = 1024**4
"""Largest file of an artifact."""
MAX_REFERENCE = 4_096
"""Characters of the address of a file that is kept elsewhere."""
MAX_PART_BYTES = 16 * 1024 * 1024
"""Of a part, unless one file's chunks alone take more, which none may."""
_PART_MASK = 0x1FF
_AIM_PART_BYTES = 1024 * 1024
_HEX_DIGITS = 64


class Chunk(NamedTuple):
    """Some bytes of a file."""

    digest: bytes
    """BLAKE3, 32 bytes."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a version, an empty folder, or a reference to a file elsewhere."""

    path: str
    size_bytes: int = 0
    digest: str = ""
    """`blake3:` and hex digits of all its bytes; of a reference, what its store tells."""
    chunks: tuple[Chunk, ...] = ()
    reference: str | None = None
    is_folder: bool = False

    def to_line(self) -> bytes:
        """As JSON."""
        told: dict[str, Any] = {"path": self.path}
        if self.is_folder:
            return canonical_json({**told, "folder": True})
        told |= {"size": self.size_bytes, "digest": self.digest}
        if self.reference is not None:
            told["ref"] = self.reference
        elif len(self.chunks) > 1:
            told["chunks"] = [[chunk.digest.hex(), chunk.size_bytes] for chunk in self.chunks]
        return canonical_json(told)

    @classmethod
    def of_line(cls, line: bytes) -> "Entry":
        """The entry that a line tells of.

        Raises:
            BadRequest: If it is none.
        """
        try:
            told = orjson.loads(line)
            path = checked_path(told["path"])
            if told.get("folder"):
                return cls(path, is_folder=True)
            size_bytes, digest = int(told["size"]), str(told["digest"])
            reference = told.get("ref")
            if reference is not None:
                return cls(path, size_bytes, digest, reference=str(reference)[:MAX_REFERENCE])
            chunks = _chunks(told.get("chunks"), digest, size_bytes)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadRequest(
                f"{line[:100]!r} is no entry of a manifest: {error!r:.200}",
                "store artifacts by weave_core.Artifact",
            ) from error
        if not 0 <= size_bytes <= MAX_FILE_BYTES or sum(c.size_bytes for c in chunks) != size_bytes:
            raise BadRequest(f"the chunks of {path!r} are not its {size_bytes} bytes")
        return cls(path, size_bytes, digest, chunks)


def _chunks(told: Any, digest: str, size_bytes: int) -> tuple[Chunk, ...]:
    if not digest.startswith(BLAKE3) or len(digest) != len(BLAKE3) + _HEX_DIGITS:
        raise ValueError(f"{digest[:100]!r} is no digest")
    own = bytes.fromhex(digest.removeprefix(BLAKE3))
    if told is None:
        return (Chunk(own, size_bytes),) if size_bytes else ()
    return tuple(Chunk(_digest(text), int(size)) for text, size in told)


def _digest(text: str) -> bytes:
    if len(text) != _HEX_DIGITS:
        raise ValueError(f"{text[:100]!r} is no digest")
    return bytes.fromhex(text)


def parts_of(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The parts of a manifest.

    Args:
        entries: In the order of their paths.
    """
    lines: list[bytes] = []
    size_bytes = 0
    for entry in entries:
        line = entry.to_line() + b"\n"
        lines.append(line)
        size_bytes += len(line)
        is_end = zlib.crc32(entry.path.encode()) & _PART_MASK == 0
        if is_end or size_bytes >= _AIM_PART_BYTES:
            yield b"".join(lines)
            lines, size_bytes = [], 0
    if lines:
        yield b"".join(lines)


def entries_of(part: bytes) -> Iterator[Entry]:
    """The entries of a part.

    Raises:
        BadRequest: If it is none.
    """
    return map(Entry.of_line, part.splitlines())
