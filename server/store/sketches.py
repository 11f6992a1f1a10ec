"""Latencies in a histogram of logarithmic buckets: small, mergeable, exact to subtract from.

Bucket i holds durations in (g^(i-1), g^i] nanoseconds with g = (1 + e) / (1 - e), and stands for
2 g^i / (g + 1), which is at most e = 1 % away from each of them: the scheme of DDSketch.  Bucket -1
holds zero.  Counts add up and subtract, so hours are sums of minutes and a span that changes is
taken out exactly.
"""

import math
from array import array
from collections.abc import Mapping

__all__ = ["RELATIVE_ERROR", "Sketch", "bucket_of", "pack_sketch", "quantile_ns", "unpack_sketch"]

RELATIVE_ERROR = 0.01
"""Of a percentile, against the exact one of the same rank."""
_GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_PER_LOG = 1 / math.log(_GROWTH)
_ZERO = -1

Sketch = dict[int, int]
"""Bucket to count."""


def bucket_of(duration_ns: int) -> int:
    """The bucket of a duration."""
    return math.ceil(math.log(duration_ns) * _PER_LOG) if duration_ns > 0 else _ZERO


def quantile_ns(sketch: Mapping[int, int], percent: int) -> float | None:
    """The duration at rank ceil(n * percent / 100), within `RELATIVE_ERROR`; None of nothing."""
    rank = -(-sum(sketch.values()) * percent // 100)
    for bucket in sorted(sketch):
        rank -= sketch[bucket]
        if rank <= 0:
            return 0.0 if bucket == _ZERO else 2 * _GROWTH**bucket / (_GROWTH + 1)
    return None


def pack_sketch(sketch: Mapping[int, int]) -> bytes:
    """`sketch` as bytes, 6 a bucket: buckets in order, then their counts."""
    buckets = sorted(bucket for bucket, count in sketch.items() if count > 0)
    first = array("H", [bucket - _ZERO for bucket in buckets])
    return first.tobytes() + array("I", [sketch[bucket] for bucket in buckets]).tobytes()


def unpack_sketch(body: bytes) -> Sketch:
    """What `pack_sketch` packed."""
    size = len(body) // 6
    buckets, counts = array("H"), array("I")
    buckets.frombytes(body[: 2 * size])
    counts.frombytes(body[2 * size :])
    return {bucket + _ZERO: count for bucket, count in zip(buckets, counts, strict=True)}
