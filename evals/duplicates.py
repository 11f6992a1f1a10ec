"""Rows that say nearly the same: within a dataset, between splits, and in the examples of a prompt.

A row that the task has seen before measures memory.  Equal rows are found by their content, near
ones by MinHash of their shingles, and each pair that it proposes is checked by the true Jaccard
similarity, so that none is told that is not there; some near ones may be missed.

Source: Broder 1997, "On the resemblance and containment of documents"; Lee et al. 2022,
"Deduplicating Training Data Makes Language Models Better"; `datasketch`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from datasketch import MinHash, MinHashLSH

from weave_core.digests import digest_bytes
from weave_core.errors import ConfigError
from weave_core.evals.items import Item
from weave_core.row_contents import likeness, row_text, shingles

__all__ = ["DuplicateReport", "RowPair", "Rows", "find_duplicates"]

MAX_PAIRS = 10_000
"""Pairs of equal or near rows that a report names, in the order of the rows."""
_PERMUTATIONS = 128
_MAX_SHOWN = 20
_MAX_TEXT = 60


@dataclass(frozen=True, slots=True)
class RowPair:
    """A row, and where the same stands already."""

    index: int
    """Of the row in the dataset."""
    other: str
    """`this dataset`, or the name of what it was held against."""
    other_index: int | None
    """Of the row there; None: it is a prompt."""
    similarity: float
    """Jaccard's of their shingles; of a prompt the share of the row's shingles that it holds."""
    is_equal: bool
    """Whether their contents have one digest."""
    text: str
    """How the row begins."""


@dataclass(frozen=True, kw_only=True)
class DuplicateReport:
    """What of a dataset stands twice."""

    dataset: str
    rows: int
    threshold: float
    pairs: list[RowPair] = field(default_factory=list)
    """In the order of the rows, each with the most similar one before it or elsewhere."""

    @property
    def repeated(self) -> list[RowPair]:
        """Rows that stand in the dataset before."""
        return [pair for pair in self.pairs if pair.other == _HERE]

    @property
    def leaked(self) -> list[RowPair]:
        """Rows that stand in what it was held against."""
        return [pair for pair in self.pairs if pair.other != _HERE]

    def __str__(self) -> str:
        told = f"{len(self.repeated)} repeat an earlier one, {len(self.leaked)} stand elsewhere"
        lines = [f"{self.dataset}: {self.rows} rows, {told} (similarity from {self.threshold:g})"]
        for pair in self.pairs[:_MAX_SHOWN]:
            place = "" if pair.other_index is None else f" row {pair.other_index}"
            lines.append(
                f"  row {pair.index} ~ {pair.other}{place}  {pair.similarity:.2f}  {pair.text}"
            )
        if len(self.pairs) > _MAX_SHOWN:
            lines.append(f"  and {len(self.pairs) - _MAX_SHOWN} more")
        return "\n".join(lines)


_HERE = "this dataset"


class Rows(Protocol):
    """What of a `Dataset` is needed here."""

    name: str
    items: tuple[Item, ...]
    columns: set[str]


def find_duplicates(
    dataset: Rows,
    *,
    against: Mapping[str, Rows | str | Sequence[str]] | None = None,
    columns: Sequence[str] | None = None,
    threshold: float = 0.8,
) -> DuplicateReport:
    """What `Dataset.duplicates` documents."""
    if not 0 < threshold <= 1:
        raise ConfigError(f"threshold is {threshold}", "give a similarity above 0, up to 1")
    unknown = set(columns or ()) - dataset.columns
    if unknown:
        raise ConfigError(
            f"no row of {dataset.name!r} has a column {min(unknown)!r}",
            f"there are {', '.join(sorted(dataset.columns))}",
        )
    index, prompts = _held_against(against or {}, threshold, columns)
    pairs: list[RowPair] = []
    for item in dataset.items:
        if len(pairs) >= MAX_PAIRS:
            break
        row = _Sketched.of(item, columns)
        found = [near] if (near := index.nearest(row)) is not None else []
        for name, held in prompts.items():
            share = len(row.shingles & held) / len(row.shingles)
            if share >= threshold:
                found.append((name, None, share, False))
        if found:
            best = max(found, key=lambda each: each[2])
            pairs.append(RowPair(item.index, *best, row.text[:_MAX_TEXT]))
        index.add(_HERE, row)
    return DuplicateReport(
        dataset=dataset.name, rows=len(dataset.items), threshold=threshold, pairs=pairs
    )


def _held_against(
    against: Mapping[str, Rows | str | Sequence[str]],
    threshold: float,
    columns: Sequence[str] | None,
) -> "tuple[_Index, dict[str, set[bytes]]]":
    """The rows of other datasets, and the shingles of prompts."""
    index = _Index(threshold, columns)
    prompts: dict[str, set[bytes]] = {}
    for name, other in against.items():
        if isinstance(other, str):
            prompts[name] = shingles(other)
        elif isinstance(other, list | tuple):
            prompts[name] = set().union(*(shingles(str(each)) for each in other))
        else:
            for item in other.items:  # type: ignore[union-attr]  # A dataset, as what is left.
                index.add(name, _Sketched.of(item, columns))
    return index, prompts


@dataclass(frozen=True, slots=True)
class _Sketched:
    """A row with what it is compared by."""

    item: Item
    text: str
    digest: str
    shingles: set[bytes]
    sketch: MinHash

    @classmethod
    def of(cls, item: Item, columns: Sequence[str] | None) -> "_Sketched":
        text = row_text(item.row, columns)
        runs = shingles(text)
        sketch = MinHash(num_perm=_PERMUTATIONS)
        sketch.update_batch(list(runs))
        digest = item.key.partition("-")[0] if columns is None else digest_bytes(text.encode())
        return cls(item, text, digest, runs, sketch)


class _Index:
    """Rows by their digest and by their MinHash; of each only its place is held."""

    def __init__(self, threshold: float, columns: Sequence[str] | None) -> None:
        self._threshold, self._columns = threshold, columns
        # A little below, since what it proposes is checked and what it misses is not.
        self._lsh = MinHashLSH(threshold=max(threshold - 0.1, 0.05), num_perm=_PERMUTATIONS)
        self._known: list[tuple[str, Item]] = []
        self._by_digest: dict[str, int] = {}

    def add(self, name: str, row: _Sketched) -> None:
        """Keep a row."""
        if row.digest not in self._by_digest:
            self._by_digest[row.digest] = len(self._known)
            self._lsh.insert(len(self._known), row.sketch, check_duplication=False)
        self._known.append((name, row.item))

    def nearest(self, row: _Sketched) -> tuple[str, int | None, float, bool] | None:
        """The most similar row that is known; None: none is near."""
        if (place := self._by_digest.get(row.digest)) is not None:
            name, item = self._known[place]
            return name, item.index, 1.0, True
        best: tuple[str, int | None, float, bool] | None = None
        for place in self._lsh.query(row.sketch):
            name, item = self._known[place]
            theirs = shingles(row_text(item.row, self._columns))
            similarity = likeness(row.shingles, theirs)
            if similarity >= self._threshold and (best is None or similarity > best[2]):
                best = (name, item.index, similarity, False)
        return best
