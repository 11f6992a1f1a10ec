"""One evaluation: the gate, each scorer with its interval, slices, and the items behind them."""

import streamlit as st

from weave_core.app import evaluation_words as words
from weave_core.app.components.evaluation_header import evaluation_content, evaluation_header
from weave_core.app.components.evaluation_list import scale_of
from weave_core.app.components.figure_table import (
    Cell,
    Row,
    bar,
    figure_table,
    table_rows,
    verdict_cell,
)
from weave_core.app.evaluation_charts import distribution_chart
from weave_core.app.formats import duration, money
from weave_core.app.frame import errors_shown
from weave_core.app.state import client, project_of_address, trace_url
from weave_core.errors import NotFound
from weave_core.model import EvaluatedItem, ItemScore, StoredEvaluation

PAGE_SIZE = 50
CHARTS_A_ROW = 4
OPEN_ROWS = 12
"""Longer tables of slices begin folded, so that the items stay in sight."""
REFRESH_S = 5.0
IN_ORDER, FAILED = "in order", "errors"
_WORST = "worst by "
_MAX_CELL = 200
_JUST_READ = "evaluation_just_read"


def show_gate(evaluation: StoredEvaluation) -> None:
    """What was demanded, clause by clause."""
    gate = evaluation.gate
    if gate is None:
        return
    rows = []
    for clause in gate.clauses:
        found = "" if clause.value is None else f"{clause.value:.4g}"
        if clause.low is not None and clause.high is not None:
            found += f"  ({clause.low:.4g} to {clause.high:.4g})"
        chip = verdict_cell(clause.verdict, words.verdict(clause.verdict))
        note: Cell = {"text": clause.note, "title": clause.note, "dim": True}
        rows.append(Row([clause.text, found, chip, note]))
    columns = [
        ("Gate", "minmax(160px, 1fr)", ""), ("Found", "minmax(150px, 1fr)", ""),
        ("", "110px", ""), ("", "minmax(120px, 2fr)", ".wrap"),
    ]  # fmt: skip
    figure_table(table_rows("Gate", columns, rows), key="gate")


def show_scorers(evaluation: StoredEvaluation) -> None:
    """Each scorer's mean, where the true one lies, and what could not be scored."""
    rows = []
    for name, found in (evaluation.summary.scorers if evaluation.summary else {}).items():
        value, is_rate = found.estimate, found.is_rate
        labels = ", ".join(f"{label} {count:,}" for label, count in found.labels.items())
        errors: Cell = {"text": f"{found.errors:,}", "bad": True} if found.errors else "0"
        drawn = bar(value, scale_of(found)) if value else {"text": labels, "title": labels}
        rows.append(
            Row(
                [
                    name, words.estimate(value, is_rate=is_rate), drawn,
                    {"text": words.interval(value, is_rate=is_rate), "dim": True},
                    f"{found.scored:,}", errors,
                ]
            )
        )  # fmt: skip
        for word, more in found.more.items():
            is_share = is_rate or word == "f1_macro"
            rows.append(
                Row(
                    [
                        f"{name}.{word}", words.estimate(more, is_rate=is_share),
                        bar(more, scale_of(found)),
                        {"text": words.interval(more, is_rate=is_share), "dim": True}, "", "",
                    ]
                )
            )  # fmt: skip
    columns = [
        ("Scorer", "minmax(120px, 1fr)", ""), ("Mean", "80px", ".num"),
        ("", "minmax(160px, 2fr)", ""), ("95 % interval", "minmax(170px, 1fr)", ""),
        ("Scored", "70px", ".num"), ("Failed", "60px", ".num"),
    ]  # fmt: skip
    figure_table(table_rows("Scorers", columns, rows, empty="Nothing was scored."), key="scorers")


def show_breakdown(project: str, evaluation: StoredEvaluation) -> None:
    """How scores are spread, and how they differ between slices."""
    found = client().get_breakdown(project, evaluation.evaluation_id)
    scorers = evaluation.summary.scorers if evaluation.summary else {}
    names = [name for name in scorers if name in found.distributions]
    for start in range(0, len(names), CHARTS_A_ROW):
        columns = st.columns(CHARTS_A_ROW)
        for column, name in zip(columns, names[start : start + CHARTS_A_ROW], strict=False):
            is_rate = name in scorers and scorers[name].is_rate
            chart = distribution_chart(name, found.distributions[name], is_rate=is_rate)
            column.echarts_chart(chart, height=180, alt=f"Scores of {name}", key=f"spread_{name}")
    if not found.slices:
        return
    rows = []
    for each in found.slices:
        summary = scorers.get(each.scorer)
        is_rate = summary is not None and summary.is_rate
        scale = scale_of(summary) if summary else (0.0, 1.0)
        mark = summary.estimate.value if summary and summary.estimate else None
        rows.append(
            Row(
                [
                    f"{each.column} = {each.value}", each.scorer, f"{each.items:,}",
                    words.estimate(each.estimate, is_rate=is_rate),
                    bar(each.estimate, scale, mark=mark),
                    {"text": words.interval(each.estimate, is_rate=is_rate), "dim": True},
                ]
            )
        )  # fmt: skip
    table_columns = [
        ("Slice", "minmax(140px, 1.4fr)", ""), ("Scorer", "minmax(90px, 1fr)", ""),
        ("Items", "70px", ".num"), ("Mean", "80px", ".num"), ("", "minmax(150px, 2fr)", ""),
        ("95 % interval", "minmax(170px, 1fr)", ""),
    ]  # fmt: skip
    with st.expander(f"Slices ({len(rows)})", expanded=len(rows) <= OPEN_ROWS):
        figure_table(table_rows("Slices", table_columns, rows), key="slices")
        st.caption("The line is the mean over all items.")


