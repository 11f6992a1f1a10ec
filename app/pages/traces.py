"""The list of traces: what ran lately, how it went, how long it took and what it cost."""

import streamlit as st

from weave_core.app import filters, formats, welcome
from weave_core.app.components.trace_list import ListAction, list_rows, trace_list
from weave_core.app.frame import errors_shown, show_filter_error
from weave_core.app.headlines import Headline, headline_of
from weave_core.app.project_picker import pick_project
from weave_core.app.state import TRACE_PAGE, TRACES_PAGE, client
from weave_core.errors import BadRequest
from weave_core.model import Page, TraceSummary

PAGE_SIZE = 50
HEADLINE_SIZE = 500
REFRESH_S = 2.0
NEWEST_FIRST = "-started_ns"


def first_page() -> None:
    """Another list begins at its first page."""
    st.query_params.pop("after", None)
    st.session_state.pop("before", None)


def use_example(text: str) -> None:
    """Put an example into the filter bar."""
    st.session_state["filter"] = text
    first_page()


def show_examples() -> None:
    """Examples that fill the bar, so that the language is learned by use."""
    with st.popover("Examples", type="tertiary", icon=":material/lightbulb:"):
        for name, text in filters.EXAMPLES.items():
            st.button(
                f"{name}: `{text}`", key=f"example_{name}", on_click=use_example, args=(text,),
                type="tertiary", width="stretch",
            )  # fmt: skip
        st.caption(
            "Fields: name, status, kind, model, duration_ms, total_tokens, cost_usd, user_id, "
            "session_id, started_at, error_count, tags, attributes['key'], ... "
            "Joined by and, or, not; like takes %; text_search('words') looks everywhere."
        )


def page_of(
    project: str, text: str, time_filter: str | None, order_by: str
) -> Page[TraceSummary] | None:
    """One page of traces; None where the reader's filter is wrong, which is then on screen."""
    try:
        return client().list_traces(
            project,
            filter=filters.both(text, time_filter),
            order_by=order_by,
            limit=PAGE_SIZE,
            cursor=st.query_params.get("after"),
        )
    except BadRequest:
        if not is_wrong(project, text):
            raise
        return None


def is_wrong(project: str, text: str) -> bool:
    """Whether the filter alone is refused; asked without our own part, so the place is right."""
    if not text.strip():
        return False
    try:
        client().list_traces(project, filter=text, limit=1)
    except BadRequest as error:
        show_filter_error(text, error)
        return True
    return False


@st.cache_data(ttl=10, max_entries=64, show_spinner=False)
def headline(endpoint: str, project: str, text: str, time_filter: str | None) -> Headline:  # noqa: ARG001  # The endpoint is part of the cache's key.
    """Sums over the newest traces of the list."""
    page = client().list_traces(
        project, filter=filters.both(text, time_filter), limit=HEADLINE_SIZE
    )
    return headline_of(page.items, is_partial=page.next_cursor is not None)


def show_headline(sums: Headline) -> None:
    """One quiet line of figures."""
    more = "+" if sums.is_partial else ""
    scope = f"The newest {sums.count} of them." if sums.is_partial else None
    figures = [
        ("Traces", f"{sums.count:,}{more}", scope),
        ("Failed", formats.percent(sums.error_share), scope),
        ("Median", formats.duration(sums.p50_ms) or "-", scope),
        ("p95", formats.duration(sums.p95_ms) or "-", scope),
        ("Tokens", formats.count(sums.total_tokens) or "-", scope),
        ("Cost", formats.money(sums.cost_usd) or "-", cost_note(sums)),
    ]
    with st.container(horizontal=True, key="headline", gap="medium"):
        for name, value, note in figures:
            st.metric(name, value, help=note, width="content")


def cost_note(sums: Headline) -> str | None:
    """Which traces the cost leaves out."""
    if not sums.unpriced:
        return None
    return f"Without {sums.unpriced} traces whose cost is not known."


def turn_page(page: Page[TraceSummary]) -> None:
    """Older and newer; the way back is kept in the session, the place itself in the address."""
    before: list[str] = st.session_state.setdefault("before", [])
    here = st.query_params.get("after")
    with st.container(horizontal=True, horizontal_alignment="right", key="pages"):
        if here and st.button("Newest", type="tertiary", icon=":material/first_page:"):
            first_page()
            st.rerun()
        if here and before and st.button("Newer", type="tertiary", icon=":material/chevron_left:"):
            back = before.pop()
            if back:
                st.query_params["after"] = back
            else:
                st.query_params.pop("after", None)
            st.rerun()
        if page.next_cursor and st.button(
            "Older", type="tertiary", icon=":material/chevron_right:", icon_position="right"
        ):
            before.append(here or "")
            st.query_params["after"] = page.next_cursor
            st.rerun()


def act(action: ListAction, project: str, text: str, range_name: str, order_by: str) -> None:
    """Do what the reader asked for in the table."""
    if action.open_trace:
        query = {"project": project, "trace": action.open_trace}
        kept = ("project", "filter", "range", "order", "after")
        st.session_state["list_query"] = {
            key: st.query_params[key] for key in kept if key in st.query_params
        }
        st.switch_page(TRACE_PAGE, query_params=query)
    if action.order_by:
        order_by = action.order_by
    if action.only:
        text = filters.both(text, filters.equals(*action.only)) or ""
    query = {"project": project, "filter": text, "range": range_name, "order": order_by}
    if order_by == NEWEST_FIRST:
        query.pop("order")
    st.session_state.pop("before", None)
    st.switch_page(TRACES_PAGE, query_params={key: value for key, value in query.items() if value})


def show_list(project: str, text: str, range_name: str, order_by: str) -> None:
    """The figures, the table and the way to the next page; what a live refresh draws again."""
    with errors_shown():
        time_filter = filters.since(range_name)
        page = page_of(project, text, time_filter, order_by)
        if page is None:
            return
        is_whole = not text.strip() and range_name == "all"
        if not page.items and is_whole and not st.query_params.get("after"):
            welcome.show(project)
            return
        show_headline(headline(str(id(client())), project, text, time_filter))
        rows = list_rows(
            project,
            page.items,
            view=f"{project}\n{text}\n{range_name}\n{order_by}\n{st.query_params.get('after')}",
            order_by=order_by,
            empty="No trace passes this filter in this time. Widen the time, or clear the filter.",
        )
        action = trace_list(rows, key="trace_list")
        turn_page(page)
        if action:
            act(action, project, text, range_name, order_by)


with st.container(horizontal=True, vertical_alignment="center", key="filter_bar"):
    project = pick_project(on_other=first_page)
    if project is not None:
        range_name = st.segmented_control(
            "Time", [*filters.RANGES, "all"], key="range", default="all", required=True,
            bind="query-params", on_change=first_page, label_visibility="collapsed",
        )  # fmt: skip
        text = st.text_input(
            "Filter",
            key="filter",
            bind="query-params",
            placeholder="status = 'error' and duration_ms > 2000",
            on_change=first_page,
            icon=":material/filter_alt:",
            label_visibility="collapsed",
        )
        show_examples()
        is_live = st.toggle("Live", value=True, key="live", bind="query-params")

if project is None:
    welcome.show(None)
else:
    order_by = st.query_params.get("order", NEWEST_FIRST)
    # Older pages stand still: rows that move under the reader's eyes help nobody.
    is_moving = is_live and not st.query_params.get("after") and order_by == NEWEST_FIRST
    listing = st.fragment(show_list, run_every=REFRESH_S if is_moving else None)
    listing(project, text or "", range_name or "all", order_by)
