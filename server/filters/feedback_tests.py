"""Brackets and comparisons of a filter to conditions on rows of feedback."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlglot import exp

from weave_core.errors import BadFilter
from weave_core.model import FEEDBACK_SOURCES
from weave_core.server.filters.constructs import check_key
from weave_core.server.filters.feedback import FEEDBACK_TABLE
from weave_core.server.filters.parsing import position_of, suggest
from weave_core.server.filters.values import json_value, text_value

__all__ = ["named", "says", "says_text"]

_ROW = FEEDBACK_TABLE.c
_NAME_AND_SOURCE = 2


def named(node: exp.Bracket) -> ColumnElement[bool]:
    """Feedback of the name in the brackets, and of the source behind it, where one is given.

    Raises:
        BadFilter: If the brackets hold something else.
    """
    subject = node.this.name
    if not 1 <= len(node.expressions) <= _NAME_AND_SOURCE:
        raise BadFilter(
            f"{subject!r} takes a name in brackets",
            f"write {subject}['thumbs'], or {subject}['thumbs', 'human'] for one source",
            position_of(node),
        )
    name = text_value(node.expressions[0], subject)
    check_key(name, position_of(node))
    if len(node.expressions) < _NAME_AND_SOURCE:
        return _ROW.name == name
    source = text_value(node.expressions[1], subject)
    if source not in FEEDBACK_SOURCES:
        raise BadFilter(
            f"feedback never comes from {source[:60]!r}",
            f"{suggest(source, FEEDBACK_SOURCES)}it is one of: {', '.join(FEEDBACK_SOURCES)}",
            position_of(node.expressions[1]),
        )
    return and_(_ROW.name == name, _ROW.source == source)


def says(
    other: exp.Expr, name: str, compare: Callable[[Any, Any], Any], *, is_ordered: bool
) -> ColumnElement[bool]:
    """What its value, or its label, is compared with.

    Raises:
        BadFilter: If it is no literal, or truths or labels are put in an order.
    """
    value = json_value(other, name)
    if is_ordered and isinstance(value, str | bool):
        raise BadFilter(
            f"{name} has no order beside {value!r}", "compare it with a number", position_of(other)
        )
    if isinstance(value, str):
        return compare(_ROW.label, value)  # type: ignore[no-any-return]
    return compare(_ROW.value, float(value))  # type: ignore[no-any-return]


def says_text(matches: Callable[[Any], Any]) -> ColumnElement[bool]:
    """Whether its label or its comment is one of which `matches` holds."""
    return or_(*(and_(column.is_not(None), matches(column)) for column in (_ROW.label, _ROW.text)))
