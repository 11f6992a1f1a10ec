"""Datasets: rows that are JSON, known by their content, whatever their order and place."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson

from weave_core.digests import digest_json
from weave_core.errors import ConfigError, MissingExtra
from weave_core.jsonable import to_jsonable

if TYPE_CHECKING:
    from weave_core.client import Client

__all__ = ["Dataset", "Item", "RowProblem"]

NOT_CONTENT = ("id", "metadata")
"""Columns that are no part of what an item is: a new id does not make a new question."""
MAX_ROWS = 1_000_000
"""Rows of one dataset."""
_KEY_DIGITS = 32
_READERS = (".csv", ".json", ".jsonl", ".ndjson", ".parquet", ".tsv")


@dataclass(frozen=True, slots=True)
class Item:
    """One row, by its content."""

    key: str
    """First 32 digits of the SHA-256 of its canonical JSON; `-2` and so on for its repeats."""
    index: int
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that was left out, and why."""

    index: int
    message: str


class Dataset:
    """Rows to run a task on.

    Example:
        >>> capitals = Dataset(
        ...     [{"question": "Capital of France?", "expected": "Paris"}], name="capitals"
        ... )
        >>> weave_core.publish(capitals)

    Args:
        rows: Mappings; a pandas data frame; a Hugging Face dataset.  A row that is no mapping, or
            no JSON, is left out and told in `problems`.
        name: What it is called.

    Raises:
        ConfigError: If there are no rows, or too many.
    """

    kind = "dataset"

    def __init__(self, rows: Any, *, name: str = "dataset") -> None:
        self.name = name
        self.problems: list[RowProblem] = []
        """Rows that were left out."""
        self.items: tuple[Item, ...] = tuple(self._read(_rows_of(rows)))
        """What is left, in order."""
        if not self.items:
            said = f": {self.problems[0].message}" if self.problems else ""
            raise ConfigError(f"dataset {name!r} has no row that can be used{said}")

    @classmethod
    def read(cls, path: str | Path, *, name: str | None = None) -> Self:
        """The rows of a file: `.csv`, `.tsv`, `.json` (a list), `.jsonl`, `.parquet`.

        A line of JSON that is none is left out and told in `problems`.

        Raises:
            ConfigError: If the file can't be read or is of another kind.
            MissingExtra: If it is Parquet and pyarrow is not installed.
        """
        path = Path(path)
        if path.suffix not in _READERS:
            raise ConfigError(f"{path} is no file of rows", f"one of {', '.join(_READERS)}")
        try:
            return cls(_file_rows(path), name=name or path.stem)
        except OSError as error:
            raise ConfigError(f"can't read {path}: {error.strerror}") from error

    @classmethod
    def from_traces(
        cls,
        client: "Client",
        project: str,
        *,
        filter: str | None = None,  # noqa: A002  # The API's own name for it.
        limit: int = 1_000,
        name: str = "traces",
    ) -> Self:
        """What went into traces and came out: the inputs as columns, the output as `output`.

        `metadata` says which trace a row came from.

        Args:
            client: Where they are.
            project: In which project.
            filter: Which traces; None: all.
            limit: Most of them, newest first.
            name: What the dataset is called.

        Raises:
            ConfigError: If none passes.
            BadRequest: If the filter is wrong.
        """
        return cls(_trace_rows(client, project, filter, limit), name=name)

    @classmethod
    def from_content(cls, content: Any, *, name: str) -> Self:
        """A dataset that was published, from what `to_content` gave."""
        return cls(content["rows"], name=name)

    def to_content(self) -> dict[str, Any]:
        """What is published."""
        return {"rows": [item.row for item in self.items]}

    @property
    def digest(self) -> str:
        """The address of the content, the same as that of the published version."""
        return digest_json(self.to_content())

    @property
    def columns(self) -> set[str]:
        """Names that any row has."""
        return {key for item in self.items for key in item.row}

    @property
    def repeats(self) -> list[Item]:
        """Rows whose content came before."""
        return [item for item in self.items if "-" in item.key]

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (item.row for item in self.items)

    def __repr__(self) -> str:
        return f"<Dataset {self.name!r}: {len(self)} rows>"

    def _read(self, rows: Iterable[Any]) -> Iterator[Item]:
        seen: Counter[str] = Counter()
        for index, row in enumerate(rows):
            if index >= MAX_ROWS:
                raise ConfigError(f"dataset {self.name!r} has more than {MAX_ROWS} rows")
            if isinstance(row, RowProblem):
                self.problems.append(row)
                continue
            if not isinstance(row, Mapping) or not row:
                message = f"row {index} is {row!r:.100}, which is no mapping of columns"
                self.problems.append(RowProblem(index, message))
                continue
            plain = to_jsonable({str(key): value for key, value in row.items()})
            digest = digest_json({k: v for k, v in plain.items() if k not in NOT_CONTENT})
            key = digest.removeprefix("sha256:")[:_KEY_DIGITS]
            seen[key] += 1
            yield Item(key if seen[key] == 1 else f"{key}-{seen[key]}", index, plain)


def _rows_of(rows: Any) -> Iterable[Any]:
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):  # A data frame, of whichever library.
        return rows.to_dict("records")  # type: ignore[no-any-return]
    if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
        raise ConfigError(
            f"the rows of a dataset are a {type(rows).__qualname__}",
            "give a list of mappings, a data frame, or Dataset.read(path)",
        )
    return rows


def _file_rows(path: Path) -> Iterator[Any]:
    if path.suffix == ".parquet":
        yield from _parquet_rows(path)
    elif path.suffix == ".json":
        yield from _rows_of(_json(path.read_bytes(), path))
    elif path.suffix in (".csv", ".tsv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
    else:
        with path.open("rb") as file:
            for number, line in enumerate(file):
                if not line.strip():
                    continue
                try:
                    yield orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    yield RowProblem(number, f"line {number + 1} of {path} is no JSON: {error}")


def _json(data: bytes, path: Path) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"{path} is no JSON: {error}") from error


def _parquet_rows(path: Path) -> Iterator[Any]:
    try:
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # 150 MB, only for this.
    except ImportError as error:
        raise MissingExtra(
            f"{path} is Parquet, and pyarrow is not installed", 'pip install "weave-core[data]"'
        ) from error
    for batch in pq.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()


def _trace_rows(
    client: "Client", project: str, condition: str | None, limit: int
) -> Iterator[dict[str, Any]]:
    for number, summary in enumerate(client.iter_traces(project, filter=condition)):
        if number >= limit:
            return
        trace = client.get_trace(project, summary.trace_id)
        root = next((s for s in trace.spans if s.span_id == trace.trace.root_span_id), None)
        if root is None:
            continue
        inputs = root.inputs if isinstance(root.inputs, dict) else {"input": root.inputs}
        origin = {"project": project, "trace_id": summary.trace_id}
        yield {**inputs, "output": root.outputs, "metadata": origin}
