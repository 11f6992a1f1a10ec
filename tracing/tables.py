"""Tables that a run logs: columns and rows, media among their cells."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, get_args

from weave_core.errors import ConfigError
from weave_core.media_contents import MAX_TABLE_BYTES, MAX_TABLE_ROWS, table_json
from weave_core.model import ChartKind, TableChart
from weave_core.tracing.media import SHELF, TOKEN, Content, Media, Shelf

__all__ = ["Table"]

MAX_TABLE_COLUMNS = 1_000
"""Columns of a logged table."""
MAX_TABLE_MEDIA = 1_000
"""Images, sounds and files in the cells of one table."""
_MAX_HELD = 256 * 1024 * 1024
_CELL_BYTES = 24


class Table(Media):
    """Columns and rows, to be logged with `run.log`; read back as a data frame.

    Example:
        >>> table = weave_core.Table(columns=["image", "label", "guess"])
        >>> table.add_row(weave_core.Image(pixels), "7", "1")
        >>> run.log({"mistakes": table})

    Args:
        data: A pandas data frame, or rows: lists in the order of `columns`, or mappings by column.
        columns: Names of the columns; of mappings and data frames they are known.
        caption: Shown with it.

    Raises:
        ConfigError: If rows and columns do not go together.
    """

    kind = "table"

    def __init__(
        self,
        data: Any = None,
        *,
        columns: Sequence[Any] | None = None,
        caption: str | None = None,
    ) -> None:
        self.caption = caption
        self.columns: list[str] = []
        """Their names."""
        self._rows: list[list[Any]] = []
        self._total = 0
        self._frame: Any = None
        self._chart: TableChart | None = None
        if columns is not None:
            self._set_columns(columns)
        if data is None:
            if columns is None:
                raise ConfigError("Table was given nothing", "give columns, rows or a data frame")
        elif hasattr(data, "itertuples") and hasattr(data, "columns"):
            self._take_frame(data)
        else:
            self._take_rows(data)

    def _set_columns(self, names: Iterable[Any]) -> None:
        self.columns = [str(name) for name in names]
        if not self.columns or len(self.columns) > MAX_TABLE_COLUMNS:
            raise ConfigError(
                f"Table has {len(self.columns)} columns", f"give 1 to {MAX_TABLE_COLUMNS:,}"
            )

    def _take_frame(self, frame: Any) -> None:
        """The first rows of a data frame, as they are now."""
        self._set_columns(frame.columns)
        self._total = len(frame)
        held = int(frame.memory_usage(deep=False).sum()) or 1
        most = min(MAX_TABLE_ROWS, self._total * _MAX_HELD // held)
        self._frame = frame.head(most).copy()

    def _take_rows(self, rows: Any) -> None:
        if isinstance(rows, Mapping) or not isinstance(rows, Iterable) or isinstance(rows, str):
            raise ConfigError(
                f"Table was given {type(rows).__qualname__}", "give a data frame or a list of rows"
            )
        for row in rows:
            if isinstance(row, Mapping):
                if not self.columns:
                    self._set_columns(row)
                self.add_row(*(row.get(name) for name in self.columns))
            else:
                self.add_row(*row)

    def add_row(self, *cells: Any) -> None:
        """Add a row, a value for each column; above `MAX_TABLE_ROWS` it is only counted.

        Raises:
            ConfigError: If there are more or fewer cells than columns.
        """
        if not self.columns and cells:
            self._set_columns(range(len(cells)))
        if len(cells) != len(self.columns):
            raise ConfigError(
                f"a row of {len(cells)} cells for the {len(self.columns)} columns of a table",
                f"the columns are {', '.join(self.columns)[:200]}",
            )
        self._total += 1
        if len(self._rows) < MAX_TABLE_ROWS:
            self._rows.append(list(cells))

    def with_chart(
        self,
        kind: ChartKind,
        *,
        x: str,
        y: str | None = None,
        color: str | None = None,
        value: str | None = None,
        title: str | None = None,
        x_title: str | None = None,
        y_title: str | None = None,
    ) -> Self:
        """A copy as it is now that is shown as a chart, its rows below.

        Example:
            >>> table = weave_core.Table([[1, 0.9], [2, 0.7]], columns=["epoch", "loss"])
            >>> run.log({"curve": table.with_chart("line", x="epoch", y="loss")})

        Args:
            kind: `line`, `scatter`, `bar`, `histogram` or `matrix`.
            x: The column along the bottom; of a histogram the one whose values are counted.
            y: The column along the side; a histogram has none.
            color: The column whose values are a line, or a colour, each.
            value: Of a matrix: the column of the numbers in its fields.
            title: Above it.
            x_title: At the bottom instead of the column's name.
            y_title: At the side.

        Raises:
            ConfigError: If there is no such kind or column, or the kind needs one more.
        """
        told: dict[str, Any] = {"x": x, "y": y, "color": color, "value": value, "title": title}
        if kind not in get_args(ChartKind):
            raise ConfigError(
                f"a chart of the kind {kind!r}", f"give {', '.join(get_args(ChartKind))}"
            )
        chart = TableChart(kind=kind, **told, x_title=x_title, y_title=y_title)
        missing = [name for name in chart.columns if name not in self.columns]
        if missing:
            raise ConfigError(
                f"a chart of the column {missing[0]!r}",
                f"the table has {', '.join(self.columns)[:200]}",
            )
        needed = {"histogram": (), "matrix": ("y", "value")}.get(kind, ("y",))
        if lacking := [name for name in needed if told[name] is None]:
            raise ConfigError(
                f"a chart of the kind {kind!r} without {' and '.join(lacking)}",
                "name the column",
            )
        made = copy.copy(self)
        made.columns = list(self.columns)
        made._rows = [list(row) for row in self._rows]  # noqa: SLF001  # One of this class.
        made._chart = chart  # noqa: SLF001  # Likewise.
        return made

    def __len__(self) -> int:
        return self._total

    def __repr__(self) -> str:
        return f"Table({len(self):,} rows of {', '.join(self.columns)[:200]})"

    def describe(self, shelf: Shelf) -> dict[str, Any]:
        """What a record says of it; its cells wait on `shelf`."""
        content, parts = self._snapshot(shelf)
        told: dict[str, Any] = {"kind": self.kind, "columns": list(self.columns)}
        told["rows"] = self._total
        if self._chart is not None:
            told["chart"] = self._chart.model_dump(exclude_none=True)
        # Before the table's own: its text names theirs.
        if parts:
            told["parts"] = parts
        return {**told, **shelf.put(content, caption=self.caption)}

    @property
    def content(self) -> Content:  # type: ignore[override]  # Made when it is asked for: rows are added.
        """Its JSON, as a file of an artifact.

        Raises:
            ConfigError: If media are among its cells: a file can't hold them.
        """
        content, parts = self._snapshot(Shelf())
        if parts:
            raise ConfigError(
                f"{len(parts)} cells of the table hold media", "add these as files, and name them"
            )
        return content

    def _snapshot(self, shelf: Shelf) -> tuple[Content, list[str]]:
        """Its JSON as it is now, and the media in its cells."""
        frame, total, columns = self._frame, self._total, list(self.columns)
        parts: list[str] = []
        rows = self._rows if frame is None else None
        if rows is not None:
            rows = [[_kept_cell(cell, shelf, parts) for cell in row] for row in rows]
        size_bytes = len(rows or ()) * len(columns) * _CELL_BYTES
        if frame is not None:
            size_bytes = min(int(frame.memory_usage(deep=False).sum()), MAX_TABLE_BYTES)

        def make() -> bytes:
            given = rows if rows is not None else frame.itertuples(index=False, name=None)
            return _json(columns, given, total)

        return Content("application/json", min(size_bytes, MAX_TABLE_BYTES), make), parts


def _kept_cell(cell: Any, shelf: Shelf, parts: list[str]) -> Any:
    if cell is None or type(cell) in (bool, int, float, str):
        return cell
    told = shelf.value(cell) if len(parts) < MAX_TABLE_MEDIA else None
    if told is not None:
        parts.append(told["digest"])
        return told
    return cell


def _json(columns: list[str], rows: Iterable[Sequence[Any]], total: int) -> bytes:
    """The whole table, media in its cells by their digests."""
    text = table_json(columns, rows, total)
    # Digests are known by now: what the cells name was stored before.
    if b"sha256:~" not in text:
        return text
    return TOKEN.sub(lambda found: SHELF.find(found[0])[0] or found[0], text.decode()).encode()
