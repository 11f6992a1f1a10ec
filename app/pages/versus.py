"""Two to five evaluations side by side: paired differences, and the items that changed."""

from collections.abc import Sequence

import streamlit as st

from weave_core.app import evaluation_words as words
from weave_core.app.components.evaluation_list import evaluation_list, evaluation_rows
from weave_core.app.components.figure_table import (
    Cell,
    Row,
    bar,
    figure_table,
    table_rows,
    verdict_cell,
)
from weave_core.app.components.text_diff import diff_content, text_diff
from weave_core.app.frame import errors_shown
from weave_core.app.span_texts import input_text, output_text
from weave_core.app.state import client, project_of_address
from weave_core.errors import BadRequest, NotFound
from weave_core.model import (
    Comparison,
    EvaluationComparison,
    FlippedItem,
    Span,
    StoredEvaluation,
)

MAX_COMPARED = 5
CANDIDATES = 50
_SIGNIFICANT = 0.05
_WORDS = {"better": "better", "worse": "worse", "same": "can't tell"}


def show_differences(
    evaluations: Sequence[StoredEvaluation], comparisons: Sequence[EvaluationComparison]
) -> None:
    """A row a scorer and candidate: the difference, its interval and what it would take."""
    baseline, *candidates = evaluations
    rates = {
        name
        for each in evaluations
        if each.summary
        for name, found in each.summary.scorers.items()
        if found.is_rate
    }
    st.subheader("Differences", anchor=False)
    for candidate, comparison in zip(candidates, comparisons, strict=True):
        title = f"{words.subject(candidate.task)} against {words.subject(baseline.task)}"
        st.text(f"{title}: {comparison.shared:,} shared items")
        if not comparison.scorers:
            st.caption("They share no item that both have scored: nothing can be said.")
            continue
        reach = max(_reach(each) for each in comparison.scorers.values()) or 1.0
        rows = [
            difference_row(name, each, reach=reach, is_rate=name in rates)
            for name, each in comparison.scorers.items()
        ]
        columns = [
            ("Scorer", "minmax(110px, 1fr)", ""), ("Baseline", "76px", ".num"),
            ("Now", "76px", ".num"), ("Difference", "104px", ".num"),
            ("", "minmax(140px, 2fr)", ""), ("95 % interval", "minmax(164px, 1fr)", ""),
            ("p", "64px", ".num"), ("", "92px", ""), ("Better / worse", "96px", ".num"),
        ]  # fmt: skip
        figure_table(table_rows(title, columns, rows), key=f"delta_{candidate.evaluation_id}")
        undecided = [
            f"{name}: {each.needed:,} items would show a difference as large as this one"
            for name, each in comparison.scorers.items()
            if outcome_of(each) == "same" and each.needed
        ]
        if undecided:
            st.caption(". ".join(undecided) + ".")


def difference_row(name: str, found: Comparison, *, reach: float, is_rate: bool) -> Row:
    """What one scorer says of the two."""
    outcome = outcome_of(found)
    p_value = found.p_value if found.adjusted_p_value is None else found.adjusted_p_value
    before, now = (
        f"{value * 100:.1f} %" if is_rate else f"{value:.3g}"
        for value in (found.baseline, found.candidate)
    )
    cells: list[Cell] = [
        name, before, now, words.difference(found.difference, is_rate=is_rate),
        bar(found.difference, (-reach, reach), mark=0.0, verdict=outcome),
        {"text": words.difference_interval(found.difference, is_rate=is_rate), "dim": True},
        {"text": words.p_value(p_value),
         "title": f"{found.test}, corrected for the number of scorers"},
        verdict_cell(outcome, _WORDS[outcome]),
        f"{found.improved:,} / {found.worsened:,}",
    ]  # fmt: skip
    return Row(cells)


def outcome_of(found: Comparison) -> str:
    """Higher counts as better; only where the corrected test says that it is no chance."""
    p_value = found.p_value if found.adjusted_p_value is None else found.adjusted_p_value
    if p_value is None or p_value >= _SIGNIFICANT:
        return "same"
    return "better" if found.difference.value > 0 else "worse"


def _reach(found: Comparison) -> float:
    ends = (found.difference.value, found.difference.low, found.difference.high)
    return max(abs(end) for end in ends if end is not None)


def show_slices(comparisons: Sequence[EvaluationComparison]) -> None:
    """Slices whose difference is no chance, over all of them."""
    rows = []
    for comparison in comparisons:
        for each in comparison.slices:
            outcome = outcome_of(each.comparison)
            if outcome == "same":
                continue
            change = words.difference(each.comparison.difference, is_rate=False)
            chip = verdict_cell(outcome, _WORDS[outcome])
            rows.append(Row([f"{each.column} = {each.value}", each.scorer, change, chip]))
    if not rows:
        return
    columns = [
        ("Slice", "minmax(140px, 2fr)", ""), ("Scorer", "minmax(100px, 1fr)", ""),
        ("Difference", "100px", ".num"), ("", "100px", ""),
    ]  # fmt: skip
    st.subheader("Slices that changed", anchor=False)
    figure_table(table_rows("Slices", columns, rows), key="changed_slices")
    st.caption("Corrected for the number of slices that were looked at (Benjamini-Hochberg).")


