"""The list of traces: what ran lately, how it went, how long it took and what it cost."""

import time
from dataclasses import dataclass

import streamlit as st

from weave_core.app import filters, welcome
from weave_core.app.components.facet_list import FACETS, facet_list, facet_rows
from weave_core.app.components.trace_list import (
    COLUMNS,
    DEFAULT_COLUMNS,
    ListAction,
    list_rows,
    trace_list,
)
from weave_core.app.frame import errors_shown, go_to, show_filter_error
from weave_core.app.headlines import figures_of
from weave_core.app.live_rows import MAX_ROWS, LiveRows
from weave_core.app.project_picker import pick_project
from weave_core.app.state import add_rows_url, annotate_url, client
from weave_core.app.view_picker import find_view, show_views
from weave_core.errors import BadRequest
from weave_core.model import FacetValue, SavedView, TraceSums

PAGE_SIZE = 50
REFRESH_S = 2.0
STALE_S = 30.0
"""A list that was not looked at for so long is read anew."""
SUMS_S = 10
NEWEST_FIRST = "-started_ns"
KEPT = ("filter", "range", "order", "cols")
"""Parameters of the address that a saved view keeps."""


@dataclass(frozen=True)
class Wanted:
    """Which list."""

    project: str
    text: str
    """The reader's own filter."""
    range_name: str
    order_by: str
    is_moving: bool

    @property
    def name(self) -> str:
        """Differs from that of every other list."""
        after = st.query_params.get("after", "")
        parts = [self.project, self.text, self.range_name, self.order_by, after]
        return "\n".join(parts)

    @property
    def filter(self) -> str | None:
        """The filter with the time."""
        return filters.both(self.text, filters.since(self.range_name))


def first_page() -> None:
    """Another list begins at its first page, and is no longer the saved view it came from."""
    for name in ("after", "view"):
        st.query_params.pop(name, None)
    st.session_state.pop("before", None)


def use_filter(text: str) -> None:
    """Put `text` into the filter bar."""
    st.session_state["filter"] = text
    first_page()


def use_search() -> None:
    """Write the words of the search box into the filter."""
    words = str(st.session_state.get("search") or "")
    use_filter(filters.searched(str(st.session_state.get("filter") or ""), words))


def show_examples() -> None:
    """Examples that fill the bar, so that the language is learned by use."""
    with st.popover("Examples", type="tertiary", icon=":material/lightbulb:"):
        for name, text in filters.EXAMPLES.items():
            st.button(
                f"{name}: `{text}`", key=f"example_{name}", on_click=use_filter, args=(text,),
                type="tertiary", width="stretch",
            )  # fmt: skip
        st.caption(
            "Fields: name, status, kind, model, duration_ms, total_tokens, cost_usd, user_id, "
            "session_id, started_at, error_count, tags, attributes['key'], ... "
            "Joined by and, or, not; like takes %; text_search('words') looks everywhere."
        )


def named_columns(given: str | None) -> list[str]:
    """The columns that a parameter of the address names; without it the usual ones."""
    names = [name for name in (given or "").split(",") if name in COLUMNS]
    return names or list(DEFAULT_COLUMNS)


def pick_columns() -> list[str]:
    """The menu of columns; the choice is in the address unless it is the usual one."""
    if "columns" not in st.session_state:
        st.session_state["columns"] = named_columns(st.query_params.get("cols"))
    with st.popover("Columns", type="tertiary", icon=":material/view_column:"):
        picked = st.pills(
            "Columns", list(COLUMNS), format_func=COLUMNS.__getitem__, selection_mode="multi",
            label_visibility="collapsed", key="columns",
        )  # fmt: skip
        st.caption("A narrow window leaves out what it has no room for.")
    chosen = [name for name in COLUMNS if name in picked] or list(DEFAULT_COLUMNS)
    if tuple(chosen) != DEFAULT_COLUMNS:
        st.query_params["cols"] = ",".join(chosen)
    else:
        st.query_params.pop("cols", None)
    return chosen


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


