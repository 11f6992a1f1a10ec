"""From sums to charts."""

from weave_core.app import charts
from weave_core.model import Stats
from weave_core.model.stats import Latency

HOUR = 3_600 * 10**9


def sums(model: str | None, count: int, bucket: int | None = None, failed: int = 0) -> Stats:
    """Sums of one model."""
    return Stats(
        model=model,
        count=count,
        error_count=failed,
        bucket_ns=bucket,
        latency_ms=Latency(p95=12.5),
    )


def test_a_chart_has_one_line_a_group_in_the_order_of_time() -> None:
    """What is not among the groups is left to the table."""
    series = [sums("a", 3, 2 * HOUR), sums("a", 1, HOUR), sums("b", 9, HOUR), sums("c", 9, HOUR)]

    chart = charts.time_chart(charts.FIGURES[0], series, group_by="model", groups=["b", "a"])

    assert [line["name"] for line in chart["series"]] == ["b", "a"]
    assert chart["series"][1]["data"] == [
        ["1970-01-01T01:00:00+00:00", 1],
        ["1970-01-01T02:00:00+00:00", 3],
    ]


def test_few_lines_are_drawn_the_largest_groups_first() -> None:
    """Six lines can be told apart, sixty can't."""
    totals = [sums(f"m{i}", i) for i in range(60)]

    assert charts.top_groups(totals, "model") == ["m59", "m58", "m57", "m56", "m55", "m54"]


def test_what_is_unknown_is_a_gap_and_a_share_is_of_its_bucket() -> None:
    """No cost is no zero; two failed of eight are 25 %."""
    failed, cost = charts.FIGURES[1], charts.FIGURES[3]

    assert failed.value(sums("a", 8, failed=2)) == 25.0
    assert cost.value(sums("a", 8)) is None
