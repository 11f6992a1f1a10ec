"""wandb's tables on ours: its arguments and methods, our rows."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from weave_core.errors import ConfigError, MissingExtra
from weave_core.media_contents import MAX_TABLE_ROWS
from weave_core.tracing import tables
from weave_core.tracing.failures import warn_once

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # It ships no types.

__all__ = ["Table"]


class Table(tables.Table):
    """Columns and rows, with wandb's methods.

    Example:
        >>> table = wandb.Table(columns=["image", "label"])
        >>> table.add_data(wandb.Image(pixels), "7")
        >>> run.log({"mistakes": table})

    Args:
        columns: Names of the columns.
        data: Rows, an array, or a data frame.
        rows: Rows, as older scripts have it.
        dataframe: A data frame.
        **_ignored: `dtype`, `optional`, `allow_mixed_types`, `log_mode`: a column may hold anything
            here, and each log keeps the table as it is then.
    """

    MAX_ROWS = 10_000
    """What scripts look at before they cut a table; more are kept here."""
    MAX_ARTIFACT_ROWS = 200_000

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        **_ignored: Any,
    ) -> None:
        given = dataframe if dataframe is not None else data if data is not None else rows
        if columns is None and given is None:
            columns = ["Input", "Output", "Expected"]  # wandb's own.
        total = 0
        if hasattr(given, "itertuples"):
            columns, total = list(given.columns), len(given)
            given = given.head(MAX_TABLE_ROWS).itertuples(index=False, name=None)
        elif hasattr(given, "tolist"):
            given = given.tolist()  # An array of numpy's.
        told = [list(row) for row in given or ()]
        if columns is None:
            columns = range(len(told[0]) if told else 1)
        super().__init__(columns=columns)
        for row in told:
            self.add_data(*row)
        self._total = max(total, self._total)

    @property
    def data(self) -> list[list[Any]]:
        """Its rows."""
        return self._rows

    def add_data(self, *row: Any) -> None:
        """Add a row."""
        try:
            self.add_row(*row)
        except ConfigError as error:
            warn_once(f"wandb row {error}", "wandb: a row of a table is left out: %s", error)

    def add_column(self, name: str, data: Any, optional: Any = False) -> None:  # noqa: FBT002  # wandb's.
        """Add a column, a value for each row."""
        del optional
        cells = list(data)
        if self._rows and len(cells) != len(self._rows):
            warn_once(
                f"wandb column {name}",
                "wandb: the column %r of %d cells is left out of a table of %d rows",
                name, len(cells), len(self._rows),
            )  # fmt: skip
            return
        if not self._rows:
            kept = cells[:MAX_TABLE_ROWS]
            self._rows, self._total = [[] for _ in kept], len(cells)
        self.columns.append(str(name))
        for row, cell in zip(self._rows, cells, strict=False):
            row.append(cell)

    def add_computed_columns(self, fn: Any) -> None:
        """Add columns that `fn(number, row)` gives for each row, as a mapping."""
        told = [dict(fn(place, row)) for place, row in self._mappings()]
        for name in dict.fromkeys(name for row in told for name in row):
            self.add_column(name, [row.get(name) for row in told])

    def get_column(self, name: str, convert_to: Literal["numpy"] | None = None) -> Any:
        """The cells of a column: a list, or an array."""
        place = self.columns.index(name)
        cells = [row[place] for row in self._rows]
        if convert_to != "numpy":
            return cells
        import numpy as np  # Theirs, who ask for it.

        return np.array(cells)

    def get_index(self) -> list[int]:
        """The numbers of its rows."""
        return list(range(len(self._rows)))

    def get_dataframe(self) -> "pd.DataFrame":
        """As a pandas data frame.

        Raises:
            MissingExtra: If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtra("pandas is not installed", "pip install pandas") from error
        return pd.DataFrame(self._rows, columns=self.columns)

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """Number and cells of each row."""
        yield from enumerate(self._rows)

    def cast(self, *_given: Any, **_options: Any) -> None:
        """Nothing to do: a column may hold anything here."""

    def _mappings(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for place, row in enumerate(islice(self._rows, MAX_TABLE_ROWS)):
            yield place, dict(zip(self.columns, row, strict=False))
