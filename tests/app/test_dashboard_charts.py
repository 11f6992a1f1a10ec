"""From sums to charts, and from a point of a chart back to what stands behind it."""

from weave_core.app import charts, dashboard_figures, filters, metric_figures
from weave_core.app.charts import Line
from weave_core.model import MetricBucket, Stats
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
    """What is not among the groups is left to the table; the axis is the whole time asked for."""
    series = [sums("a", 3, 2 * HOUR), sums("a", 1, HOUR), sums("b", 9, HOUR), sums("c", 9, HOUR)]

    figure = dashboard_figures.FIGURES[0]
    lines = dashboard_figures.lines_of(figure, series, group_by="model", groups=["b", "a"])
    chart = charts.time_chart("Calls", lines, unit="count", from_ns=0, to_ns=5 * HOUR)

    assert [line["name"] for line in chart["series"]] == ["b", "a"]
    assert chart["series"][1]["data"] == [
        ["1970-01-01T01:00:00+00:00", 1],
        ["1970-01-01T02:00:00+00:00", 3],
    ]
    assert chart["xAxis"]["max"] == "1970-01-01T05:00:00+00:00"


def test_few_lines_are_drawn_the_largest_groups_first() -> None:
    """Six lines can be told apart, sixty can't."""
    totals = [sums(f"m{i}", i) for i in range(60)]

    names = dashboard_figures.top_groups(totals, "model")

    assert names == ["m59", "m58", "m57", "m56", "m55", "m54"]


def test_what_is_unknown_is_a_gap_and_a_share_is_of_its_bucket() -> None:
    """No cost is no zero; two failed of eight are 25 %."""
    failed, cost = dashboard_figures.FIGURES[1], dashboard_figures.FIGURES[3]

    assert failed.value(sums("a", 8, failed=2)) == 25.0
    assert cost.value(sums("a", 8)) is None


def test_large_values_are_drawn_in_a_larger_unit() -> None:
    """An axis with eight digits says less than one in millions; the title names the unit."""

    def drawn(unit: str, value: float) -> tuple[str, float]:
        chart = charts.time_chart("X", [Line("a", [(0, value)])], unit=unit, from_ns=0, to_ns=1)
        return chart["title"]["text"], chart["series"][0]["data"][0][1]

    assert drawn("count", 14_000_000) == ("X, millions", 14.0)
    assert drawn("count", 900) == ("X", 900)
    assert drawn("ms", 12_000) == ("X, s", 12.0)
    assert drawn("ms", 900) == ("X, ms", 900)
    assert drawn("By", 2**31) == ("X, GiB", 2.0)
    assert drawn("{token}", 5) == ("X, token", 5)


def test_a_clicked_point_is_the_line_and_the_time_it_stands_for() -> None:
    """What a page can't have drawn is no point."""
    lines = [Line("a", [(HOUR, 1.0), (2 * HOUR, None)]), Line("b", [(HOUR, 3.0)])]

    def chosen(name: object, *indices: object) -> tuple[str, int] | None:
        return charts.chosen_point([{"series_name": name, "data_indices": indices}], lines)

    assert chosen("a", 1) == ("a", 2 * HOUR)
    assert chosen("b", 1) is None
    assert chosen("c", 0) is None
    assert chosen("b", "0") is None


def test_the_traces_behind_a_point_are_in_the_order_of_what_was_clicked() -> None:
    """Behind a slow minute the slow ones come first, behind failures only the failed."""
    failed, p95 = dashboard_figures.FIGURES[1], dashboard_figures.FIGURES[5]
    group = ("model", "o'hara")

    slow = dashboard_figures.traces_query(
        "shop", "kind = 'llm'", group=group, figure=p95, period_ns=(0, HOUR)
    )
    wrong = dashboard_figures.traces_query("shop", "", group=group, figure=failed)
    whole = dashboard_figures.traces_query("shop", "", group=group)

    assert slow["order"] == "-duration_ms"
    assert filters.conjuncts(slow["filter"])[:2] == ["kind = 'llm'", "model = 'o''hara'"]
    assert "span.started_at < '1970-01-01T01:00:00Z'" in slow["filter"]
    assert wrong["filter"] == "model = 'o''hara' and span.status = 'error'"
    assert whole == {"project": "shop", "filter": "model = 'o''hara'"}


def test_a_metric_has_the_charts_of_its_kind() -> None:
    """None that would be empty; the largest groups first."""
    counted = [MetricBucket(bucket_ns=0, group={"m": "a"}, count=3, sum=3.0)]
    measured = [
        MetricBucket(bucket_ns=0, group={"m": m}, count=n, mean=1.0, p95=2.0) for m, n in GROUPS
    ]

    assert [f.title for f in metric_figures.figures_of_kind("sum", counted)] == ["Sum"]
    figures = metric_figures.figures_of_kind("histogram", measured)
    assert [figure.title for figure in figures] == ["Count", "Mean", "p95"]
    lines = metric_figures.lines_of_metric(figures[2], measured, group_by="m")
    assert [line.name for line in lines] == ["b", "(none)", "a"]
    assert metric_figures.lines_of_metric(figures[2], measured, group_by=None)[0].name == "all"


GROUPS = [("a", 1), ("b", 9), ("", 3)]
