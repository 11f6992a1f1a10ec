"""`weave-core sql` and `weave-core traces delete`, as a user types them."""

import csv
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from support.commands import run_command
from support.servers import ServerProcess

if TYPE_CHECKING:
    from subprocess import CompletedProcess

Send = Callable[..., str]
Run = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def run(server: ServerProcess, project: str) -> Run:
    """Runs `weave-core` against the shared server and this test's project."""

    def typed(*words: str) -> "CompletedProcess[str]":
        env = {"WEAVE_CORE_ENDPOINT": server.url, "WEAVE_CORE_PROJECT": project}
        return run_command(*words, env=env)

    return typed


def test_rows_are_printed_as_table_json_and_csv(send_trace: Send, run: Run) -> None:
    """One question, three forms."""
    send_trace({"name": "one, two"}, {"name": "three"})
    query = "select name, duration_ms from spans order by name"

    table = run("sql", query)
    assert table.returncode == 0, table.stderr
    assert "one, two" in table.stdout
    assert "2500.0" in table.stdout

    told = json.loads(run("sql", query, "--json").stdout)
    assert told["rows"] == [["one, two", 2500.0], ["three", 2500.0]]

    rows = list(csv.reader(io.StringIO(run("sql", query, "--csv").stdout)))
    assert rows == [["name", "duration_ms"], ["one, two", "2500.0"], ["three", "2500.0"]]


def test_a_cut_answer_says_so(send_trace: Send, run: Run) -> None:
    """On standard error, so that CSV stays CSV."""
    send_trace({"name": "a"}, {"name": "b"})
    cut = run("sql", "select name from spans", "--csv", "-n", "1")
    assert cut.stdout.count("\n") == 2
    assert "--limit" in cut.stderr


def test_a_wrong_query_is_marked_at_its_place(send_trace: Send, run: Run) -> None:
    """The caret stands under the name that is not known."""
    send_trace()
    wrong = run("sql", "select nmae from spans")
    assert wrong.returncode == 1
    _, line, caret, _ = wrong.stderr.splitlines()
    assert line.index("nmae") == caret.index("^")
    assert "display_name" in wrong.stderr


def test_the_tables_are_told_where_nothing_is_asked(send_trace: Send, run: Run) -> None:
    """`weave-core sql` alone is the manual."""
    send_trace()
    told = run("sql")
    assert told.returncode == 0, told.stderr
    assert "started_ns" in told.stdout
    assert "percentile" in told.stdout


def test_traces_are_deleted_after_it_was_said_how_many(send_trace: Send, run: Run) -> None:
    """Without a terminal and without --yes nothing is deleted."""
    send_trace({"name": "old"}, {"name": "child", "parentSpanId": f"{1:016x}"})
    send_trace({"name": "new"})

    asked = run("traces", "delete", "--filter", "name = 'old'")
    assert asked.returncode == 1
    assert "1 traces with 2 spans" in asked.stderr
    assert "--yes" in asked.stderr

    done = run("traces", "delete", "--filter", "name = 'old'", "--yes", "--json")
    assert json.loads(done.stdout) == {"deleted_traces": 1, "deleted_spans": 2}
    left = json.loads(run("traces", "list", "--json").stdout)
    assert [trace["name"] for trace in left["items"]] == ["new"]

    wrong = run("traces", "delete", "--filter", "nmae = 'old'", "--yes")
    assert wrong.returncode == 1
    assert "^" in wrong.stderr
    nothing = run("traces", "delete", "--yes")
    assert nothing.returncode == 1
    assert "all=true" in nothing.stderr
