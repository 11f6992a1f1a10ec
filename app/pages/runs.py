"""Runs: what was trained, with what, and what came of it."""

import streamlit as st

from weave_core.app.components.pulse import live
from weave_core.app.components.run_list import RunAction, columns_of, run_list, run_rows
from weave_core.app.frame import errors_shown, show_filter_error
from weave_core.app.page_turns import first_page, turn_pages
from weave_core.app.project_picker import pick_project
from weave_core.app.run_views.groups import show_groups, show_importances
from weave_core.app.run_views.overview import (
    count_by_state,
    narrow_to,
    show_all_lines,
    show_all_relations,
)
from weave_core.app.state import client
from weave_core.errors import BadRequest
from weave_core.model import Run, RunChanges

PAGE_SIZE = 100
"""Runs of one page of the table; the next page begins behind its last run."""
REFRESH_S = 5.0
NEWEST_FIRST = "-started_ns"
EMPTY = """No runs yet. In Python:

```python
with weave_core.run("{project}", config={{"lr": 0.1}}) as run:
    for step in range(100):
        run.log({{"loss": 1 / (step + 1)}}, step=step)
```"""


def show_list(project: str, condition: str | None) -> None:
    """One page of the list, read again while it is looked at."""
    with errors_shown():
        st.session_state["runs_query"] = st.query_params.to_dict()
        order_by = st.query_params.get("order") or NEWEST_FIRST
        after = st.query_params.get("after")
        page = client().list_runs(
            project, filter=condition, order_by=order_by, limit=PAGE_SIZE, cursor=after
        )
        if not page.items and condition is None:
            st.markdown(EMPTY.format(project=project.replace("`", "")))
            return
        shown, offered = columns_of(page.items, st.query_params.get("cols"))
        rows = run_rows(
            project, page.items, shown=shown, offered=offered, order_by=order_by,
            is_grouped=st.query_params.get("by") == "group", empty="No run is like that.",
        )  # fmt: skip
        action = run_list(rows, key="run_list")
        if action is not None:
            act(project, action, page.items)
        turn_pages(page.next_cursor, first="First page", further="Next page")


def is_wrong(project: str, condition: str) -> bool:
    """Whether the filter is refused, which is said where it stands."""
    try:
        client().list_runs(project, filter=condition, limit=1)
    except BadRequest as error:
        show_filter_error(condition, error)
        return True
    return False


def act(project: str, action: RunAction, runs: list[Run]) -> None:
    """Do what the reader asked for, and show the list as it is then."""
    match action.name:
        case "columns":
            st.query_params["cols"] = ",".join(action.ids)
        case "group" if st.query_params.get("by") == "group":
            st.query_params.pop("by")
        case "group":
            st.query_params["by"] = "group"
        case "sort":
            st.query_params["order"] = action.text
            first_page()
        case "narrow":
            narrow_to(action.text)
        case _:
            picked = set(action.ids)
            for run in runs:
                if run.run_id in picked:
                    change(project, run, action)
    st.rerun()


def change(project: str, run: Run, action: RunAction) -> None:
    """Do it to one run."""
    if action.name == "delete":
        client().delete_run(project, run.run_id)
    elif action.name == "stop" and run.state == "running":
        client().change_run(project, run.run_id, RunChanges(stop=True))
    elif action.name == "tag":
        tags = list(dict.fromkeys([*run.tags, action.text]))
        client().change_run(project, run.run_id, RunChanges(tags=tags))


if "narrowed" in st.session_state:
    st.session_state["filter"] = st.session_state.pop("narrowed")
with st.container(horizontal=True, vertical_alignment="center"):
    project = pick_project(on_other=first_page)
    if project is not None:
        condition = st.text_input(
            "Filter", key="filter", bind="query-params", on_change=first_page, max_chars=2000,
            placeholder="metrics['loss'] < 1 and config['lr'] > 0.1 and state = 'finished'",
            icon=":material/filter_alt:", label_visibility="collapsed",
        )  # fmt: skip

VIEWS = ["Table", "Charts", "Relations", "Groups", "Importance"]
view = VIEWS[0]
if project is not None:
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "View", VIEWS, key="show", default=VIEWS[0], required=True, bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        counts = st.container(width="content")
order = st.query_params.get("order") or NEWEST_FIRST
if project is None:
    st.markdown(EMPTY.format(project="my-project"))
elif condition and is_wrong(project, condition):
    pass  # It is said what is wrong.
elif view == "Charts":
    show_all_lines(project, condition or None, order)
elif view == "Relations":
    show_all_relations(project, condition or None, order)
elif view == "Groups":
    show_groups(project, condition or None)
elif view == "Importance":
    show_importances(project, condition or None)
else:
    is_moving = not st.query_params.get("after")
    live(show_list, every_s=REFRESH_S if is_moving else None)(project, condition or None)
    with counts:  # After the rows, which are what is waited for.
        live(count_by_state, every_s=REFRESH_S)(project, condition or None)
