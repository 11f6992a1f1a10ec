"""Values as JSON: a small one takes a short way, and comes out as by the long one."""

import enum
import math
import uuid
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from weave_core.jsonable import MAX_DEPTH, small_json, to_jsonable

Point = namedtuple("Point", "x y")  # noqa: PYI024  # What older code has.


class Colour(enum.Enum):
    """Values of several kinds."""

    RED = "red"
    NAN = math.nan
    PAIR = (1, 2)


class Text(str):
    """A text with a mind of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        return "another"


@dataclass
class Order:
    """A record."""

    id: int


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**70]),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["a\ud800", "null", "{[", "x" * 1_200, Text("t")]),
    st.binary(max_size=3),
    st.sampled_from([*Colour, Point(1, 2), Order(3), uuid.UUID(int=1), OrderedDict(a=1), {1: 2}]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=4), inner, max_size=4),
    ),
)


@given(value=VALUES)
def test_a_small_value_is_told_as_any_other(value: Any) -> None:
    """Or the short way leaves it to the long one, which knows what orjson does not."""
    told = small_json(value)
    assert told is None or told == orjson.dumps(to_jsonable(value)).decode()


def test_what_is_small_and_plain_takes_the_short_way() -> None:
    """As long as nothing in it could have to be cut."""
    deep: Any = "x"
    for _ in range(MAX_DEPTH):
        deep = [deep]
    for value in (None, True, 3, 2.5, "ä", {"question": "where?", "limit": 3}, [1, "b"], deep):
        assert small_json(value) is not None
    for value in ([deep], "x" * 2_000, math.nan, {"a": None}, b"x", Order(1)):
        assert small_json(value) is None
