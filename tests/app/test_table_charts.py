"""Logged tables as charts: from columns and rows to what is drawn."""

from typing import Any

from weave_core.app.table_charts import MAX_SERIES, chart_height, table_chart
from weave_core.model import TableChart


def drawn(kind: Any, rows: list[list[Any]], **columns: str) -> dict[str, Any]:
    """The chart of a table with the columns a, b and c."""
    options = table_chart(TableChart(kind=kind, x="a", **columns), ["a", "b", "c"], rows)
    assert options is not None
    return options


def test_a_line_for_each_value_of_the_colour() -> None:
    """In the order of x; what is no number, and lines above the bound, are left out."""
    rows: list[list[Any]] = [[2, 0.5, "u"], [1, 0.9, "u"], [1, None, "v"], [3, 0.1, "v"]]
    chart = drawn("line", rows, y="b", color="c", title="T")
    assert [(each["name"], each["data"]) for each in chart["series"]] == [
        ("u", [[1.0, 0.9], [2.0, 0.5]]),
        ("v", [[3.0, 0.1]]),
    ]
    assert (chart["title"]["text"], chart["xAxis"]["type"]) == ("T", "value")
    names: list[list[Any]] = [[1, 1, f"{place}"] for place in range(99)]
    many = drawn("scatter", names, y="b", color="c")
    assert len(many["series"]) == MAX_SERIES


def test_bars_and_names_along_the_bottom() -> None:
    """Texts are categories in their order, for points too."""
    rows: list[list[Any]] = [["cat", 3, 0], ["dog", 5, 0]]
    assert drawn("bar", rows, y="b")["xAxis"]["data"] == ["cat", "dog"]
    assert drawn("line", rows, y="b")["series"][0]["data"] == [["cat", 3.0], ["dog", 5.0]]


def test_a_histogram_counts_every_value_once() -> None:
    """Whole numbers have a bar each; the largest value is in the last bar."""
    whole = drawn("histogram", [[1, 0, 0], [1, 0, 0], [3, 0, 0], ["x", 0, 0]])
    assert (whole["xAxis"]["data"], whole["series"][0]["data"]) == (["1", "2", "3"], [2, 0, 1])
    shares = drawn("histogram", [[place / 100, 0, 0] for place in range(101)])
    assert sum(shares["series"][0]["data"]) == 101


def test_a_matrix_has_a_field_for_each_pair() -> None:
    """What is true goes down; it grows with its classes."""
    rows: list[list[Any]] = [["p", "q", 2], ["q", "q", 1], ["p", "p", 4], ["q", "p", 0]]
    chart = drawn("matrix", rows, y="b", value="c")
    assert (chart["xAxis"]["data"], chart["yAxis"]["inverse"]) == (["p", "q"], True)
    assert ["p", "p", 4.0] in chart["series"][0]["data"]
    assert chart["visualMap"]["max"] == 4
    large: list[list[Any]] = [[f"{x}", f"{y}", 1] for x in range(20) for y in range(20)]
    told = TableChart(kind="matrix", x="a", y="b", value="c")
    assert chart_height(told, drawn("matrix", large, y="b", value="c")) > chart_height(told, chart)


def test_what_can_not_be_drawn_is_a_table_alone() -> None:
    """A column that is missing, or values that are all texts."""
    told = TableChart(kind="line", x="a", y="gone")
    assert table_chart(told, ["a", "b", "c"], [[1, 2, 3]]) is None
    told = TableChart(kind="bar", x="a", y="b")
    assert table_chart(told, ["a", "b", "c"], [["x", "y", 3]]) is None