def listed(wanted: Wanted) -> LiveRows | None:
    """The rows to show; None where the reader's filter is wrong, which is then on screen.

    A list that moves is read once; after that only what has changed is asked for.
    """
    last: LiveRows | None = st.session_state.get("live_rows")
    now_s = time.monotonic()
    is_open = last is not None and last.view == wanted.name and now_s - last.read_s < STALE_S
    try:
        if last is not None and is_open and wanted.is_moving and len(last.rows) < MAX_ROWS:
            changes = client().list_changes(wanted.project, since=last.since, filter=wanted.filter)
            start_ns = filters.range_start_ns(wanted.range_name)
            rows = last.followed_by(changes, now_s=now_s, from_ns=start_ns)
        else:
            rows = read_anew(wanted, now_s)
    except BadRequest:
        if not is_wrong(wanted.project, wanted.text):
            raise
        return None
    st.session_state["live_rows"] = rows
    return rows


def read_anew(wanted: Wanted, now_s: float) -> LiveRows:
    """One page of the list; the place in the stream of changes is noted before."""
    since = client().list_changes(wanted.project).next if wanted.is_moving else ""
    page = client().list_traces(
        wanted.project,
        filter=wanted.filter,
        order_by=wanted.order_by,
        limit=PAGE_SIZE,
        cursor=st.query_params.get("after"),
    )
    return LiveRows.of_page(wanted.name, page, since=since, now_s=now_s)


@st.cache_data(ttl=SUMS_S, max_entries=64, show_spinner=False)
def sums_of(endpoint: str, project: str, text: str, time_filter: str | None) -> TraceSums:  # noqa: ARG001  # The endpoint is part of the cache's key.
    """Sums over all traces of the list."""
    return client().sum_traces(project, filter=filters.both(text, time_filter))


@st.cache_data(ttl=SUMS_S, max_entries=64, show_spinner=False)
def facets_of(
    endpoint: str,  # noqa: ARG001  # As above.
    project: str,
    text: str,
    time_filter: str | None,
) -> dict[str, list[FacetValue]]:
    """Values to pick from among the traces of the list."""
    fields = ",".join(facet.field for facet in FACETS)
    return client().list_trace_facets(project, fields, filter=filters.both(text, time_filter))


def show_figures(sums: TraceSums) -> None:
    """One quiet line of figures."""
    with st.container(horizontal=True, key="headline", gap="medium"):
        for figure in figures_of(sums):
            st.metric(figure.name, figure.value, help=figure.note, width="content")


def turn_page(next_cursor: str | None) -> None:
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
        if next_cursor and st.button(
            "Older", type="tertiary", icon=":material/chevron_right:", icon_position="right"
        ):
            before.append(here or "")
            st.query_params["after"] = next_cursor
            st.rerun()


def open_list(query: dict[str, str]) -> None:
    """Another list on this page, as a link to it would open it."""
    st.session_state["opening"] = {key: value for key, value in query.items() if value}
    st.rerun()


def settle_widgets() -> None:
    """Let bar and address show the list that `open_list` opened.

    Widgets that are on the page already hold on to what they show, whatever the address says; they
    can only be told before they are drawn.
    """
    given: dict[str, str] | None = st.session_state.pop("opening", None)
    if given is None:
        return
    first_page()
    st.session_state["filter"] = given.get("filter", "")
    st.session_state["range"] = given.get("range", "all")
    st.session_state["columns"] = named_columns(given.get("cols"))
    st.session_state["opened_view"] = given.get("view")
    for name in ("order", "view"):
        if name in given:
            st.query_params[name] = given[name]
        else:
            st.query_params.pop(name, None)


def asked() -> dict[str, str]:
    """What the address asks of the list, as a saved view keeps it."""
    asked = {key: str(st.query_params.get(key) or "") for key in ("order", "cols")}
    # The widgets themselves: what they were just told is in the address only after this run.
    asked |= {key: str(st.session_state.get(key) or "") for key in ("filter", "range")}
    return {key: asked[key] for key in KEPT if asked[key] and asked[key] != "all"}


def open_view(view: SavedView) -> None:
    """The list as it was saved."""
    kept = {key: value for key, value in view.query.items() if key in KEPT}
    open_list(kept | {"view": view.view_id})


def remember_list() -> None:
    """Note where this list is, so that a page that was opened from it leads back to it."""
    kept = ("project", "after", *KEPT)
    st.session_state["list_query"] = {
        key: st.query_params[key] for key in kept if key in st.query_params
    }


