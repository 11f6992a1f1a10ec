"""Payload texts of spans by row id, wherever they lie: in a row of their own, or in a block.

A row of its own is newer than what the block says of the same span.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from weave_core.server.store.blocks import Item, opened
from weave_core.server.store.payloads import Dictionary, read_dictionary, unpack

__all__ = ["IN_LIST", "OpenBlock", "StoredTexts", "block_of", "texts_in"]

IN_LIST = 500
"""Spans looked for at once."""
_DENSE = 2
"""Neighbours, of whom no more than every other is missing, lie in blocks one after the other: to
ask for the block of each took as long as opening it."""
Execute = Callable[[str], Iterable[Any]]


def block_of(row_id: str) -> str:
    """SQL for the first row id of the block that would hold a span."""
    return f"(SELECT MAX(b.first_row_id) FROM payload_block AS b WHERE b.first_row_id <= {row_id})"  # noqa: S608  # Names of our own columns.


def texts_in(connection: Connection) -> "StoredTexts":
    """The texts as the transaction of `connection` sees them."""
    return StoredTexts(connection.exec_driver_sql)


@dataclass(frozen=True, slots=True)
class OpenBlock:
    """A block and all that lies in it."""

    first_row_id: int
    dictionary_id: int | None
    items: list[Item]


class StoredTexts:
    """Reads texts by a connection.

    Args:
        execute: Runs a statement without values and gives its rows.
    """

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._dictionaries: dict[int | None, Dictionary | None] = {None: None}
        self._last: tuple[int, bytes, list[Item]] | None = None

    def find(self, row_ids: Sequence[int]) -> Iterator[Item]:
        """Row id and text of each of `row_ids` that is stored, some hundred in memory at a time."""
        for start in range(0, len(row_ids), IN_LIST):
            wanted = set(row_ids[start : start + IN_LIST])
            for row_id, dictionary_id, body in self._execute(_own_rows(wanted)):
                wanted.discard(row_id)
                yield row_id, unpack(bytes(body), self.dictionary(dictionary_id))
            if not wanted:
                continue
            for block in self.blocks(wanted):
                for item in block.items:
                    if item[0] in wanted:
                        yield item

    def blocks(self, row_ids: Iterable[int]) -> "Iterator[OpenBlock]":
        """The blocks in which `row_ids`, at most some hundred, would lie."""
        for first_row_id, dictionary_id, body in list(self._execute(_blocks(row_ids))):
            yield OpenBlock(
                first_row_id, dictionary_id, self._opened(first_row_id, dictionary_id, body)
            )

    def dictionary(self, dictionary_id: int | None) -> Dictionary | None:
        """The dictionary of that id; None where none was used."""
        if dictionary_id not in self._dictionaries:
            query = f"SELECT body FROM payload_dictionary WHERE id = {int(dictionary_id or 0)}"  # noqa: S608  # A number.
            ((body,),) = self._execute(query)
            self._dictionaries[dictionary_id] = read_dictionary(
                int(dictionary_id or 0), bytes(body)
            )
        return self._dictionaries[dictionary_id]

    def _opened(self, first_row_id: int, dictionary_id: int | None, body: Any) -> list[Item]:
        """The block's items; who asks span by span finds the last one open."""
        last = self._last
        if last is not None and last[0] == first_row_id and last[1] == body:
            return last[2]
        items = opened(first_row_id, bytes(body), self.dictionary(dictionary_id))
        self._last = (first_row_id, body, items)
        return items


def _own_rows(row_ids: Iterable[int]) -> str:
    return (
        "SELECT span_row_id, dictionary_id, body FROM span_payload"  # noqa: S608  # Numbers.
        f" WHERE span_row_id IN ({_listed(row_ids)})"
    )


def _blocks(row_ids: Iterable[int]) -> str:
    ids = list(row_ids)
    if ids and max(ids) - min(ids) < _DENSE * len(ids):
        first = f"COALESCE({block_of(str(int(min(ids))))}, 0)"
        return (
            "SELECT first_row_id, dictionary_id, body FROM payload_block"  # noqa: S608  # Numbers.
            f" WHERE first_row_id BETWEEN {first} AND {int(max(ids))}"
        )
    firsts = f"SELECT {block_of('s.id')} FROM span AS s WHERE s.id IN ({_listed(ids)})"  # noqa: S608  # Numbers.
    return (
        "SELECT first_row_id, dictionary_id, body FROM payload_block"  # noqa: S608  # Numbers.
        f" WHERE first_row_id IN ({firsts})"
    )


def _listed(row_ids: Iterable[int]) -> str:
    return ",".join(str(int(row_id)) for row_id in row_ids)
