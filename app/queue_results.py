"""What came of an annotation queue: item by item, how far reviewers agree, and as a dataset."""

import streamlit as st

from weave_core.app.components.figure_table import Row, figure_table, table_rows
from weave_core.app.frame import go_to
from weave_core.app.state import client, object_url, trace_url
from weave_core.model import AnnotationItem, AnnotationQueue, LabelAgreement
from weave_core.reviews import reviewed_rows, verdict_of

__all__ = ["show_agreement", "show_results"]

_PAGE = 100
_NO_PAIRS = "Nothing was reviewed by two people: raise how many review each item."


def show_results(project: str, queue: AnnotationQueue) -> None:
    """The items with what was said, page by page, and the way to a dataset."""
    labels = queue.labels.labels
    page = client().list_annotation_items(
        project, queue.queue_id, limit=_PAGE, cursor=st.query_params.get("after")
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Dataset", key="result_dataset", placeholder=queue.label_set, width=260
        )
        if st.button("Reviewed items to the dataset", icon=":material/playlist_add:"):
            rows = reviewed_rows(client(), project, queue)
            wanted = name.strip() or queue.label_set
            done = client().add_rows(project, wanted, rows)
            st.session_state["queue_added"] = (wanted, done.added, len(rows))
    added: tuple[str, int, int] | None = st.session_state.pop("queue_added", None)
    if added is not None:
        st.text(f"{added[1]} of {added[2]} reviewed items were new in {added[0]}.")
        if st.button("Open the dataset", type="tertiary"):
            go_to(object_url(project, "dataset", added[0]))
    columns = [
        ("Item", "60px", ".num"), ("State", "110px", ""),
        *((label.name, "minmax(100px, 1fr)", ".cut") for label in labels),
        ("By", "minmax(110px, 0.8fr)", ".cut"),
    ]  # fmt: skip
    rows_shown = [_row(project, queue, item) for item in page.items]
    figure_table(
        table_rows("Items", columns, rows_shown, empty="The queue is empty."), key="queue_items"
    )
    if page.next_cursor and st.button("More", type="tertiary"):
        st.query_params["after"] = page.next_cursor
        st.rerun()


def _row(project: str, queue: AnnotationQueue, item: AnnotationItem) -> Row:
    done = [each for each in item.reviews if each.state == "done"]
    state = "done" if len(done) >= queue.overlap else f"{len(done)} of {queue.overlap}"
    if any(each.state == "leased" for each in item.reviews):
        state += ", taken"
    cells = []
    for label in queue.labels.labels:
        said = [each.answers[label.name] for each in done if label.name in each.answers]
        verdict = verdict_of(label, said)
        told = "; ".join(
            f"{each.reviewer}: {each.answers[label.name]}"
            for each in done
            if label.name in each.answers
        )
        text = "" if not said else "differ" if verdict is None else _text(verdict)
        cells.append({"text": text, "title": told, "bad": bool(said) and verdict is None})
    target = item.target
    return Row(
        [
            str(item.number),
            state,
            *cells,
            {"text": ", ".join(each.reviewer for each in done)},
        ],
        url=trace_url(project, target.trace_id or "", target.span_id),
    )


def _text(verdict: object) -> str:
    if isinstance(verdict, bool):
        return "yes" if verdict else "no"
    return f"{verdict:.3g}" if isinstance(verdict, float) else str(verdict)


def show_agreement(project: str, queue: AnnotationQueue) -> None:
    """How far reviewers agree on each label, and on which items they do not."""
    found = client().get_agreement(project, queue.queue_id)
    if not any(label.items for label in found.labels):
        st.caption(_NO_PAIRS)
        return
    columns = [
        ("Label", "minmax(120px, 1fr)", ".cut"), ("Items of two or more", "150px", ".num"),
        ("Same answer", "100px", ".num"), ("Krippendorff's alpha", "150px", ".num"),
        ("Items that differ", "minmax(120px, 1fr)", ".cut"),
    ]  # fmt: skip
    rows = [
        Row(
            [
                {"text": each.name},
                str(each.items),
                "" if each.agreed is None else f"{each.agreed:.0%}",
                {
                    "text": "" if each.alpha is None else f"{each.alpha:.2f}",
                    "title": _meaning(each),
                },
                ", ".join(f"#{number}" for number in each.differing[:20]),
            ]
        )
        for each in found.labels
    ]
    figure_table(table_rows("Agreement", columns, rows), key="agreement")
    pairs = [
        Row(
            [
                {"text": label.name},
                {"text": f"{pair.first} and {pair.second}"},
                str(pair.items),
                f"{pair.agreed:.0%}",
                "" if pair.kappa is None else f"{pair.kappa:.2f}",
            ]
        )
        for label in found.labels
        for pair in label.pairs
    ]
    columns = [
        ("Label", "minmax(120px, 1fr)", ".cut"), ("Reviewers", "minmax(160px, 1fr)", ".cut"),
        ("Items of both", "110px", ".num"), ("Same answer", "100px", ".num"),
        ("Cohen's kappa", "120px", ".num"),
    ]  # fmt: skip
    figure_table(table_rows("Pairs of reviewers", columns, pairs), key="agreement_pairs")
    st.caption(
        "Kappa and alpha are agreement beyond chance: 1 all, 0 as by chance; above 0.6 is usually"
        " called good, below 0.4 the question or its instructions are unclear."
    )


def _meaning(label: LabelAgreement) -> str:
    return (
        "by how far numbers are apart" if not any(p.kappa is not None for p in label.pairs) else ""
    )