def act(action: ListAction) -> None:
    """Do what the reader asked for in the table."""
    query = asked()
    if action.order_by:
        query["order"] = action.order_by if action.order_by != NEWEST_FIRST else ""
    if action.only:
        query["filter"] = filters.added(query.get("filter", ""), filters.equals(*action.only))
    open_list(query)


def show_list(wanted: Wanted, columns: list[str]) -> None:
    """The figures, the table and the way to the next page; what a live refresh draws again."""
    with errors_shown():
        rows = listed(wanted)
        if rows is None:
            return
        is_whole = not wanted.text.strip() and wanted.range_name == "all"
        if not rows.rows and is_whole and not st.query_params.get("after"):
            welcome.show(wanted.project)
            return
        figures = st.container()
        table = list_rows(
            wanted.project,
            rows.rows,
            view=rows.view,
            order_by=wanted.order_by,
            empty="No trace passes this filter in this time. Widen the time, or clear the filter.",
            columns=columns,
        )
        action = trace_list(table, key="trace_list")
        turn_page(rows.next_cursor)
        if action:
            act(action)
        # Last, for they are the slow part of a large project: the rows are on screen by now.
        with figures:
            time_filter = filters.since(wanted.range_name)
            endpoint = str(id(client()))
            show_figures(sums_of(endpoint, wanted.project, wanted.text, time_filter))


def show_facets(wanted: Wanted) -> None:
    """What the list can be narrowed by; a click changes the filter."""
    try:
        time_filter = filters.since(wanted.range_name)
        counts = facets_of(str(id(client())), wanted.project, wanted.text, time_filter)
    except BadRequest:
        return  # A wrong filter is said beside the list, once.
    with errors_shown():
        condition = facet_list(facet_rows(counts, wanted.text), key="facet_list")
        if condition:
            is_on = condition in filters.conjuncts(wanted.text)
            changed = (filters.removed if is_on else filters.added)(wanted.text, condition)
            open_list(asked() | {"filter": changed})


settle_widgets()
with st.container(horizontal=True, vertical_alignment="center", key="filter_bar"):
    project = pick_project(on_other=first_page)
    if project is not None:
        saved = find_view(project, "traces", known=st.session_state.get("opened_view"))
        if saved is not None:
            open_view(saved)
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
        st.session_state["search"] = filters.searched_words(text or "")
        st.text_input(
            "Search", key="search", placeholder="Search all texts", on_change=use_search,
            icon=":material/search:", label_visibility="collapsed", width=190,
        )  # fmt: skip

if project is None:
    welcome.show(None)
else:
    with st.container(horizontal=True, vertical_alignment="center", key="list_bar", gap="small"):
        has_facets = st.toggle("Facets", value=True, key="facets", bind="query-params")
        is_live = st.toggle("Live", value=True, key="live", bind="query-params")
        show_examples()
        columns = pick_columns()
        view = show_views(project, "traces", asked())
        if view is not None:
            open_view(view)
        wants_rows = st.button(
            "To dataset", type="tertiary", icon=":material/playlist_add:",
            help="Make rows of the newest traces that pass the filter",
        )  # fmt: skip
        wants_queue = st.button(
            "Annotate", type="tertiary", icon=":material/rate_review:",
            help="Let people review the traces that pass the filter",
        )  # fmt: skip
    remember_list()
    order_by = st.query_params.get("order", NEWEST_FIRST)
    # Older pages stand still: rows that move under the reader's eyes help nobody.
    is_moving = is_live and not st.query_params.get("after") and order_by == NEWEST_FIRST
    wanted = Wanted(project, text or "", range_name or "all", order_by, is_moving)
    if wants_queue:
        go_to(
            annotate_url(project, new="1", **({"filter": wanted.filter} if wanted.filter else {}))
        )
    if wants_rows:
        go_to(
            add_rows_url(project, list="1", **({"filter": wanted.filter} if wanted.filter else {}))
        )
    listing = st.fragment(show_list, run_every=REFRESH_S if is_moving else None)
    if has_facets:
        beside, main = st.columns([1, 5.2], gap="medium")
        with main:
            listing(wanted, columns)
        with beside:
            st.fragment(show_facets)(wanted)
    else:
        listing(wanted, columns)