def show_flaky(evaluation: StoredEvaluation) -> None:
    """Items that do not come out the same each time."""
    flaky = evaluation.summary.flaky if evaluation.summary else []
    if not flaky:
        return
    rows = [
        Row([f"#{each.index}", each.scorer, f"{each.mean:.3g}", f"{each.deviation:.3g}",
             f"{each.epochs}"])
        for each in flaky
    ]  # fmt: skip
    columns = [
        ("Item", "80px", ""), ("Scorer", "minmax(120px, 1fr)", ""), ("Mean", "90px", ".num"),
        ("Deviation", "90px", ".num"), ("Epochs", "80px", ".num"),
    ]  # fmt: skip
    with st.expander(f"Flaky items ({len(rows)})"):
        figure_table(table_rows("Flaky items", columns, rows), key="flaky")


def first_page() -> None:
    """Another order begins at its first item."""
    st.query_params.pop("after", None)


def show_items(project: str, evaluation: StoredEvaluation) -> None:
    """The examples, in the order of the dataset or the worst first; a row leads to its trace."""
    names = list(evaluation.summary.scorers if evaluation.summary else {})
    orders = [IN_ORDER, *(f"{_WORST}{name}" for name in names), FAILED]
    order = st.segmented_control(
        "Items", orders, key="items", default=IN_ORDER, required=True, bind="query-params",
        on_change=first_page,
    )  # fmt: skip
    order = order or IN_ORDER
    after = st.query_params.get("after")
    page = client().list_evaluated(
        project,
        evaluation.evaluation_id,
        outcome="error" if order == FAILED else None,
        worst_by=order.removeprefix(_WORST) if order.startswith(_WORST) else None,
        limit=PAGE_SIZE,
        cursor=after if order == IN_ORDER else None,
    )
    rows = [item_row(project, each, names) for each in page.items]
    columns = [
        ("Item", "64px", ""), ("Input", "minmax(140px, 2fr)", ""),
        ("Output", "minmax(140px, 2fr)", ""),
        *((name, "minmax(70px, 0.6fr)", "") for name in names),
        ("Took", "72px", ".num"), ("Cost", "80px", ".num"),
    ]  # fmt: skip
    empty = "No example failed." if order == FAILED else "No example has been run yet."
    figure_table(table_rows("Items", columns, rows, empty=empty), key="items_table")
    if page.next_cursor and st.button("Next", type="tertiary", icon=":material/chevron_right:"):
        st.query_params["after"] = page.next_cursor
        st.rerun()


def item_row(project: str, item: EvaluatedItem, scorers: list[str]) -> Row:
    """One example."""
    epoch = f".{item.epoch}" if item.epoch else ""
    shown_output: Cell = _text(item.output_preview)
    if item.error is not None:
        message = f"{item.error.type}: {item.error.message}"
        shown_output = {"text": message[:_MAX_CELL], "title": message, "bad": True}
    cells: list[Cell] = [
        f"#{item.index}{epoch}",
        _text(item.input_preview),
        shown_output,
        *(_score(item.scores.get(name)) for name in scorers),
        {"text": duration(item.latency_ms), "dim": item.is_cached,
         "title": "Taken from an earlier run" if item.is_cached else ""},
        money(item.cost_usd),
    ]  # fmt: skip
    url = trace_url(project, item.trace_id, item.span_id) if item.trace_id else None
    return Row(cells, url=url, id=f"{item.item}.{item.epoch}")


def _text(preview: str | None) -> Cell:
    return {"text": (preview or "")[:_MAX_CELL], "title": preview or ""}


def _score(score: ItemScore | None) -> Cell:
    if score is None:
        return None
    if score.error is not None:
        return {"text": score.error.type, "title": score.error.message, "bad": True}
    title = words.reasons(score)
    if score.value is None:
        return {"text": score.label or "", "title": title}
    if score.is_rate:
        return {"text": "yes" if score.value else "no", "bad": not score.value, "title": title}
    return {"text": f"{score.value:.3g}", "title": title}


def show(project: str, evaluation_id: str) -> None:
    """The whole page, drawn again while the evaluation runs."""
    with errors_shown():
        # What the page has just read; a fragment that runs again by itself reads anew.
        evaluation = st.session_state.pop(_JUST_READ, None)
        if evaluation is None:
            evaluation = client().get_evaluation(project, evaluation_id)
        evaluation_header(evaluation_content(project, evaluation), key="evaluation_header")
        if evaluation.state == "running":
            done = evaluation.summary.examples if evaluation.summary else 0
            planned = evaluation.planned or 0
            st.progress(min(done / planned, 1.0) if planned else 0.0, f"{done:,} of {planned:,}")
        show_gate(evaluation)
        show_scorers(evaluation)
        middle = st.container()
        show_items(project, evaluation)
        # Last, since all of a large evaluation is read for it: its items are on screen by now.
        if evaluation.summary is not None:
            with middle:
                show_breakdown(project, evaluation)
                show_flaky(evaluation)


project = project_of_address()
wanted = st.query_params.get("evaluation")
if not wanted:
    raise NotFound("the address names no evaluation", "open one in the list of evaluations")
found = client().get_evaluation(project, wanted)
st.session_state[_JUST_READ] = found
st.fragment(show, run_every=REFRESH_S if found.state == "running" else None)(project, wanted)
