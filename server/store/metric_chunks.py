"""Points of one key as compressed chunks: 4,480 steps and values, small and quick to read.

    version, how steps lie, how values lie, count (8 + 8 + 8 + 32 bits), first step and stride (64
    bits each); where steps are uneven, their differences; the values

Steps that go up evenly take no room.  Values are kept exactly: as differences where all are whole,
as 32-bit floats where that loses nothing, which is what comes out of a tensor, else as doubles.  A
column lies as one plane for each byte of its numbers, lowest first, each compressed by itself or
not at all: the high bytes hardly change from point to point, the low ones of a double are noise,
and one frame around both takes 5 % more and longer to open.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

__all__ = [
    "CHUNK_POINTS",
    "PREVIEW_POINTS",
    "Points",
    "Summary",
    "merged",
    "open_chunk",
    "open_chunks",
    "ordered",
    "pack_chunk",
    "pack_preview",
    "summary_of",
]

CHUNK_POINTS = 4_480
"""Points of a full chunk.  Doubles that are noise fill two of SQLite's pages by it, and what comes
out of a tensor one: of 4,096, as older versions have them, an eighth of the pages was empty."""
PREVIEW_POINTS = 64
"""Of these a full chunk's preview has at most so many: the least and largest of each 140 in a row,
its first and last point, and what is no number.  A chart of a million points reads them alone."""
_PREVIEW_BINS = 32

_HEAD = struct.Struct("<BBBxIqq")
_VERSION = 1
_PLANE = struct.Struct("<BI")
_EVEN, _UNEVEN = 0, 1
_RAW, _FRAME, _SAME = 0, 1, 2
"""How a plane is kept: as it is, as a zstd frame, as the one byte that all of it is."""
_DOUBLE, _SINGLE, _WHOLE = 0, 1, 2
_LEVEL = 3
_MAX_WHOLE = 2.0**53

Steps = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Points:
    """Points of one key, by ascending steps, each step once."""

    steps: Steps
    values: Values

    def __len__(self) -> int:
        return len(self.steps)

    def between(self, first: int | None, last: int | None) -> "Points":
        """Those at the steps from `first` to `last`, both included."""
        start = 0 if first is None else int(np.searchsorted(self.steps, first, "left"))
        end = len(self) if last is None else int(np.searchsorted(self.steps, last, "right"))
        if start == 0 and end == len(self):
            return self
        return Points(self.steps[start:end], self.values[start:end])


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known of some points without reading them."""

    count: int
    nan_count: int
    """Those that are NaN or infinite; they are in no sum."""
    min: float | None
    max: float | None
    sum: float
    first: float | None
    """None: it is NaN, for which databases have no number."""
    last: float | None
    first_step: int
    last_step: int
    min_step: int | None
    max_step: int | None

    def with_next(self, more: "Summary") -> "Summary":
        """Of these points and of `more`, which lie behind them."""
        less = more.min is not None and (self.min is None or more.min < self.min)
        larger = more.max is not None and (self.max is None or more.max > self.max)
        return Summary(
            count=self.count + more.count,
            nan_count=self.nan_count + more.nan_count,
            min=more.min if less else self.min,
            max=more.max if larger else self.max,
            sum=self.sum + more.sum,
            first=self.first,
            last=more.last,
            first_step=self.first_step,
            last_step=more.last_step,
            min_step=more.min_step if less else self.min_step,
            max_step=more.max_step if larger else self.max_step,
        )


def merged(parts: list[Points]) -> Points:
    """All points of `parts` by step; of two at one step, that of the later part."""
    parts = [part for part in parts if len(part)]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return Points(np.empty(0, np.int64), np.empty(0, np.float64))
    steps = np.concatenate([part.steps for part in parts])
    values = np.concatenate([part.values for part in parts])
    return ordered(steps, values)


def ordered(steps: Steps, values: Values) -> Points:
    """Points of columns that lie in any order; of two at one step the later stays."""
    if len(steps) > 1 and not (steps[1:] > steps[:-1]).all():
        order = np.argsort(steps, kind="stable")
        steps, values = steps[order], values[order]
        is_last = np.append(steps[1:] != steps[:-1], True)
        steps, values = steps[is_last], values[is_last]
    return Points(steps, values)


def summary_of(points: Points) -> Summary:
    """Of at least one point."""
    values = points.values
    is_finite = np.isfinite(values)
    nan_count = len(values) - int(np.count_nonzero(is_finite))
    least = largest = None
    total = 0.0
    if nan_count == 0:
        least, largest = int(values.argmin()), int(values.argmax())
        total = float(values.sum())
    elif nan_count < len(values):
        least = int(np.where(is_finite, values, np.inf).argmin())
        largest = int(np.where(is_finite, values, -np.inf).argmax())
        total = float(values[is_finite].sum())
    return Summary(
        count=len(values),
        nan_count=nan_count,
        min=None if least is None else float(values[least]),
        max=None if largest is None else float(values[largest]),
        sum=total if np.isfinite(total) else 0.0,
        first=_number(values[0]),
        last=_number(values[-1]),
        first_step=int(points.steps[0]),
        last_step=int(points.steps[-1]),
        min_step=None if least is None else int(points.steps[least]),
        max_step=None if largest is None else int(points.steps[largest]),
    )


