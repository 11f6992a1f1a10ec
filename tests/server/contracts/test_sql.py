"""Read-only SQL, asked of a real server: what it answers, and what it refuses."""

import json
import time
from typing import Any

import httpx
import pytest
from support.sent_spans import hex_id, otlp_span, send_spans, wait_for_traces
from support.servers import ServerProcess

from weave_core import Client
from weave_core.errors import BadRequest, NotFound

SECOND = 10**9
START_NS = 1_767_225_600 * SECOND
"""2026-01-01T00:00:00Z."""


def call(trace: int, span: int, model: str, ms: int, **attributes: Any) -> dict[str, Any]:
    """A model call that took `ms`."""
    known = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 10,
    }
    return otlp_span(
        trace,
        span,
        start_ns=START_NS + span * SECOND,
        duration_ns=ms * 1_000_000,
        attributes=known | attributes,
    )


@pytest.fixture
def asked(server: ServerProcess, client: Client, project: str) -> str:
    """A project with five calls of two models, in five traces."""
    spans = [call(n, n, "gpt-4o", n * 100, tier="pro" if n > 2 else "free") for n in range(1, 5)]
    spans.append(call(9, 9, "claude-x", 1_000, **{"gen_ai.conversation.id": "s-1"}))
    send_spans(server.url, project, spans)
    send_spans(server.url, f"{project}-other", [call(1, 1, "secret", 1)])
    wait_for_traces(client, project, 5)
    return project


def test_attributes_have_the_names_that_were_sent(
    client: Client, project: str, server: Any
) -> None:
    """Rows shorten what every sender has; views and filters don't show it."""
    sent = {
        "gen_ai.request.temperature": 0.5,
        "server.address": 'a "\x7f0": b',
        "tier": "pro",
        "code.line.number": 7,
    }
    send_spans(server.url, project, [call(1, 1, "gpt-4o", 100, **sent)])
    wait_for_traces(client, project, 1)
    (row,) = client.run_sql(project, "select attributes from spans").rows
    shown = json.loads(row[0]) if isinstance(row[0], str) else row[0]
    assert shown == sent | {"gen_ai.operation.name": "chat"}
    for condition, count in (
        ("attributes['gen_ai.request.temperature'] < 1", 1),
        ("attributes['gen_ai.request.temperature'] > 1", 0),
        ("attributes['gen_ai.operation.name'] = 'chat'", 1),
        ("attributes['gen_ai.operation.name'] like 'ch%'", 1),
        ("attributes['server.port'] is null", 1),
        ("attributes['code.line.number'] is not null and attributes['tier'] = 'pro'", 1),
    ):
        assert len(client.list_spans(project, filter=condition).items) == count, condition


def test_rows_are_grouped_and_summed(client: Client, asked: str) -> None:
    """The question that everybody asks: latency and tokens by model."""
    result = client.run_sql(
        asked,
        """
        select model, count(*) as calls, sum(total_tokens) as tokens,
               percentile(duration_ms, 0.5) as p50, max(duration_ms) as slowest
        from spans where kind = 'llm' and not is_duplicate
        group by model order by model
        """,
    )
    assert result.rows == [
        ["claude-x", 1, 110, 1000.0, 1000.0],
        ["gpt-4o", 4, 440, 250.0, 400.0],
    ]
    assert [(column.name, column.type) for column in result.columns] == [
        ("model", "text"),
        ("calls", "integer"),
        ("tokens", "integer"),
        ("p50", "number"),
        ("slowest", "number"),
    ]
    assert not result.truncated


def test_columns_have_names_that_people_know(client: Client, asked: str) -> None:
    """Ids as hex, times as nanoseconds and as text, attributes and truth values as such."""
    result = client.run_sql(
        asked,
        "select trace_id, span_id, parent_span_id, started_ns, started_at, duration_ms,"
        " attributes, is_duplicate, attributes ->> 'tier' as tier, session_id"
        " from spans order by started_ns limit 1",
    )
    started_ns = START_NS + SECOND
    expected = [hex_id(1, 16), hex_id(1), None, started_ns, "2026-01-01T00:00:01.000Z", 100.0]
    attributes = {"gen_ai.operation.name": "chat", "tier": "free"}
    assert result.rows == [[*expected, attributes, False, "free", None]]
    traces = client.run_sql(asked, "select * from traces order by started_ns desc limit 1")
    row = dict(zip([column.name for column in traces.columns], traces.rows[0], strict=True))
    assert row["trace_id"] == hex_id(9, 16)
    assert row["models"] == ["claude-x"]
    assert (row["span_count"], row["is_complete"], row["session_id"]) == (1, True, "s-1")


