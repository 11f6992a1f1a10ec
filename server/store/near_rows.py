"""Rows that say nearly what another one says, among very many: for those that are to be added.

Every new row is known by some runs of five letters, spread over its text.  A stored row that holds
half of them is held against it by the true Jaccard similarity, so that none is told that is not
there; some near ones may be missed.  A thousand stored rows are looked through at a time, and the
number of new ones hardly matters.  `weave_core.evals.duplicates` looks for all pairs of a dataset.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from weave_core.model import NearRow
from weave_core.row_contents import (
    MAX_SHINGLED,
    content_json,
    likeness,
    row_key,
    row_text,
    shingles,
)

__all__ = ["THRESHOLD", "near_rows"]

THRESHOLD = 0.8
"""Jaccard similarity from which on a new row is told to be near a stored one."""
CHECKED_AT_A_TIME = 2
"""Of a thousand stored rows, those that a new row is held against letter by letter."""
_PROBES = 32
_RUN = 5
_SHOWN = 200
_SPREAD, _TABLE_BITS = np.uint64(0x9E3779B97F4A7C15), 20

Row = Mapping[str, Any]
Grams = npt.NDArray[np.uint64]


@dataclass
class _Sought:
    """A new row, with what it is known by and the nearest one so far."""

    index: int
    key: str
    text: str
    runs: set[bytes]
    found: NearRow | None = None

    @classmethod
    def of(cls, index: int, row: Row) -> "_Sought":
        text = row_text(row)
        return cls(index, row_key(content_json(row)), text, shingles(text))

    def hold(self, row: Row, text: str, other_index: int | None) -> None:
        """Hold a row against it that may be near."""
        is_equal = text == self.text and row_key(content_json(row)) == self.key
        similarity = 1.0 if is_equal else likeness(self.runs, shingles(text))
        best = self.found
        is_nearer = best is None or (is_equal, similarity) > (best.is_equal, best.similarity)
        if similarity >= THRESHOLD and is_nearer:
            self.found = NearRow(
                index=self.index,
                other_index=other_index,
                similarity=round(similarity, 4),
                is_equal=is_equal,
                text=text[:_SHOWN],
            )


@dataclass
class _Probes:
    """The runs that new rows are known by, and whose each is."""

    sought: Sequence[_Sought]
    values: Grams = field(init=False)
    owners: npt.NDArray[np.float32] = field(init=False)
    """1 where a run (by its place in `values`) is one of a new row's."""
    needed: npt.NDArray[np.float32] = field(init=False)
    """By new row, how many of its runs a near row holds at least."""
    table: npt.NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        chosen = []
        for each in self.sought:
            grams = _grams(_plain(each.text))
            spread = np.linspace(0, len(grams) - 1, _PROBES, dtype=np.intp)
            chosen.append(np.unique(grams[spread]))
        self.values = np.unique(np.concatenate(chosen))
        self.owners = np.zeros((len(self.values), len(chosen)), dtype=np.float32)
        for place, grams in enumerate(chosen):
            self.owners[np.searchsorted(self.values, grams), place] = 1
        self.needed = np.maximum(1, self.owners.sum(axis=0) // 2)
        self.table = np.zeros(1 << _TABLE_BITS, dtype=np.bool_)
        self.table[_slots(self.values)] = True

    def pairs(self, texts: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Places of texts and of new rows that share enough runs: the likeliest of each new row.

        Where all rows have a long text in common, as a prompt, the likeliest share the rest too.
        """
        plain = [_plain(text) for text in texts]
        starts = np.cumsum([0, *(len(each) + 1 for each in plain)])
        grams = _grams(b"\0".join(plain))
        # Nearly all runs are nobody's, which one look into a table of a megabyte says.
        places = np.flatnonzero(self.table[_slots(grams)])
        found = np.searchsorted(self.values, grams[places])
        found[found == len(self.values)] = 0
        is_one = self.values[found] == grams[places]
        rows = np.searchsorted(starts, places[is_one], side="right") - 1
        runs, columns = np.unique(found[is_one], return_inverse=True)
        held = np.zeros((len(texts), len(runs)), dtype=np.float32)
        held[rows, columns] = 1
        counts = held @ self.owners[runs]
        for _ in range(min(CHECKED_AT_A_TIME, len(texts))):
            likeliest = counts.argmax(axis=0)
            for index, place in enumerate(likeliest):
                if counts[place, index] >= self.needed[index]:
                    yield int(place), index
                counts[place, index] = -1


def near_rows(new: Sequence[Row], stored: Iterable[tuple[int, list[bytes]]]) -> list[NearRow]:
    """The new rows that stand there already or nearly so, each with the nearest one.

    Args:
        new: Rows; those that come first count as there for the later ones.
        stored: Lines of JSON, some at a time, with the place of the first.
    """
    sought = [_Sought.of(index, row) for index, row in enumerate(new)]
    probes = _Probes(sought)
    for first, lines in stored:
        rows = [orjson.loads(line) for line in lines]
        texts = [row_text(row) for row in rows]
        for place, index in probes.pairs(texts):
            sought[index].hold(rows[place], texts[place], first + place)
    for place, index in probes.pairs([each.text for each in sought]):
        if place < index:
            sought[index].hold(new[place], sought[place].text, None)
    return [each.found for each in sought if each.found is not None]


def _plain(text: str) -> bytes:
    """As `shingles` reads it; at least one run, and the byte between rows is in none."""
    plain = text[:MAX_SHINGLED].casefold().encode("utf-8", "replace").replace(b"\0", b" ")
    return plain.ljust(_RUN)


def _grams(data: bytes) -> Grams:
    """Each run of five bytes as one number."""
    wide = np.frombuffer(data, dtype=np.uint8).astype(np.uint64)
    count = max(len(wide) - _RUN + 1, 0)
    found = np.zeros(count, dtype=np.uint64)
    for place in range(_RUN):
        found |= wide[place : place + count] << np.uint64(8 * place)
    return found


def _slots(grams: Grams) -> Grams:
    with np.errstate(over="ignore"):
        return (grams * _SPREAD) >> np.uint64(64 - _TABLE_BITS)
