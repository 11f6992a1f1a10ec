"""Files that runs keep."""

from weave_core.model.values import Value

__all__ = ["RunFile"]


class RunFile(Value):
    """A file that a run keeps, as it was saved last."""

    name: str
    """With its folders, a slash between."""
    size_bytes: int
    digest: str
    """Of the blob that holds its bytes."""
    time_ns: int
    """When it was saved."""
    rank: int = 0
    """Of the writer that saved it."""