def _number(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def pack_chunk(points: Points) -> bytes:
    """At least one point as bytes."""
    steps = points.steps
    gaps = np.diff(steps)
    is_even = len(gaps) == 0 or bool((gaps == gaps[0]).all())
    stride = int(gaps[0]) if len(gaps) and is_even else 1
    kind, values = _pack_values(points.values)
    head = _HEAD.pack(
        _VERSION, _EVEN if is_even else _UNEVEN, kind, len(steps), int(steps[0]), stride
    )
    return head + (b"" if is_even else _planes(gaps)) + values


def open_chunk(body: bytes) -> Points:
    """What `pack_chunk` packed."""
    return open_chunks([body])


def open_chunks(bodies: Sequence[bytes]) -> Points:
    """What `pack_chunk` packed into each of `bodies`, those of later chunks behind; by step."""
    heads = [_HEAD.unpack_from(body) for body in bodies]
    total = sum(head[3] for head in heads)
    # Each byte is written once, where it stays: a chunk opened by itself and then joined took twice
    # as long.
    steps, values = np.empty(total, "<i8"), np.empty(total, "<f8")
    opener = zstandard.ZstdDecompressor()
    at = 0
    for body, (_, step_kind, kind, count, first, stride) in zip(bodies, heads, strict=True):
        end, start = at + count, _HEAD.size
        if step_kind == _EVEN:
            steps[at:end] = np.arange(first, first + stride * count, stride, dtype=np.int64)
        else:
            gaps = np.empty(count - 1, "<i8")
            start = _read_planes(body, start, gaps, opener)
            steps[at] = first
            np.cumsum(gaps, out=steps[at + 1 : end])
            steps[at + 1 : end] += first
        _read_values(kind, body, start, values[at:end], opener)
        at = end
    return ordered(steps.astype(np.int64, copy=False), values.astype(np.float64, copy=False))


def pack_preview(points: Points) -> bytes:
    """The points of a chunk that a chart must not lose, packed like a chunk of their own."""
    values = points.values
    picked = {0, len(values) - 1}
    width = CHUNK_POINTS // _PREVIEW_BINS
    for start in range(0, len(values), width):
        part = values[start : start + width]
        is_finite = np.isfinite(part)
        if not is_finite.all():
            # One of each kind: NaN, and infinity either way.
            for is_such in (np.isnan(part), part == np.inf, part == -np.inf):
                if is_such.any():
                    picked.add(start + int(is_such.argmax()))
        if is_finite.any():
            picked.add(start + int(np.where(is_finite, part, np.inf).argmin()))
            picked.add(start + int(np.where(is_finite, part, -np.inf).argmax()))
    places = sorted(picked)
    return pack_chunk(Points(points.steps[places], values[places]))


def _pack_values(values: Values) -> tuple[int, bytes]:
    with np.errstate(all="ignore"):
        singles = values.astype(np.float32)
        is_single = np.array_equal(singles.astype(np.float64), values, equal_nan=True)
        is_whole = bool(
            (np.abs(values) < _MAX_WHOLE).all()
            and (values == np.trunc(values)).all()
            and not np.signbit(values[values == 0]).any()
        )
    if is_whole:
        return _WHOLE, _planes(np.diff(values.astype(np.int64), prepend=np.int64(0)))
    if is_single:
        return _SINGLE, _planes(singles)
    return _DOUBLE, _planes(values)


def _read_values(
    kind: int, body: bytes, start: int, values: Values, opener: zstandard.ZstdDecompressor
) -> None:
    """Fill `values` with the column that begins at `start`."""
    if kind == _DOUBLE:
        _read_planes(body, start, values, opener)
        return
    column = np.empty(len(values), "<f4" if kind == _SINGLE else "<i8")
    _read_planes(body, start, column, opener)
    values[:] = column if kind == _SINGLE else np.cumsum(column)


def _planes(column: NDArray[np.generic]) -> bytes:
    """A column as planes, each behind its length and how it is kept."""
    little = np.ascontiguousarray(column, column.dtype.newbyteorder("<"))
    parts: list[bytes] = []
    compressor = zstandard.ZstdCompressor(level=_LEVEL)
    for plane in little.view(np.uint8).reshape(-1, little.itemsize).T:
        raw = plane.tobytes()
        if raw.count(raw[:1]) == len(raw):
            parts += (_PLANE.pack(_SAME, 1), raw[:1])
            continue
        frame = compressor.compress(raw)
        is_smaller = len(frame) < len(raw)
        parts += (
            _PLANE.pack(_FRAME if is_smaller else _RAW, len(frame) if is_smaller else len(raw)),
            frame if is_smaller else raw,
        )
    return b"".join(parts)


def _read_planes(
    body: bytes, start: int, column: NDArray[Any], opener: zstandard.ZstdDecompressor
) -> int:
    """Fill `column`, little-endian, with that which begins at `start`; gives where it ends."""
    planes = column.view(np.uint8).reshape(-1, column.itemsize).T
    for plane in planes:
        how, length = _PLANE.unpack_from(body, start)
        start += _PLANE.size
        end = start + length
        if how == _SAME:
            plane[:] = body[start]
        elif how == _FRAME:
            plane[:] = np.frombuffer(opener.decompress(body[start:end]), np.uint8)
        else:
            plane[:] = np.frombuffer(body, np.uint8, length, start)
        start = end
    return start
