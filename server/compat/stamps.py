"""Times as clients read them."""

from datetime import UTC, datetime

__all__ = ["iso"]


def iso(time_ns: int) -> str:
    """ISO 8601, UTC, with millionths of a second: runs of one second keep their order."""
    stamp = datetime.fromtimestamp(time_ns / 1e9, UTC)
    return stamp.isoformat(timespec="microseconds").replace("+00:00", "Z")
