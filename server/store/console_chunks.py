"""Printed lines of one writer as compressed chunks: a thousand lines, read in a millisecond.

    zstd of JSON: columns of numbers, streams, times, versions, open lines, and all texts as one

A line is told several times while it changes; of two that have the same number the later version
stays, in whatever order they come.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import orjson
import zstandard

from weave_core.model import CONSOLE_STREAMS

__all__ = ["CHUNK_LINES", "Line", "OpenedChunk", "cut_chunks", "merged_lines", "read_lines"]

CHUNK_LINES = 1_000
"""Lines of a full chunk."""
MAX_CHUNK_TEXT = 256 * 1024
"""Characters of a chunk; one line may be longer."""
MAX_STORED_LINE = 20_000
"""Characters of a printed line that a server keeps."""
_MAX_INT = 2**53
_MAX_NS = 2**63 - 1
_LEVEL = 3
_FIELDS = 6


class Line(NamedTuple):
    """A line by its number; the fields are those of what was sent."""

    number: int
    stream: int
    time_ns: int
    version: int
    is_open: bool
    text: str


class OpenedChunk:
    """The lines of a chunk, of which single ones can be asked for."""

    def __init__(self, body: bytes) -> None:
        told = orjson.loads(zstandard.ZstdDecompressor().decompress(body))
        self.numbers: list[int] = told["n"]
        self.text: str = told["x"]
        """All lines, with newlines between."""
        self._streams: list[int] = told["s"]
        self._gaps: list[int] = told["t"]
        self._versions: list[int] = told["v"]
        self._open: set[int] = set(told["o"])

    def lines(self) -> list[Line]:
        """All of them, by number."""
        texts = self.text.split("\n")
        times = accumulate(self._gaps)
        return [
            Line(number, stream, time_ns, version, number in self._open, text)
            for number, stream, time_ns, version, text in zip(
                self.numbers, self._streams, times, self._versions, texts, strict=True
            )
        ]


def pack_lines(lines: Sequence[Line]) -> bytes:
    """What `OpenedChunk` opens."""
    times = [line.time_ns for line in lines]
    told = {
        "n": [line.number for line in lines],
        "s": [line.stream for line in lines],
        "t": [times[0], *(later - earlier for earlier, later in pairwise(times))],
        "v": [line.version for line in lines],
        "o": [line.number for line in lines if line.is_open],
        "x": "\n".join(line.text for line in lines),
    }
    return zstandard.ZstdCompressor(level=_LEVEL).compress(orjson.dumps(told))


def cut_chunks(lines: Iterable[Line]) -> Iterable[list[Line]]:
    """Lines by chunk, none of them too long."""
    chunk: list[Line] = []
    size = 0
    for line in lines:
        if chunk and (len(chunk) >= CHUNK_LINES or size + len(line.text) > MAX_CHUNK_TEXT):
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += len(line.text)
    if chunk:
        yield chunk


def merged_lines(parts: Iterable[Iterable[Line]]) -> list[Line]:
    """All lines by number, each in its latest version."""
    found: dict[int, Line] = {}
    for part in parts:
        for line in part:
            known = found.get(line.number)
            if known is None or known.version <= line.version:
                found[line.number] = line
    return [found[number] for number in sorted(found)]


def read_lines(text: str) -> list[Line]:
    """Lines as they were sent.

    Raises:
        ValueError: If they are none.
    """
    told = orjson.loads(text)
    if type(told) is not list:
        raise ValueError("printed lines are no list")
    return [_line(each) for each in told]


def _line(told: Any) -> Line:
    if type(told) is not list or len(told) != _FIELDS:
        raise ValueError("a printed line is none")
    number, stream, time_ns, version, is_open, text = told
    if not (
        type(number) is type(stream) is type(time_ns) is type(version) is int
        and type(text) is str
        and 0 <= number < _MAX_INT
        and 0 <= stream < len(CONSOLE_STREAMS)
        and 0 <= time_ns <= _MAX_NS
        and 0 <= version < _MAX_INT
    ):
        raise ValueError("a printed line is none")
    # One line it is, whatever was sent.
    kept = text[:MAX_STORED_LINE].replace("\n", " ")
    return Line(number, stream, time_ns, version, bool(is_open), kept)
