"""A blob as it is told: never its bytes."""

from weave_core.model.values import Value

__all__ = ["BlobInfo"]


class BlobInfo(Value):
    """Bytes that are stored under their digest."""

    digest: str
    """`sha256:` and 64 hex digits."""
    size_bytes: int
