"""Keyset pages: which columns a list may be ordered by, and where the next page begins.

Never OFFSET: a page costs the same anywhere.  What is unknown comes last in both directions, ties
are broken by what is unique.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, literal, or_, tuple_

from weave_core.errors import BadRequest
from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.filters import Field, Vocabulary
from weave_core.server.filters.constructs import Unindexed
from weave_core.server.filters.parsing import suggest
from weave_core.server.store.shared_texts import spelled, with_text

__all__ = ["Order", "next_cursor", "ordered_page", "place_of", "read_order"]

_SORTED_KINDS = ("text", "number", "milliseconds", "time", "bool")


@dataclass(frozen=True)
class Order:
    """An order of a list, as asked."""

    text: str
    """Such as `-started_ns`."""
    list_name: str
    field: Field
    tie: Column[Any]
    """Unique within the list."""
    is_descending: bool

    @property
    def column(self) -> ColumnElement[Any]:
        """What rows are ordered by."""
        return self.field.column

    def unindexed(self) -> "Order":
        """The same for few rows that something else finds.

        Else SQLite would walk all rows of the list in this order, since that spares it to sort.
        """
        return replace(self, field=replace(self.field, column=Unindexed(self.column)))

    @property
    def is_nullable(self) -> bool:
        """Whether the column may hold nothing; then those rows come last."""
        return not isinstance(self.column, Column) or bool(self.column.nullable)


def read_order(text: str, vocabulary: Vocabulary, tie: Column[Any]) -> Order:
    """The order that `text` names: a field, with `-` in front for largest first.

    Raises:
        BadRequest: If there is no such field, or it has no order.
    """
    name = text.removeprefix("-")
    field = vocabulary.fields.get(name)
    if field is None or field.is_of_span or field.kind not in _SORTED_KINDS:
        known = [
            each.name
            for each in vocabulary.fields.values()
            if not each.is_of_span and each.kind in _SORTED_KINDS
        ]
        raise BadRequest(
            f"{vocabulary.name} can't be ordered by {text[:60]!r}",
            f"{suggest(name, known)}a leading - means largest first; known: "
            f"{', '.join(sorted(known))}",
        )
    return Order(text, vocabulary.name, field, tie, is_descending=text.startswith("-"))


def ordered_page(
    query: Select[Any], order: Order, cursor: str | None, limit: int, *, dialect: str
) -> Select[Any]:
    """`query` in `order`, from `cursor` on, with one row more than `limit`.

    Args:
        query: Of the list.
        order: As asked.
        cursor: None: from the beginning.
        limit: Rows of a page.
        dialect: `sqlite` or `postgresql`.

    Raises:
        BadCursor: If the cursor is not one of this list in this order.
    """
    if cursor is not None:
        query = query.where(_after(order, place_of(order, cursor)))
    query, value = with_text(query, order.column, dialect)
    columns = (value, order.tie)
    sorting = [column.desc() if order.is_descending else column.asc() for column in columns]
    if order.is_nullable:
        sorting.insert(0, order.column.is_(None).asc())
    return query.order_by(*sorting).limit(limit + 1)


def next_cursor(order: Order, rows: Sequence[Sequence[Any]], limit: int) -> str | None:
    """The cursor behind the first `limit` of `rows`; None when there are no more.

    The last two columns of a row are the ordered one and the tie-breaker.
    """
    if len(rows) <= limit:
        return None
    value, tie = rows[limit - 1][-2], rows[limit - 1][-1]
    if isinstance(tie, bytes):
        tie = tie.hex()
    return encode_cursor(order.list_name, order.text, Place(value, tie))


def place_of(order: Order, cursor: str) -> Place:
    """Where the page before ended.

    Raises:
        BadCursor: If the cursor is not one of this list in this order.
    """
    types: tuple[type, ...] = (str,) if order.field.kind == "text" else (int, float, bool)
    is_id = order.tie.type.python_type is bytes
    tie_type: type[str | int] = str if is_id else int
    return decode_cursor(cursor, order.list_name, order.text, types=types, tie_type=tie_type)


def _after(order: Order, place: Place) -> ColumnElement[bool]:
    column, tie = order.column, order.tie
    last: Any = bytes.fromhex(place.tie) if isinstance(place.tie, str) else place.tie
    is_later = tie < last if order.is_descending else tie > last
    if place.value is None:
        return and_(column.is_(None), is_later)
    if not order.is_nullable:
        # A row value is one range of the index (column, tie); the same spelled out is not.
        here, there = tuple_(spelled(column), tie), tuple_(place.value, last)
        return here < there if order.is_descending else here > there
    # As a bound value: SQLAlchemy compares with a bare True by IS only.
    value = literal(place.value)
    is_beyond = column < value if order.is_descending else column > value
    return or_(is_beyond, and_(spelled(column) == value, is_later), column.is_(None))
