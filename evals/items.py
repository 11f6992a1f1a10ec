"""Items: rows known by their content, in memory or on disk."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from weave_core.errors import ConfigError
from weave_core.evals.row_files import RowFile
from weave_core.jsonable import to_jsonable
from weave_core.row_contents import content_json, row_key

__all__ = ["MAX_ROWS", "Item", "RowProblem", "RowReader"]

MAX_ROWS = 1_000_000
"""Rows of one dataset."""
MAX_ROWS_BYTES = 16 * 1024 * 1024
"""JSON of the rows of a dataset that stay in memory; of a larger one all rows lie in a file."""


class Item:
    """One row, by its content."""

    __slots__ = ("_row", "index", "key")

    def __init__(self, key: str, index: int, row: "dict[str, Any] | tuple[RowFile, int]") -> None:
        self.key = key
        """First 32 digits of the SHA-256 of its canonical JSON; `-2` and so on for its repeats."""
        self.index = index
        self._row = row

    @property
    def row(self) -> dict[str, Any]:
        """The row itself; of a large dataset read anew each time."""
        if isinstance(self._row, dict):
            return self._row
        file, place = self._row
        found: dict[str, Any] = orjson.loads(file.read(place))
        return found

    def moved(self, file: RowFile) -> "Item":
        """The same with its row in a file."""
        return Item(self.key, self.index, (file, file.add(orjson.dumps(self.row))))

    def __repr__(self) -> str:
        return f"Item({self.key!r}, index={self.index})"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that was left out, and why."""

    index: int
    message: str


class RowReader:
    """Reads rows into items; those of a large dataset go to a file as they come.

    Args:
        name: Of the dataset, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.problems: list[RowProblem] = []
        """Rows that were left out."""
        self.columns: set[str] = set()
        """Names that any row has."""
        self._seen: Counter[str] = Counter()
        self._file: RowFile | None = None

    def read(self, rows: Iterable[Any]) -> tuple[Item, ...]:
        """The items, in order.

        Raises:
            ConfigError: If there are more than `MAX_ROWS`.
        """
        found: list[Item] = []
        size_bytes = 0
        for item, length in self._items(rows):
            size_bytes += length
            if self._file is None and size_bytes > MAX_ROWS_BYTES:
                file = self._file = RowFile()
                found = [each.moved(file) for each in found]
            found.append(item if self._file is None else item.moved(self._file))
        return tuple(found)

    def _items(self, rows: Iterable[Any]) -> Iterator[tuple[Item, int]]:
        for index, row in enumerate(rows):
            if index >= MAX_ROWS:
                raise ConfigError(f"dataset {self._name!r} has more than {MAX_ROWS} rows")
            if isinstance(row, RowProblem):
                self.problems.append(row)
                continue
            if not isinstance(row, Mapping) or not row:
                message = f"row {index} is {row!r:.100}, which is no mapping of columns"
                self.problems.append(RowProblem(index, message))
                continue
            plain = to_jsonable({str(key): value for key, value in row.items()})
            content = content_json(plain)
            key = row_key(content)
            self._seen[key] += 1
            self.columns.update(plain)
            count = self._seen[key]
            yield Item(key if count == 1 else f"{key}-{count}", index, plain), len(content)
