"""The tab with what was called within a run: its evaluations, and its newest traces."""

import streamlit as st

from weave_core.app import filters
from weave_core.app.components.figure_table import Row, figure_table, table_rows
from weave_core.app.formats import duration, status_word
from weave_core.app.state import client, evaluation_url, trace_url, traces_url
from weave_core.model import Run, StoredEvaluation, TraceSummary

__all__ = ["show_calls"]

MAX_LISTED = 50
"""Evaluations and traces of a run on its page, the newest of each; the list of traces has all."""
NO_EVALUATION = """None. In Python:

```python
with weave_core.run() as run:
    weave_core.Evaluation(dataset=rows, task=answer, scorers=[exact]).run()
```"""
NO_TRACE = """None. Calls of operations within the run are its traces:

```python
@weave_core.op
def answer(question): ...

with weave_core.run() as run:
    answer("What is it?")
```"""


def show_calls(run: Run) -> None:
    """Draw the tab."""
    found = client().list_evaluations(run.project, run_id=run.run_id, limit=MAX_LISTED).items
    st.markdown("**Evaluations**")
    if found:
        columns = [
            ("Evaluation", "minmax(140px, 1.2fr)", ".cut"), ("State", "100px", ""),
            ("Scores", "minmax(160px, 2fr)", ".cut"), ("", "100px", ".num"),
        ]  # fmt: skip
        rows = [evaluation_row(run.project, each) for each in found]
        figure_table(table_rows("Evaluations", columns, rows), key="run_evaluations")
    else:
        st.markdown(NO_EVALUATION)
    # A run's own span is no call; by time, which is indexed, a long list is not walked through.
    of_run = f"{filters.equals('run_id', run.run_id)} and root_kind != 'run'"
    since = f"started_ns >= {run.started_ns}"
    page = client().list_traces(run.project, filter=f"{of_run} and {since}", limit=MAX_LISTED)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Traces**", width="content")
        if page.items:
            url = traces_url(project=run.project, filter=of_run)
            st.link_button("In the list of traces", url, type="tertiary")
    if page.items:
        columns = [
            ("Trace", "minmax(140px, 1.2fr)", ".cut"), ("Status", "100px", ""),
            ("Input", "minmax(160px, 2fr)", ".cut"), ("Spans", "70px", ".num"),
            ("Took", "90px", ".num"), ("", "100px", ".num"),
        ]  # fmt: skip
        rows = [trace_row(run.project, each) for each in page.items]
        figure_table(table_rows("Traces", columns, rows, is_sortable=True), key="run_traces")
    else:
        st.markdown(NO_TRACE)


def evaluation_row(project: str, each: StoredEvaluation) -> Row:
    """One evaluation with the mean of each of its scorers."""
    scorers = each.summary.scorers if each.summary else {}
    words = ", ".join(
        f"{name} {scorer.estimate.value:.3g}" for name, scorer in scorers.items() if scorer.estimate
    )
    return Row(
        [each.name, each.state, {"text": words, "title": words}, {"ago": each.started_ns / 1e6}],
        url=evaluation_url(project, each.evaluation_id),
        id=each.evaluation_id,
    )


def trace_row(project: str, each: TraceSummary) -> Row:
    """One trace."""
    is_bad = each.status == "error"
    return Row(
        [
            each.name,
            {"text": status_word(each.status), "bad": is_bad},
            {"text": each.input_preview or "", "dim": True},
            f"{each.span_count:,}",
            duration(each.duration_ms),
            {"ago": each.started_ns / 1e6},
        ],
        url=trace_url(project, each.trace_id),
        id=each.trace_id,
    )
