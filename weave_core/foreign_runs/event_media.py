"""What TensorBoard's events have besides numbers: pictures, histograms, sounds, texts, tables.

Both generations are read: fields of a summary's value, and tensors that a plugin's name explains.

Source: TensorFlow's summary.proto, histogram.proto and tensor.proto; TensorBoard's `metadata.py` of
the plugins images, histograms, audio and text.
"""

import math
import struct
from collections.abc import Callable, Iterable

from weave_core.foreign_runs.records import ForeignMedium
from weave_core.foreign_runs.wire import Fields, fields_of, message, signed, to_double

__all__ = ["media_of_value"]

MAX_EVENT_BINS = 512
"""Bars of an event's histogram that are kept; of more, neighbours are put together."""
_IMAGE, _HISTOGRAM, _AUDIO, _TENSOR = 4, 5, 6, 8
_ENCODED = 4
_FLOAT, _DOUBLE = 1, 2
_CURVE_ROWS = 6
"""True and false positives, true and false negatives, precision, recall."""
_MAX = 2
_SIZES = 2
"""Texts before the pictures in a tensor of pictures: width and height."""
_BIN_NUMBERS = 3
"""Left edge, right edge and count of each bar."""


def media_of_value(value: Fields, plugin: str) -> list[ForeignMedium]:
    """The media of a summary's value; none where it has none that is known."""
    if _IMAGE in value:
        return _files("image", [_bytes(message(value, _IMAGE), _ENCODED)])
    if _AUDIO in value:
        return _files("audio", [_bytes(message(value, _AUDIO), _ENCODED)])
    if _HISTOGRAM in value:
        return _of_buckets(message(value, _HISTOGRAM))
    read = _PLUGINS.get(plugin)
    return read(message(value, _TENSOR)) if read is not None and _TENSOR in value else []


def _files(kind: str, contents: Iterable[bytes]) -> list[ForeignMedium]:
    return [ForeignMedium(kind, each) for each in contents if each]


def _of_buckets(told: Fields) -> list[ForeignMedium]:
    """A histogram of the first generation: upper limits of bars, the outermost ones infinite."""
    limits, counts = _doubles(told, 6), _doubles(told, 7)
    if not counts or len(limits) != len(counts):
        return []
    least = to_double(told[1][-1]) if 1 in told else 0.0
    most = to_double(told[_MAX][-1]) if _MAX in told else 0.0
    edges = [min(least, limits[0]), *limits]
    edges = [min(max(edge, least), most) for edge in edges]
    return _histogram(edges, counts)


def _of_bars(tensor: Fields) -> list[ForeignMedium]:
    """A histogram of the second one: left edge, right edge and count of each bar."""
    content = _bytes(tensor, 4)
    numbers = list(struct.unpack(f"<{len(content) // 8}d", content)) if content else []
    numbers = numbers or _doubles(tensor, 6)
    if signed(tensor, 1) != _DOUBLE or not numbers or len(numbers) % _BIN_NUMBERS:
        return []
    return _histogram([numbers[0], *numbers[1::3]], numbers[2::3])


def _histogram(edges: list[float], counts: list[float]) -> list[ForeignMedium]:
    """With at most as many bars as are kept, none of them of another way round."""
    stride = -(-len(counts) // MAX_EVENT_BINS)
    if stride > 1:
        counts = [sum(counts[place : place + stride]) for place in range(0, len(counts), stride)]
        edges = [*edges[:-1:stride], edges[-1]]
    return [ForeignMedium("histogram", None, {"counts": counts, "edges": edges})]


def _of_pictures(tensor: Fields) -> list[ForeignMedium]:
    return _files("image", _texts(tensor)[_SIZES:])


def _of_sounds(tensor: Fields) -> list[ForeignMedium]:
    """Sounds, each with a text about it behind."""
    return _files("audio", _texts(tensor)[:: 2 if len(_shape(tensor)) > 1 else 1])


def _of_words(tensor: Fields) -> list[ForeignMedium]:
    """Texts, which TensorBoard shows as Markdown."""
    words = [each.decode("utf-8", "replace") for each in _texts(tensor)]
    return [ForeignMedium("markdown", each) for each in words if each]


def _of_curve(tensor: Fields) -> list[ForeignMedium]:
    """Precision and recall by threshold: six rows of a tensor, the last two of which are these."""
    numbers = _floats(tensor)
    count = len(numbers) // _CURVE_ROWS
    if count < 2 or len(numbers) % _CURVE_ROWS:  # noqa: PLR2004  # Thresholds from 0 to 1.
        return []
    precision, recall = numbers[4 * count : 5 * count], numbers[5 * count :]
    rows = [
        [place / (count - 1), *values]
        for place, values in enumerate(zip(precision, recall, strict=True))
    ]
    return [ForeignMedium("table", rows, {"columns": ["threshold", "precision", "recall"]})]


def _of_vertices(tensor: Fields) -> list[ForeignMedium]:
    """The points of a mesh; of several the first one's."""
    shape, numbers = _shape(tensor), _floats(tensor)
    if len(shape) != 3 or shape[2] != 3 or len(numbers) != math.prod(shape) or not numbers:  # noqa: PLR2004
        return []
    points = [numbers[place : place + 3] for place in range(0, 3 * shape[1], 3)]
    return [ForeignMedium("object3d", points)]


def _shape(tensor: Fields) -> list[int]:
    return [
        signed(fields_of(each), 1) for each in message(tensor, 2).get(2, ()) if type(each) is bytes
    ]


def _floats(tensor: Fields) -> list[float]:
    """The numbers of a tensor of 32-bit floats, in any of the three ways there are."""
    found: list[float] = []
    for each in (*tensor.get(4, ()), *tensor.get(5, ())):
        if isinstance(each, bytes) and len(each) % 4 == 0:
            found += struct.unpack(f"<{len(each) // 4}f", each)
    return found if signed(tensor, 1) == _FLOAT else []


def _texts(tensor: Fields) -> list[bytes]:
    return [each for each in tensor.get(8, ()) if isinstance(each, bytes)]


def _bytes(told: Fields, number: int) -> bytes:
    found = told.get(number, [b""])[-1]
    return found if isinstance(found, bytes) else b""


def _doubles(told: Fields, number: int) -> list[float]:
    """Numbers one by one or packed."""
    found: list[float] = []
    for each in told.get(number, ()):
        if isinstance(each, bytes) and len(each) % 8 == 0:
            found += struct.unpack(f"<{len(each) // 8}d", each)
    return found


_PLUGINS: dict[str, Callable[[Fields], list[ForeignMedium]]] = {
    "images": _of_pictures,
    "histograms": _of_bars,
    "audio": _of_sounds,
    "text": _of_words,
    "pr_curves": _of_curve,
    "mesh": _of_vertices,
}
