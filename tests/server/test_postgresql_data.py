"""SQL, export, import, deletion and retention of a server on PostgreSQL."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.otlp import agent_trace, big_trace, send_spans
from support.postgres import new_database
from support.sent_spans import wait_for_traces
from support.servers import start_server

from weave_core import Client
from weave_core.errors import BadRequest


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Client]:
    """A client of a server with a long and a short trace in project `p`."""
    env = {"WEAVE_CORE_DATABASE_URL": new_database(postgres_url)}
    home = tmp_path_factory.mktemp("home")
    with start_server(home, env=env) as running, Client(running.url) as client:
        send_spans(running.url, "p", big_trace(2_600))
        send_spans(running.url, "p", agent_trace())
        wait_for_traces(client, "p", 2)
        yield client


def rows(client: Client, query: str) -> list[list[Any]]:
    """Rows of a query over the project."""
    return client.run_sql("p", query).rows


def test_sql_is_the_same_language(data: Client) -> None:
    """Written in SQLite's words, answered by PostgreSQL."""
    [[n, p50]] = rows(
        data,
        "select count(*), percentile(duration_ms, 0.5) from spans"
        " where kind = 'agent' and not is_duplicate",
    )
    assert (n, p50) == (1, 2480.0)
    [[trace_id, started_at, tags]] = rows(
        data, "select trace_id, started_at, tags from spans where name = 'invoke_agent support'"
    )
    assert len(trace_id) == 32
    assert started_at.endswith("Z")
    assert tags == ["prod", "orders"]
    page = "select count(*) from spans where cast(attributes ->> 'page' as integer) < 11"
    assert rows(data, page) == [[10]]
    assert rows(data, "select iif(is_complete, 'yes', 'no') from traces limit 1") == [["yes"]]
    for table in data.list_sql_tables("p").tables:
        names = ", ".join(column.name for column in table.columns)
        assert data.run_sql("p", f"select {names} from {table.name}", limit=3).columns  # noqa: S608


def test_wrong_queries_are_told_with_their_place(data: Client) -> None:
    """The database's own words become ours."""
    with pytest.raises(BadRequest, match="'nmae' is no column") as refused:
        rows(data, "select nmae from spans")
    assert refused.value.position == len("select ")
    for query in ("select * from pg_class", "select pg_sleep(60)", "select * from project"):
        with pytest.raises(BadRequest, match="there is no"):
            rows(data, query)


def test_a_copy_is_the_same_and_can_be_deleted(data: Client) -> None:
    """Out as OTLP, in again, out again; then gone, in more than one bite."""
    first = b"".join(data.export("p", format="otlp"))
    assert data.import_lines("copy", first).spans == 2_607
    again = b"".join(data.export("copy", format="otlp"))
    assert sorted(again.splitlines()) == sorted(first.splitlines())
    done = data.delete_traces("copy", filter="span_count > 1000")
    assert (done.deleted_traces, done.deleted_spans) == (1, 2_600)
    assert len(data.list_spans("copy", limit=500).items) == 7


def test_old_traces_go(data: Client) -> None:
    """Retention deletes what began too long ago."""
    old = agent_trace(ago_s=3 * 86_400)
    assert data.import_lines("old", b"".join(data.export("p", filter="kind = 'agent'"))).spans == 1
    send_spans(str(data._http.base_url), "old", old)
    wait_for_traces(data, "old", 2)
    data.set_retention("old", 2)
    deadline = time.monotonic() + 15
    while len(data.list_traces("old").items) > 1:
        assert time.monotonic() < deadline, "the old trace is still there"
        time.sleep(0.05)
    data.set_retention("old", None)
