"""How a logged table is drawn: its kind of chart, and which of its columns are what."""

from typing import Literal

from weave_core.model.values import Value

__all__ = ["ChartKind", "TableChart"]

ChartKind = Literal["line", "scatter", "bar", "histogram", "matrix"]


class TableChart(Value):
    """The chart of a table; columns are told by their names."""

    kind: ChartKind
    x: str
    """The column along the bottom; of a histogram the one whose values are counted."""
    y: str | None = None
    """The column along the side; a histogram has none."""
    color: str | None = None
    """The column whose values are a line, or a colour, each."""
    value: str | None = None
    """Of a matrix: the column of the numbers in its fields."""
    title: str | None = None
    x_title: str | None = None
    """What stands at the bottom instead of the column's name."""
    y_title: str | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that it needs."""
        named = (self.x, self.y, self.color, self.value)
        return [column for column in named if column is not None]
