"""Runs: what was trained, with what, and what came of it."""

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from weave_core.app import formats
from weave_core.app.frame import errors_shown, show_filter_error
from weave_core.app.project_picker import pick_project
from weave_core.app.state import client, run_url
from weave_core.errors import BadRequest
from weave_core.flat_keys import flattened
from weave_core.model import Run

PAGE_SIZE = 100
MAX_COLUMNS = 6
"""Metrics and config values in the table, each; the page of a run has all of them."""
REFRESH_S = 5.0
EMPTY = """No runs yet. In Python:

```python
with weave_core.run("{project}", config={{"lr": 0.1}}) as run:
    for step in range(100):
        run.log({{"loss": 1 / (step + 1)}}, step=step)
```"""


def first_page() -> None:
    """Another list begins at its newest run."""
    st.query_params.pop("after", None)


def row_of(run: Run, metrics: list[str], settings: list[str]) -> dict[str, Any]:
    """A run as a row of the table."""
    return {
        "run": run_url(run.project, run.run_id, name=run.name),
        "state": run.state,
        "began": datetime.fromtimestamp(run.started_ns / 1e9, UTC),
        "took": formats.duration(run.duration_ms),
        "step": run.last_step,
        **{f"metric {name}": number_of(run.summary.get(name)) for name in metrics},
        **{f"config {name}": text_of(dict(flattened(run.config)).get(name)) for name in settings},
        "group": run.group or "",
        "tags": ", ".join(run.tags),
    }


def number_of(value: object) -> float | None:
    """A metric in a cell; one that is NaN has none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]  # Looked at above.


def text_of(value: object) -> str:
    """A config value in a cell: columns of one type are drawn, mixed ones are not."""
    return "" if value is None else str(value)[:200]


def show_list(project: str, condition: str | None, order_by: str) -> None:
    """One page of the list, read again while something runs."""
    with errors_shown():
        after = st.query_params.get("after")
        try:
            page = client().list_runs(
                project, filter=condition, order_by=order_by, limit=PAGE_SIZE, cursor=after
            )
        except BadRequest as error:
            if condition is None:
                raise
            show_filter_error(condition, error)
            return
        if not page.items:
            if condition is None:
                st.markdown(EMPTY.format(project=project.replace("`", "")))
            else:
                st.caption("No run is like that.")
            return
        show_table(page.items)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if after and st.button("Newest", type="tertiary", icon=":material/first_page:"):
                first_page()
                st.rerun()
            if page.next_cursor and st.button(
                "Older", type="tertiary", icon=":material/chevron_right:", icon_position="right"
            ):
                st.query_params["after"] = page.next_cursor
                st.rerun()


def show_table(runs: list[Run]) -> None:
    """The rows, with the metrics and config values that most of them have."""
    metrics = most_frequent([run.summary for run in runs])
    settings = most_frequent([dict(flattened(run.config)) for run in runs])
    st.dataframe(
        [row_of(run, metrics, settings) for run in runs],
        hide_index=True,
        column_config={
            # The name stands behind the address, where links show what follows the mark.
            "run": st.column_config.LinkColumn("run", display_text=r"name=(.*)$", pinned=True),
            "began": st.column_config.DatetimeColumn("began", format="distance"),
            **{f"metric {name}": st.column_config.Column(name) for name in metrics},
            **{f"config {name}": st.column_config.Column(name) for name in settings},
        },
        key="runs",
    )


def most_frequent(mappings: list[dict[str, Any]]) -> list[str]:
    """The keys that most of `mappings` have."""
    counts: dict[str, int] = {}
    for mapping in mappings:
        for key in mapping:
            counts[key] = counts.get(key, 0) + 1
    return sorted(counts, key=lambda key: (-counts[key], key))[:MAX_COLUMNS]


with st.container(horizontal=True, vertical_alignment="center"):
    project = pick_project(on_other=first_page)
    if project is not None:
        condition = st.text_input(
            "Filter", key="filter", bind="query-params", on_change=first_page, max_chars=2000,
            placeholder="metrics['loss'] < 1 and config['lr'] = 0.1 and state = 'finished'",
            icon=":material/filter_alt:", label_visibility="collapsed",
        )  # fmt: skip
        order_by = st.text_input(
            "Order", key="order", bind="query-params", on_change=first_page, max_chars=300,
            placeholder="-started_ns", icon=":material/sort:", label_visibility="collapsed",
            width=220,
        )  # fmt: skip

if project is None:
    st.markdown(EMPTY.format(project="my-project"))
else:
    is_moving = not st.query_params.get("after")
    st.fragment(show_list, run_every=REFRESH_S if is_moving else None)(
        project, condition or None, order_by or "-started_ns"
    )