def show_flips(project: str, comparison: EvaluationComparison) -> None:
    """The items that changed most, and both outputs of the one that is picked."""
    flipped = comparison.flipped
    if not flipped:
        st.caption("No shared item has another score.")
        return
    st.subheader("Items that changed", anchor=False)
    at = picked_flip(flipped)
    left, right = st.columns([4, 7], gap="small")
    with left:
        rows = [
            Row(
                [each.item[:8], each.scorer, f"{each.baseline:.3g} → {each.candidate:.3g}"],
                pick=str(number),
                is_on=number == at,
                id=f"{each.item}.{each.scorer}",
            )
            for number, each in enumerate(flipped)
        ]
        columns = [
            ("Item", "82px", ""), ("Scorer", "minmax(80px, 1fr)", ""), ("Score", "104px", ".num"),
        ]  # fmt: skip
        picked = figure_table(table_rows("Items that changed", columns, rows), key="flips")
    if picked is not None and picked != st.query_params.get("flip"):
        st.query_params["flip"] = picked
        st.rerun(scope="fragment")
    with right, errors_shown():
        show_outputs(project, flipped[at])


def picked_flip(flipped: Sequence[FlippedItem]) -> int:
    """The item of the address, else the one that changed most."""
    wanted = st.query_params.get("flip", "")
    at = int(wanted) if wanted.isdecimal() else 0
    return at if at < len(flipped) else 0


def show_outputs(project: str, item: FlippedItem) -> None:
    """What went in and came out, then and now."""
    before, now = (
        root_of(project, trace_id) for trace_id in (item.baseline_trace_id, item.trace_id)
    )
    texts = {
        "Input": (input_text(before) if before else None, input_text(now) if now else None),
        "Output": (output_text(before) if before else None, output_text(now) if now else None),
    }
    facts = [
        [item.scorer, f"{item.baseline:.3g}", f"{item.candidate:.3g}"],
        ["Trace", item.baseline_trace_id or "", item.trace_id or ""],
    ]
    text_diff(diff_content(f"Item {item.item[:8]}", texts, facts), key="flip_diff")


def root_of(project: str, trace_id: str | None) -> Span | None:
    """The root span of an example; None where its trace is not kept any more."""
    if trace_id is None:
        return None
    try:
        spans = client().get_trace(project, trace_id).spans
    except NotFound:
        return None
    return next((span for span in spans if span.parent_span_id is None), None)


def choose_second(project: str, first: StoredEvaluation) -> None:
    """What the first can be compared with: the newest of its name."""
    st.subheader("Compare with", anchor=False)
    st.text(f"{first.name}, {words.subject(first.task)}. Pick it and another one.")
    others = client().list_evaluations(project, name=first.name, limit=CANDIDATES).items
    evaluation_list(evaluation_rows(project, others, empty=""), key="candidates")


def compare(project: str, ids: Sequence[str]) -> None:
    """All of the page below the choice; a click runs only this."""
    with errors_shown():
        evaluations = [client().get_evaluation(project, each) for each in ids]
        shown = evaluation_rows(project, evaluations, empty="")
        st.caption("The first is the baseline that the others are held against.")
        evaluation_list(shown, key="compared")
        comparisons = [client().compare_evaluations(project, each, ids[0]) for each in ids[1:]]
        show_differences(evaluations, comparisons)
        show_slices(comparisons)
        chosen = comparisons[0]
        if len(comparisons) > 1:
            names = {
                each.evaluation_id: f"{words.subject(each.task)} {each.evaluation_id[:6]}"
                for each in evaluations[1:]
            }
            wanted = st.segmented_control(
                "Items of", list(names), format_func=lambda each: names[each], key="of",
                default=ids[1], required=True, bind="query-params",
            )  # fmt: skip
            chosen = next(each for each in comparisons if each.candidate == (wanted or ids[1]))
        show_flips(project, chosen)


project = project_of_address()
ids = [each for each in st.query_params.get("ids", "").split(",") if each]
if len(set(ids)) > MAX_COMPARED:
    raise BadRequest(f"{len(set(ids))} evaluations are named", f"compare 2 to {MAX_COMPARED}")
if not ids:
    raise NotFound("the address names no evaluation", "pick two in the list of evaluations")
if len(set(ids)) == 1:
    choose_second(project, client().get_evaluation(project, ids[0]))
else:
    st.fragment(compare)(project, list(dict.fromkeys(ids)))
