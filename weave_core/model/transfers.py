"""What came of an import."""

from weave_core.model.values import Value

__all__ = ["ImportReport", "WrongLine"]


class WrongLine(Value):
    """What was refused, and why."""

    line: int | None = None
    """Its number in what was sent, from 1; None where no line alone is at fault."""
    message: str


class ImportReport(Value):
    """Counts of what was read; what was stored before counts too."""

    lines: int
    spans: int
    log_records: int
    data_points: int
    refused: int
    """Lines, or items of lines, that were not taken."""
    errors: list[WrongLine] = []
    """The first of them."""
