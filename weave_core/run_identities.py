"""Ids that follow from what a run is called, so that programs that never met come to the same."""

import hashlib

__all__ = ["foreign_writer_id", "trace_id_of"]


def trace_id_of(project: str, run_id: str) -> int:
    """The trace that the spans of a run lie in."""
    return int.from_bytes(hashlib.sha256(f"{project}\n{run_id}".encode()).digest()[:16], "big")


def foreign_writer_id(source: str, run_id: str, session: str = "") -> str:
    """The writer that stands for another tracker's program: 16 hexadecimal digits.

    Args:
        source: The tracker.
        run_id: Of the run.
        session: Tells several programs of one run apart.
    """
    told = "\n".join(filter(None, (source, run_id, session)))
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]
