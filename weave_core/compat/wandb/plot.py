"""`wandb.plot`: tables that are shown as charts, with wandb's functions and columns.

A chart that can't be made of what was given is left out with a warning: no training stops by it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from weave_core.compat.wandb_curves import confusion_rows, listed, precision_rows, roc_rows
from weave_core.compat.wandb_media import kept
from weave_core.compat.wandb_missing import not_provided
from weave_core.compat.wandb_tables import Table
from weave_core.errors import ConfigError
from weave_core.foreign_runs.wandb_charts import chart_of
from weave_core.model import ChartKind
from weave_core.tracing import tables
from weave_core.tracing.failures import warn_once

__all__ = [
    "bar",
    "confusion_matrix",
    "histogram",
    "line",
    "line_series",
    "plot_table",
    "pr_curve",
    "roc_curve",
    "scatter",
]


def line(  # noqa: PLR0917  # These functions take what wandb's take, by position too.
    table: Any,
    x: str,
    y: str,
    stroke: str | None = None,
    title: str = "",
    split_table: object = None,  # noqa: ARG001  # A section of wandb's own pages.
) -> Any:
    """A line, or one for each value of the column `stroke`."""
    return _drawn("line", lambda: table, x=x, y=y, color=stroke, title=title)


def scatter(
    table: Any,
    x: str,
    y: str,
    title: str = "",
    split_table: object = None,  # noqa: ARG001
) -> Any:
    """A point for each row."""
    return _drawn("scatter", lambda: table, x=x, y=y, title=title)


def bar(
    table: Any,
    label: str,
    value: str,
    title: str = "",
    split_table: object = None,  # noqa: ARG001
) -> Any:
    """A bar for each row."""
    return _drawn("bar", lambda: table, x=label, y=value, title=title)


def histogram(
    table: Any,
    value: str,
    title: str = "",
    split_table: object = None,  # noqa: ARG001
) -> Any:
    """How often which values of a column occur."""
    return _drawn("histogram", lambda: table, x=value, title=title)


def line_series(  # noqa: PLR0917
    xs: Any,
    ys: Any,
    keys: Any = None,
    title: str = "",
    xname: str = "x",
    split_table: object = None,  # noqa: ARG001
) -> Any:
    """Several lines over one list of x, or over one each.

    Args:
        xs: One list, or a list for each line.
        ys: A list for each line.
        keys: Names of the lines.
        title: Above them.
        xname: What x is called.
        split_table: Has no meaning here.
    """

    def make() -> Table:
        lines, places = listed(ys), listed(xs)
        own = bool(places) and isinstance(places[0], list)
        names = [f"line_{number}" for number in range(len(lines))] if keys is None else listed(keys)
        if len(names) != len(lines) or (own and len(places) != len(lines)):
            raise ConfigError(
                f"{len(lines)} lines, {len(names)} names, {len(places) if own else 1} lists of x",
                "give one of each for each line",
            )
        rows = [
            [at, str(name), value]
            for number, (name, values) in enumerate(zip(names, lines, strict=True))
            for at, value in zip(places[number] if own else places, values, strict=False)
        ]
        return Table(columns=["step", "lineKey", "lineVal"], data=rows)

    options = {
        "x": "step",
        "y": "lineVal",
        "color": "lineKey",
        "x_title": xname,
        "y_title": "value",
    }
    return _drawn("line", make, title=title, **options)


def confusion_matrix(  # noqa: PLR0917
    probs: Any = None,
    y_true: Any = None,
    preds: Any = None,
    class_names: Sequence[Any] | None = None,
    title: str = "Confusion Matrix Curve",
    split_table: object = None,  # noqa: ARG001
) -> Any:
    """How often which class was taken for which.

    Args:
        probs: A row of scores for each example; or `preds`.
        y_true: The true class of each.
        preds: The predicted class of each.
        class_names: What the classes are called, in their order.
        title: Above it.
        split_table: Has no meaning here.
    """

    def make() -> Table:
        rows, _ = confusion_rows(probs, y_true, preds, class_names)
        return Table(columns=["Actual", "Predicted", "nPredictions"], data=rows)

    options = {"x": "Predicted", "y": "Actual", "value": "nPredictions"}
    return _drawn("matrix", make, title=title, **options)


def pr_curve(  # noqa: PLR0917
    y_true: Any = None,
    y_probas: Any = None,
    labels: Any = None,
    classes_to_plot: Any = None,
    interp_size: int = 21,
    title: str = "Precision-Recall Curve",
    split_table: object = None,  # noqa: ARG001
) -> Any:
    """Precision over recall, a line for each class.

    Args:
        y_true: The true class of each example.
        y_probas: A row of scores for each example.
        labels: What the classes are called, where they are numbers.
        classes_to_plot: Only these.
        interp_size: At how many recalls.
        title: Above it.
        split_table: Has no meaning here.
    """

    def make() -> Table:
        rows = precision_rows(y_true, y_probas, labels, classes_to_plot, int(interp_size))
        return Table(columns=["class", "precision", "recall"], data=rows)

    options = {"x": "recall", "y": "precision", "color": "class"}
    return _drawn("line", make, title=title, x_title="Recall", y_title="Precision", **options)


def roc_curve(  # noqa: PLR0917
    y_true: Any = None,
    y_probas: Any = None,
    labels: Any = None,
    classes_to_plot: Any = None,
    title: str = "ROC Curve",
    split_table: object = None,  # noqa: ARG001
) -> Any:
    """True over false positive rate, a line for each class; arguments as for `pr_curve`."""

    def make() -> Table:
        rows = roc_rows(y_true, y_probas, labels, classes_to_plot)
        return Table(columns=["class", "fpr", "tpr"], data=rows)

    options = {"x": "fpr", "y": "tpr", "color": "class"}
    titles = {"x_title": "False positive rate", "y_title": "True positive rate"}
    return _drawn("line", make, title=title, **options, **titles)


def plot_table(
    vega_spec_name: str,
    data_table: Any,
    fields: dict[str, Any] | None = None,
    string_fields: dict[str, Any] | None = None,
    split_table: object = None,  # noqa: ARG001
) -> Any:
    """A table with one of wandb's own charts; with another's spec it is a table alone.

    Args:
        vega_spec_name: Such as `wandb/line/v0`.
        data_table: The table.
        fields: Columns by the spec's fields.
        string_fields: Texts by the spec's fields, such as `title`.
        split_table: Has no meaning here.
    """
    chart = chart_of(vega_spec_name, fields or {}, string_fields or {})
    if chart is None:
        warn_once(
            f"wandb spec {vega_spec_name}",
            "wandb: the chart %r is kept at W&B, so only its table is shown", vega_spec_name,
        )  # fmt: skip
        return data_table
    return _drawn(chart.pop("kind"), lambda: data_table, **chart)


def _drawn(
    kind: ChartKind, make: Callable[[], Any], *, title: str | None = None, **options: Any
) -> Any:
    """What `make` gives, shown as a chart; the table alone where its columns are others."""

    def draw() -> Any:
        table = make()
        if not isinstance(table, tables.Table):
            raise ConfigError(f"a {kind} chart of {type(table).__name__}", "give a wandb.Table")
        try:
            return table.with_chart(kind, title=title or None, **options)
        except (ConfigError, TypeError) as error:
            warn_once(f"wandb chart {error}", "wandb: a table is logged without a chart: %s", error)
            return table

    return kept(f"plot.{kind}", draw)


def __getattr__(name: str) -> Any:
    """What is not there says so."""
    raise not_provided("wandb.plot", name)