def test_a_key_with_dots_is_one_key(server: ServerProcess, client: Client, project: str) -> None:
    """Attribute names have dots; `->>` names a key, not a path."""
    send_spans(server.url, project, [otlp_span(1, 1, attributes={"my.app.tier": "gold"})])
    result = client.run_sql(project, "select attributes ->> 'my.app.tier' as tier from spans")
    assert result.rows == [["gold"]]


def test_a_data_frame_comes_back(client: Client, asked: str) -> None:
    """For notebooks."""
    frame = client.sql(asked, "select name, duration_ms from spans order by duration_ms")
    assert list(frame.columns) == ["name", "duration_ms"]
    assert frame["duration_ms"].sum() == 2_000.0
    assert frame.attrs["truncated"] is False


def test_only_the_project_is_seen(client: Client, asked: str) -> None:
    """Other projects are not there, whatever is asked."""
    counted = client.run_sql(asked, "select count(*), count(distinct model) from spans").rows
    assert counted == [[5, 2]]
    assert client.run_sql(f"{asked}-other", "select model from spans").rows == [["secret"]]


def test_common_tables_windows_and_joins_are_read(client: Client, asked: str) -> None:
    """SQL, not a subset of three words."""
    result = client.run_sql(
        asked,
        """
        -- Calls slower than the one before.
        with calls as (
            select s.name, s.started_ns, s.duration_ms,
                   lag(s.duration_ms) over (order by s.started_ns) as before_ms
            from spans s join traces t on t.trace_id = s.trace_id
            where t.span_count = 1
        )
        select count(*) filter (where duration_ms > before_ms) as slower, 'all' as what from calls
        union all
        select count(*), case when count(*) > 3 then 'many' else 'few' end from calls
        """,
    )
    assert result.rows == [[4, "all"], [5, "many"]]


def test_lists_and_maps_can_be_taken_apart(
    server: ServerProcess, client: Client, project: str
) -> None:
    """`json_each` has a row for each item of a list, and each key of a map."""
    told = {"weave_core.tags": ["x", "y"], "tier": "pro", "n": 3}
    plain = otlp_span(2, 2)
    send_spans(server.url, project, [otlp_span(1, 1, attributes=told), plain])
    tags = (
        "select j.key, j.value, count(*) from spans s, json_each(s.tags) as j"
        " group by j.key, j.value order by j.value"
    )
    assert [row[1:] for row in client.run_sql(project, tags).rows] == [["x", 1], ["y", 1]]
    pairs = "select json_each.key from spans, json_each(attributes) where json_each.value = 'pro'"
    assert client.run_sql(project, pairs).rows == [["tier"]]
    with pytest.raises(BadRequest, match="json_each"):
        client.run_sql(project, "select 1 from spans s, json_each(s.tags, 1, 2) j")


def test_the_tables_are_described(client: Client, asked: str) -> None:
    """Every column that is told can be asked, and an empty table answers no rows."""
    told = client.list_sql_tables(asked)
    names = ["spans", "traces", "logs", "metrics", "runs", "run_metrics", "feedbacks"]
    assert [table.name for table in told.tables] == names
    for table in told.tables:
        columns = ", ".join(column.name for column in table.columns)
        result = client.run_sql(asked, f"select {columns} from {table.name}")  # noqa: S608
        assert [column.name for column in result.columns] == columns.split(", ")
        types = {column.name: column.type for column in table.columns}
        for column in result.columns:
            assert column.type in {types[column.name], "null", "integer"}
    assert "percentile" in told.functions


