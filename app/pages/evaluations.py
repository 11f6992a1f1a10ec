"""Evaluations: what was run, how it came out, how it goes over time, and who leads."""

from collections.abc import Iterable

import streamlit as st

from weave_core.app import welcome
from weave_core.app.components.evaluation_list import evaluation_list, evaluation_rows
from weave_core.app.evaluation_charts import trend_chart
from weave_core.app.evaluation_words import subject
from weave_core.app.frame import errors_shown
from weave_core.app.page_turns import first_page, turn_pages
from weave_core.app.project_picker import pick_project
from weave_core.app.state import client
from weave_core.model import StoredEvaluation

PAGE_SIZE = 50
MAX_TREND = 200
"""Evaluations of one name in its charts, the newest ones; leaderboards are made of as many."""
CHARTS_A_ROW = 3
REFRESH_S = 5.0
EMPTY = (
    "No evaluations yet. In Python: weave_core.Evaluation(dataset=rows, task=answer, "
    "scorers=[exact]).run(), or `weave-core eval run path::name` in a terminal."
)
VIEWS = ["list", "trend", "leaderboard"]


def show_list(project: str, name: str | None) -> None:
    """One page of the list, drawn again while something runs."""
    with errors_shown():
        after = st.query_params.get("after")
        page = client().list_evaluations(project, name=name, limit=PAGE_SIZE, cursor=after)
        evaluation_list(evaluation_rows(project, page.items, empty=EMPTY), key="evaluation_list")
        turn_pages(page.next_cursor, first="Newest", further="Older")


def newest_of(project: str, name: str | None) -> list[StoredEvaluation]:
    """The evaluations that charts and leaderboards are made of."""
    return client().list_evaluations(project, name=name, limit=MAX_TREND).items


def scorer_names(evaluations: Iterable[StoredEvaluation]) -> list[str]:
    """All scorers that gave numbers, in the order of their first appearance."""
    return list(
        dict.fromkeys(
            name
            for each in evaluations
            if each.summary
            for name, found in each.summary.scorers.items()
            if found.estimate is not None
        )
    )


def show_trend(evaluations: list[StoredEvaluation]) -> None:
    """One chart a scorer."""
    names = scorer_names(evaluations)
    if not names:
        st.caption("None of these has a score that is a number yet.")
    for start in range(0, len(names), CHARTS_A_ROW):
        columns = st.columns(CHARTS_A_ROW)
        for column, scorer in zip(columns, names[start : start + CHARTS_A_ROW], strict=False):
            chart = trend_chart(scorer, evaluations)
            column.echarts_chart(
                chart, height=240, alt=f"{scorer} over time", key=f"trend_{scorer}"
            )
    st.caption("The band is where the true mean lies, with 95 % confidence.")


def show_leaderboard(project: str, evaluations: list[StoredEvaluation]) -> None:
    """The newest evaluation of each version of a task on one dataset, the best first."""
    done = [each for each in evaluations if each.state == "done" and each.summary]
    datasets = list(dict.fromkeys(subject(each.dataset) for each in done))
    if not datasets:
        st.caption("No evaluation is done yet.")
        return
    with st.container(horizontal=True):
        dataset = st.selectbox("Dataset", datasets, key="dataset", bind="query-params")
        of_dataset = [each for each in done if subject(each.dataset) == dataset]
        scorer = st.selectbox("Scorer", scorer_names(of_dataset), key="scorer", bind="query-params")
    newest: dict[str, StoredEvaluation] = {}
    for each in of_dataset:
        newest.setdefault(subject(each.task), each)
    ranked = sorted(newest.values(), key=lambda each: -score_of(each, scorer))
    rows = evaluation_rows(project, ranked, empty=EMPTY, is_ranked=True)
    evaluation_list(rows, key="leaderboard")
    st.caption("Neighbours whose bars overlap may change places with other items: compare them.")


def score_of(evaluation: StoredEvaluation, scorer: str | None) -> float:
    """What a leaderboard is ordered by; below all where it was not scored."""
    found = evaluation.summary.scorers.get(scorer or "") if evaluation.summary else None
    return found.estimate.value if found and found.estimate else float("-inf")


with st.container(horizontal=True, vertical_alignment="center"):
    project = pick_project(on_other=first_page)
    if project is not None:
        view = st.segmented_control(
            "View", VIEWS, key="view", default="list", required=True,
            bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
        name = st.text_input(
            "Name", key="name", bind="query-params", on_change=first_page, max_chars=200,
            placeholder="Name of an evaluation", icon=":material/filter_alt:",
            label_visibility="collapsed",
        )  # fmt: skip

if project is None:
    welcome.show(None)
elif view == "trend":
    show_trend(newest_of(project, name or None))
elif view == "leaderboard":
    show_leaderboard(project, newest_of(project, name or None))
else:
    is_moving = not st.query_params.get("after")
    st.fragment(show_list, run_every=REFRESH_S if is_moving else None)(project, name or None)
