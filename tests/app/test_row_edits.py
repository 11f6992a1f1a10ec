"""Rows as texts that a reader edits, and back."""

from typing import Any

import pytest

from weave_core.app.row_edits import cell_text, cell_value, chosen, columns_of, read_row
from weave_core.errors import BadRequest


def test_columns_are_those_of_all_rows_without_their_origin() -> None:
    """In the order of their appearance."""
    rows: list[dict[str, Any]] = [{"b": 1, "metadata": {}}, {"a": 2, "b": 3}]
    assert columns_of(rows) == ["b", "a"]
    assert chosen(rows[1], ["a", "c"]) == {"a": 2}


@pytest.mark.parametrize("value", ["text", '"quoted"', "3", 3, None, ["a"], {"b": 1.5}, True])
def test_what_was_not_edited_stays_what_it_was(value: Any) -> None:
    """A text that looks like JSON is a text still."""
    assert cell_value(cell_text(value), value) == value


@pytest.mark.parametrize(
    ("text", "original", "value"),
    [("4", 3, 4), ("4", "3", "4"), ('["x"]', ["a"], ["x"]), ("four", 3, "four")],
)
def test_what_was_edited_has_the_type_that_the_cell_had(
    text: str, original: Any, value: Any
) -> None:
    """JSON where there was JSON, if it is any."""
    assert cell_value(text, original) == value


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}"])
def test_what_is_no_row_is_refused(text: str) -> None:
    """With what to do."""
    with pytest.raises(BadRequest, match="the row is no JSON"):
        read_row(text)