REFUSED = [
    ("delete from spans", "only SELECT", 0),
    ("pragma table_list", "only SELECT", 0),
    ("attach 'x.db' as x", "only SELECT", 0),
    ("select 1; drop table span", "2 statements", 0),
    ("select * from project", "no table 'project'", 14),
    ("select * from span", "no table 'span'", 14),
    ("select * from main.spans", "no table", 14),
    ("select * from sqlite_master", "no table", 14),
    ("select * from pragma_table_info('span')", "no table", 14),
    ("with project as (select 1) select (with x as (select 1) select 1)", "WITH inside", 0),
    ("with a as (select * from b), b as (select 1) select * from a", "no table 'b'", 25),
    (
        "with recursive a as (select 1 as n union all select n + 1 from a) select * from a",
        "RECURSIVE",
        0,
    ),
    ("select load_extension('x')", "no function 'load_extension'", 7),
    ("select zeroblob(1000000000)", "no function", 7),
    ("select printf('%1000000000d', 1)", "no function", None),
    ("select random() from spans", "no function", 7),
    ("select :name from spans", "PLACEHOLDER", None),
    ("select nam from spans", "'nam' is no column", 7),
    ('select * from spans where status = "error"', "'error' is no column", 35),
    ("select trace_id from spans, traces", "in several tables", 7),
    ("select * from spans where", "missing", 20),
    ("select 'open from spans", "can't be read", 0),
    ("", "nothing", 0),
    ("select " + "(" * 500 + "1" + ")" * 500, "nested", None),
    ("select " + "1+" * 5_000 + "1", "words", 0),
    ("select percentile(duration_ms, 2) from spans", "share", 7),
]


@pytest.mark.parametrize(
    ("query", "told", "position"), REFUSED, ids=[q[:40] for q, _, _ in REFUSED]
)
def test_what_is_not_allowed_is_refused_with_its_place(
    server: ServerProcess, asked: str, query: str, told: str, position: int | None
) -> None:
    """Nothing but SELECT over the views; the message names the place and what there is."""
    answer = httpx.post(f"{server.url}/api/projects/{asked}/sql", json={"query": query})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "bad_query"), error
    assert told in error["message"], error
    if position is not None:
        assert error["position"] == position, error


def test_unknown_names_come_with_the_known_ones(client: Client, asked: str) -> None:
    """A typo is answered with what there is."""
    with pytest.raises(BadRequest, match="did you mean 'spans'"):
        client.run_sql(asked, "select * from spanz")
    with pytest.raises(BadRequest, match=r"known columns of spans: trace_id, .*display_name"):
        client.run_sql(asked, "select nmae from spans")
    with pytest.raises(BadRequest, match="did you mean 'round'"):
        client.run_sql(asked, "select rond(duration_ms) from spans")
    with pytest.raises(NotFound):
        client.run_sql("nobody", "select 1")


def test_a_query_without_end_is_ended(client: Client, asked: str) -> None:
    """Ten seconds, then the reader hears why; the server goes on answering."""
    bomb = "select count(*) from " + ", ".join(f"spans s{n}" for n in range(14))  # noqa: S608
    began = time.monotonic()
    with pytest.raises(BadRequest, match="took more than 10 s"):
        client.run_sql(asked, bomb)
    assert time.monotonic() - began < 20
    assert client.run_sql(asked, "select 1 as one").rows == [[1]]


def test_answers_are_cut_at_their_bounds_and_say_so(client: Client, asked: str) -> None:
    """Rows up to `limit`, and no more bytes than an answer may have."""
    result = client.run_sql(asked, "select name from spans", limit=2)
    assert (len(result.rows), result.truncated) == (2, True)
    assert not client.run_sql(asked, "select name from spans", limit=5).truncated
    cross = "select replace('" + "x" * 1_000 + "', 'x', '" + "y" * 1_000 + "') as big"
    many = f"{cross} from spans a, spans b, spans c"
    result = client.run_sql(asked, many, limit=100_000)
    assert result.truncated
    assert len(result.rows) < 40
    huge = "select replace(replace('" + "x" * 300 + f"', 'x', '{'y' * 300}'), 'y', '{'z' * 300}')"
    with pytest.raises(BadRequest, match="too big"):
        client.run_sql(asked, huge)


def test_a_body_that_is_none_is_refused(server: ServerProcess, asked: str) -> None:
    """Each parameter has its bounds."""
    path = f"{server.url}/api/projects/{asked}/sql"
    for body in (
        {},
        {"query": 3},
        {"query": "select 1", "limit": 0},
        {"query": "select 1", "limit": 10**9},
    ):
        assert httpx.post(path, json=body).status_code == 422, body
    lone = httpx.post(path, content=b'{"query": "select \'\\ud800\'"}')
    assert lone.status_code in {400, 422}
