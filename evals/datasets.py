"""Datasets: rows that are JSON, known by their content, whatever their order and place."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson

from weave_core.digests import digest_json
from weave_core.errors import ConfigError, MissingExtra
from weave_core.evals.items import Item, RowProblem, RowReader
from weave_core.row_chunks import blobs_of, content_of, rows_of
from weave_core.span_rows import row_of

if TYPE_CHECKING:
    from weave_core.client import Client
    from weave_core.evals.duplicates import DuplicateReport

__all__ = ["Dataset", "Item", "RowProblem"]

_READERS = (".csv", ".json", ".jsonl", ".ndjson", ".parquet", ".tsv")


class Dataset:
    """Rows to run a task on.

    Example:
        >>> capitals = Dataset(
        ...     [{"question": "Capital of France?", "expected": "Paris"}], name="capitals"
        ... )
        >>> weave_core.publish(capitals)

    Args:
        rows: Mappings, also of a generator; a pandas data frame; a Hugging Face dataset.  A row
            that is no mapping, or no JSON, is left out and told in `problems`.  Of a large dataset
            the rows lie in a temporary file, and are read one by one.
        name: What it is called.

    Raises:
        ConfigError: If there are no rows, or too many.
    """

    kind = "dataset"

    def __init__(self, rows: Any, *, name: str = "dataset") -> None:
        self.name = name
        reader = RowReader(name)
        self.items: tuple[Item, ...] = reader.read(_rows_of(rows))
        """The rows that can be used, in order."""
        self.problems: list[RowProblem] = reader.problems
        """Rows that were left out."""
        self.columns: set[str] = reader.columns
        """Names that any row has."""
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

        `metadata` says which span a row came from.  To add them to a dataset that there is:
        `client.add_rows(project, name, Dataset.from_traces(...))`.

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
    def from_content(
        cls, content: Any, *, name: str, blob: Callable[[str], bytes] | None = None
    ) -> Self:
        """A dataset that was published, from what `to_content` gave.

        Args:
            content: What was published.
            name: What it is called.
            blob: Gives the bytes of a digest, where the rows are in blobs.

        Raises:
            ConfigError: If they are, and it is not given.
        """
        return cls(rows_of(content, blob), name=name)

    def to_content(self) -> dict[str, Any]:
        """What is published: the rows, or the digests of the blobs that hold them."""
        return self._content

    def blobs(self) -> Iterator[bytes]:
        """The blobs that `to_content` names; they are stored before it is published."""
        return blobs_of(self) if "chunks" in self._content else iter(())

    @cached_property
    def _content(self) -> dict[str, Any]:
        return content_of(self)

    @cached_property
    def digest(self) -> str:
        """The address of the content, the same as that of the published version."""
        return digest_json(self.to_content())

    def duplicates(
        self,
        *,
        against: "Mapping[str, Dataset | str | Sequence[str]] | None" = None,
        columns: Sequence[str] | None = None,
        threshold: float = 0.8,
    ) -> "DuplicateReport":
        """Rows that stand twice: here, in other splits, or among the examples of a prompt.

        Equal ones by content, near ones by MinHash, each checked by Jaccard's similarity of its
        runs of five letters; of a prompt by how much of the row it holds.  100,000 rows of a
        hundred letters take about a minute and half a gigabyte.

        Example:
            >>> print(test.duplicates(against={"train": train, "prompt": FEW_SHOT}))

        Args:
            against: Other datasets, and prompts or lists of examples, by name.
            columns: What is compared; None: all but `id` and `metadata`.
            threshold: The least similarity that is told, up to 1.

        Raises:
            ConfigError: If there is no such column, or the threshold is none.
            MissingExtra: If datasketch is not installed.
        """
        try:
            from weave_core.evals.duplicates import find_duplicates  # datasketch loads scipy.
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"`duplicates` needs {error.name}, which is not installed",
                'pip install "weave-core[evals]"',
            ) from error

        return find_duplicates(self, against=against, columns=columns, threshold=threshold)

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
        if summary.root_span_id is not None:
            span = client.get_span(project, summary.root_span_id, trace_id=summary.trace_id)
            yield row_of(span)
