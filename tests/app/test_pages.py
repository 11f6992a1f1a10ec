"""The pages as Streamlit's own test runner draws them, over a real server.

Components of ours are opaque here; what they show is `tests/e2e`'s.  This is the logic around them.
"""

import time

import pytest
from streamlit.testing.v1 import AppTest
from support.otlp import agent_trace, new_span, new_trace_id, send_spans
from support.screens import component_data, draw
from support.servers import ServerProcess

from weave_core.app.process import START

PAGES = START.parents[1] / "pages"
TRACE = str(PAGES / "trace.py")
SESSIONS = str(PAGES / "sessions.py")
DASHBOARD = str(PAGES / "dashboard.py")


pytestmark = pytest.mark.usefixtures("app_reads_the_server")


def texts(screen: AppTest) -> str:
    """All that is written on the page."""
    return "\n".join(str(each.value) for each in [*screen.markdown, *screen.text, *screen.caption])


def test_a_server_without_traces_shows_how_to_begin(own_server: ServerProcess) -> None:
    """Someone who has sent nothing yet is given code to paste, with this server's address."""
    screen = draw()

    assert "Nothing here yet" in screen.subheader[0].value
    assert f"endpoint='{own_server.url}'" in screen.code[0].value
    assert own_server.url in screen.code[1].value


def test_the_figures_are_those_of_the_list(server: ServerProcess, project: str) -> None:
    """Count, share of failures, median, tokens and cost stand above the table."""
    for is_failed in (True, False, False, False):
        send_spans(server.url, project, agent_trace(is_failed=is_failed))

    screen = draw(project=project)

    figures = {metric.label: metric.value for metric in screen.metric}
    assert figures["Traces"] == "4"
    assert figures["Failed"] == "25 %"
    assert figures["Median"] == "2.48 s"
    assert figures["Tokens"] == "4,208"
    assert figures["Cost"].startswith("$0.000")
    rows = component_data(screen, "trace_list")["rows"]
    assert isinstance(rows, list)
    assert [row["status"] for row in rows].count("error") == 1


def test_the_filter_of_the_address_is_in_force(server: ServerProcess, project: str) -> None:
    """A link with a filter shows the filtered list, and the bar holds the filter."""
    send_spans(server.url, project, agent_trace(user="ada"))
    send_spans(server.url, project, agent_trace(user="o'brien"))

    screen = draw(project=project, filter="user_id = 'o''brien'")

    assert screen.text_input(key="filter").value == "user_id = 'o''brien'"
    assert screen.metric[0].value == "1"


def test_a_time_range_leaves_older_traces_out(server: ServerProcess, project: str) -> None:
    """`1h` is the last hour."""
    old = time.time_ns() - 2 * 3_600 * 10**9
    send_spans(server.url, project, [new_span("old", new_trace_id(), start_ns=old, duration_ms=1)])
    send_spans(server.url, project, agent_trace())

    assert draw(project=project).metric[0].value == "2"
    assert draw(project=project, range="1h").metric[0].value == "1"


def test_a_wrong_filter_is_marked_in_the_readers_own_text(
    server: ServerProcess, project: str
) -> None:
    """Also with a time range, which adds text of ours to what the server is asked."""
    send_spans(server.url, project, agent_trace())

    screen = draw(project=project, range="24h", filter="status = 'error' and latncy > 3")

    assert "The filter is wrong" in texts(screen)
    line, mark = screen.code[0].value.split("\n")
    assert line[mark.index("^") :].startswith("latncy")


def test_a_cursor_that_is_none_is_refused_in_words(server: ServerProcess, project: str) -> None:
    """A mangled link gets a sentence, not a stack trace and not the first page."""
    send_spans(server.url, project, agent_trace())

    assert "cursor" in texts(draw(project=project, after="nonsense"))


def test_a_server_that_is_gone_is_said_once(
    monkeypatch: pytest.MonkeyPatch, server: ServerProcess
) -> None:
    """The frame shows the address that did not answer, and what to start."""
    assert server.process.poll() is None
    monkeypatch.setenv("WEAVE_CORE_ENDPOINT", "http://127.0.0.1:1")

    screen = draw()

    assert "The server does not answer" in texts(screen)
    assert "http://127.0.0.1:1" in texts(screen)
    assert texts(screen).count("weave-core up") == 1


def test_a_trace_opens_by_its_link(server: ServerProcess, project: str) -> None:
    """Header, tree and the root in full; only the root's payload was fetched."""
    spans = agent_trace()
    send_spans(server.url, project, spans)

    screen = draw(TRACE, project=project, trace=spans[0].trace_id.hex())

    assert component_data(screen, "trace_header")["name"] == "invoke_agent support"
    tree = component_data(screen, "span_tree")
    assert tree["parent"] == [-1, 0, 0, 2, 0, 0, 0]
    detail = component_data(screen, "span_detail")["span"]
    assert isinstance(detail, dict)
    assert detail["span_id"] == spans[0].span_id.hex()
    assert detail["inputs"] == {"question": "Where is my order 8812?"}


def test_a_trace_that_is_not_stored_says_so(server: ServerProcess, project: str) -> None:
    """The id that was asked for is named."""
    send_spans(server.url, project, agent_trace())

    screen = draw(TRACE, project=project, trace="ab" * 16)

    assert "Not found" in texts(screen)
    assert "ab" * 16 in texts(screen)


def test_a_span_that_is_not_in_the_trace_leaves_the_trace_readable(
    server: ServerProcess, project: str
) -> None:
    """A link with a wrong span still shows the tree, and an error beside it."""
    spans = agent_trace()
    send_spans(server.url, project, spans)

    screen = draw(TRACE, project=project, trace=spans[0].trace_id.hex(), span="ab" * 8)

    assert component_data(screen, "span_tree")["trace_id"] == spans[0].trace_id.hex()
    assert "Not found" in texts(screen)


def test_the_address_without_a_trace_says_what_to_do() -> None:
    """`/trace` alone is answered, not crashed."""
    assert "open one from the list" in texts(draw(TRACE))


def test_sessions_are_listed_with_their_sums(server: ServerProcess, project: str) -> None:
    """Traces of one conversation are one row."""
    for session in ("chat-1", "chat-1", "chat-2"):
        send_spans(server.url, project, agent_trace(session=session))

    screen = draw(SESSIONS, project=project)

    rows = component_data(screen, "session_list")["rows"]
    assert isinstance(rows, list)
    assert {row["session_id"]: row["trace_count"] for row in rows} == {"chat-1": 2, "chat-2": 1}


def test_the_dashboard_groups_by_model(server: ServerProcess, project: str) -> None:
    """One row a model with its calls, over the time asked for."""
    send_spans(server.url, project, agent_trace(model="gpt-4o-mini"))
    send_spans(server.url, project, agent_trace(model="gpt-4o"))

    screen = draw(DASHBOARD, project=project)

    rows = component_data(screen, "group_list")["rows"]
    assert isinstance(rows, list)
    assert {row["name"]: row["count"] for row in rows} == {"gpt-4o-mini": 2, "gpt-4o": 2}


def test_the_dashboard_says_when_nothing_has_it(server: ServerProcess, project: str) -> None:
    """No empty charts."""
    send_spans(server.url, project, agent_trace())

    assert "has this: environment" in texts(draw(DASHBOARD, project=project, by="environment"))
