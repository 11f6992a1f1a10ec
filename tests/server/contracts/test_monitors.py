"""Monitors: each live span that matches is scored once, whoever works and whatever dies."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from support.monitors import add_monitor, scored_by, send_answers, work, worker_process
from support.otlp import new_span, new_trace_id, send_spans
from support.servers import ServerProcess

from weave_core import Client
from weave_core.errors import BadRequest, NotFound
from weave_core.model import (
    ItemScore,
    MonitorChanges,
    MonitorResult,
    MonitorTake,
    NewBackfill,
    NewMonitor,
)
from weave_core.server.store.monitor_scans import is_sampled

SCORERS = """
import os, time

def slow(output):
    with open("calls.txt", "a") as file:
        file.write(output + "\\n")
    time.sleep(0.05)
    return len(output)

def deadly(output):
    os._exit(9)
"""


def short(output: str) -> bool:
    """A scorer of a user's."""
    return len(output) < 6


def broken(output: str) -> float:
    """One that fails."""
    raise ValueError(f"no idea of {output}")


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    """Of the server of this database."""
    with Client(server.url) as client:
        yield client


def own(name: str) -> str:
    """The path of a scorer of this file."""
    return f"{__name__}:{name}"


def test_what_comes_in_is_scored_and_the_scores_stand_on_the_span(
    server: ServerProcess, client: Client, project: str
) -> None:
    """A filter chooses; a scorer that fails is an error without a value, and the others go on."""
    asked: list[httpx.Request] = []
    send_answers(server.url, project, ["before"])
    add_monitor(
        client, project, "watch", own("short"), own("broken"), filter="is_root and kind = 'agent'"
    )
    [yes, no] = send_answers(server.url, project, ["yes", "no, never"])
    send_answers(server.url, project, ["other"], kind="tool")
    with httpx.Client(base_url=server.url, event_hooks={"request": [asked.append]}) as http:
        work(Client(http=http), project)
    assert not [each for each in asked if "/spans/" in each.url.path]  # They came along.
    assert scored_by(client, project, "watch") == sorted(
        [(yes, "broken", None), (yes, "short", 1.0), (no, "broken", None), (no, "short", 0.0)]
    )
    [span] = client.get_trace(project, no).spans
    [said] = span.scores
    assert (said.name, said.value, said.author) == ("short", 0.0, "monitor watch")
    assert said.source == "code"
    assert client.get_span(project, span.span_id).scores == span.scores
    low = client.list_traces(project, filter="feedback['short'] = 0").items
    assert [each.trace_id for each in low] == [no]
    errors = client.list_monitor_scores(project, "watch", is_error=True).items
    assert {each.name for each in errors} == {"broken"}
    assert {each.error_message for each in errors} == {"no idea of yes", "no idea of no, never"}
    monitor = client.get_monitor(project, "watch")
    assert (monitor.failed, monitor.scored, monitor.matched) == (2, 0, 2)


def test_a_worker_that_is_killed_loses_and_doubles_nothing(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Two workers, one killed in the middle of its work: each span has one score in the end."""
    (tmp_path / "scorers_of_mine.py").write_text(SCORERS)
    add_monitor(client, project, "watch", "scorers_of_mine:slow")
    sent = [f"answer {number}" for number in range(24)]
    traces = send_answers(server.url, project, sent)
    options = ("--project", project, "--concurrency", "4", "--lease", "1")
    env = {"WEAVE_CORE_SCORER_MODULES": "scorers_of_mine"}
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(worker_process(server.url, tmp_path, *options, env=env))
            for _ in range(2)
        )
        _until(lambda: client.get_monitor(project, "watch").scored >= 4)
        first.kill()
        _until(lambda: client.get_monitor(project, "watch").scored >= 24)
        second.terminate()
        assert second.wait(timeout=15) == 0
    values = {trace: float(len(output)) for trace, output in zip(traces, sent, strict=True)}
    assert scored_by(client, project, "watch") == sorted(
        (trace, "slow", value) for trace, value in values.items()
    )
    assert client.get_monitor(project, "watch").waiting == 0
    calls = Counter((tmp_path / "calls.txt").read_text().splitlines())
    again = sum(calls.values()) - len(sent)
    assert set(calls) == set(sent)
    assert again <= 4  # What the first had when it was killed.


def test_a_span_that_takes_its_worker_with_it_is_given_up(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """After three workers it is an error, and those behind it are scored."""
    (tmp_path / "scorers_of_mine.py").write_text(SCORERS)
    add_monitor(client, project, "watch", own("short"))
    [deadly] = send_answers(server.url, project, ["deadly"])
    for _ in range(3):
        asked = MonitorTake(worker="w", limit=1, lease_s=1, projects=[project])
        _until(lambda asked=asked: bool(client.take_items(asked).items))
    send_answers(server.url, project, ["fine"])
    _until(lambda: work(client, project) and client.get_monitor(project, "watch").failed == 1)
    [error] = client.list_monitor_scores(project, "watch", is_error=True).items
    assert (error.trace_id, error.error_type) == (deadly, "WorkerLost")
    assert client.get_monitor(project, "watch").scored == 1


def test_spans_have_one_holder_and_a_result_counts_once(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Two workers never get the same span; told again it changes nothing, and too late as well."""
    add_monitor(client, project, "watch", own("short"))
    send_answers(server.url, project, ["a", "b", "c"])
    one = client.take_items(MonitorTake(worker="one", limit=2, lease_s=1, projects=[project]))
    two = client.take_items(MonitorTake(worker="two", limit=2, lease_s=60, projects=[project]))
    had = [each.trace_id for each in (*one.items, *two.items)]
    assert len(had) == len(set(had)) == 3
    [mine] = two.items
    result = MonitorResult(
        token=mine.token, outcome="scored", scores={"short": ItemScore(value=1.0)}, calls=1
    )
    assert client.tell_items([result]).lost == []
    assert client.tell_items([result]).lost == []
    time.sleep(1.0)  # The lease of the first, which says nothing.
    other = client.take_items(MonitorTake(worker="two", limit=2, lease_s=60, projects=[project]))
    assert {each.trace_id for each in other.items} == {each.trace_id for each in one.items}
    late = MonitorResult(
        token=one.items[0].token, outcome="scored", scores={"short": ItemScore(value=0.5)}
    )
    assert client.tell_items([late]).lost == [late.token]
    assert scored_by(client, project, "watch") == [(mine.trace_id, "short", 1.0)]


def test_what_comes_late_and_what_has_not_ended_is_scored_too(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Spans are found by arrival, not by time; one under way is scored when it has ended."""
    add_monitor(client, project, "watch", own("short"), filter="status = 'error'")
    trace_id = new_trace_id()
    running = new_span("answer", trace_id, start_ns=time.time_ns(), duration_ms=5, error="down")
    begun = type(running).FromString(running.SerializeToString())
    begun.ClearField("end_time_unix_nano")
    begun.ClearField("status")
    send_spans(server.url, project, [begun])
    work(client, project)
    [late] = send_answers(server.url, project, ["late"], age_s=3600 * 24)
    failed = new_span(
        "answer", new_trace_id(), start_ns=time.time_ns(), duration_ms=5, error="down"
    )
    send_spans(server.url, project, [running, failed])
    _until(lambda: work(client, project) and client.get_monitor(project, "watch").waiting == 0)
    found = {trace for trace, _, _ in scored_by(client, project, "watch")}
    assert found == {trace_id.hex(), failed.trace_id.hex()}
    assert late not in found


def test_a_share_of_the_traces_is_the_same_share_everywhere(
    server: ServerProcess, client: Client, project: str
) -> None:
    """The choice is made by trace id: another monitor of the rate chooses the same traces."""
    for name, rate in (("half", 0.5), ("too", 0.5), ("tenth", 0.1)):
        add_monitor(client, project, name, own("short"), sample_rate=rate)
    traces = send_answers(server.url, project, ["a"] * 24)
    work(client, project)
    half, too, tenth = (
        {trace for trace, _, _ in scored_by(client, project, name)}
        for name in ("half", "too", "tenth")
    )
    assert half == too == {each for each in traces if is_sampled(bytes.fromhex(each), 0.5)}
    assert tenth <= half
    assert client.get_monitor(project, "half").matched == 24


def test_a_budget_holds_back_what_is_over_it(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Two scorers and five calls an hour: two spans are scored, the others wait."""
    add_monitor(client, project, "watch", own("short"), own("broken"), budget={"calls_per_hour": 5})
    send_answers(server.url, project, ["a", "b", "c", "d"])
    work(client, project)
    monitor = client.get_monitor(project, "watch")
    assert (monitor.failed, monitor.waiting, monitor.spent.calls) == (2, 2, 4)
    assert monitor.is_over_budget

    add_monitor(client, project, "dear", own("short"), budget={"usd_per_hour": 0.01})
    send_answers(server.url, project, ["e", "f"])
    asked = MonitorTake(worker="one", limit=1, projects=[project])
    [item] = client.take_items(asked).items
    client.tell_items(
        [
            MonitorResult(
                token=item.token, outcome="scored", calls=1, cost_usd=0.02, judges=["short"]
            )
        ]
    )
    assert client.take_items(asked).items == []
    dear = client.get_monitor(project, "dear")
    assert (dear.waiting, dear.spent.cost_usd, dear.is_over_budget) == (1, 0.02, True)


def test_a_backfill_scores_what_was_there_and_only_what_is_asked_again(
    server: ServerProcess, client: Client, project: str
) -> None:
    """From a moment on, once; a new version scores anew only where `again` says so."""
    old = send_answers(server.url, project, ["long ago"], age_s=7200)
    [recent] = send_answers(server.url, project, ["yes"], age_s=600)
    add_monitor(client, project, "watch", own("short"))
    hour_ago = time.time_ns() - 3600 * 10**9
    client.backfill_monitor(project, "watch", NewBackfill(from_ns=hour_ago))
    work(client, project)
    assert scored_by(client, project, "watch") == [(recent, "short", 1.0)]
    filled = client.get_monitor(project, "watch").backfill
    assert filled is not None
    assert filled.is_done
    version = add_monitor(client, project, "watch", own("broken")).version
    assert version == 2
    for again, is_new in (("failed", False), ("older", True)):
        client.backfill_monitor(project, "watch", NewBackfill(from_ns=hour_ago, again=again))
        work(client, project)
        [score] = client.list_monitor_scores(project, "watch").items
        assert (score.version == version) == is_new
    stored = client.get_object(project, "monitor", "watch", "1").content
    assert stored["scorers"] == [{"scorer": own("short"), "params": {}}]
    assert old[0] not in {trace for trace, _, _ in scored_by(client, project, "watch")}


def test_a_paused_monitor_goes_on_where_it_was(
    server: ServerProcess, client: Client, project: str
) -> None:
    """What comes meanwhile is scored afterwards, unless it is to be skipped."""
    add_monitor(client, project, "watch", own("short"))
    client.change_monitor(project, "watch", MonitorChanges(state="paused"))
    send_answers(server.url, project, ["a", "b"])
    work(client, project)
    assert scored_by(client, project, "watch") == []
    client.change_monitor(project, "watch", MonitorChanges(state="active"))
    work(client, project)
    assert len(scored_by(client, project, "watch")) == 2
    send_answers(server.url, project, ["c"])
    client.change_monitor(project, "watch", MonitorChanges(skip_backlog=True))
    work(client, project)
    assert len(scored_by(client, project, "watch")) == 2


def test_a_scorer_that_can_not_be_had_is_told_and_nothing_is_lost(
    server: ServerProcess, client: Client, project: str
) -> None:
    """A module that a worker may not import is a problem of the monitor, not a score."""
    add_monitor(client, project, "watch", "os:system")
    send_answers(server.url, project, ["a", "b"])
    work(client, project, modules=["my_scorers"])
    monitor = client.get_monitor(project, "watch")
    assert "WEAVE_CORE_SCORER_MODULES=os" in (monitor.problem or "")
    assert (monitor.waiting, monitor.scored, monitor.failed) == (2, 0, 0)
    assert scored_by(client, project, "watch") == []


def test_what_belongs_to_deleted_traces_and_monitors_is_gone(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Scores go with their trace; a deleted monitor has none, and its definition is kept."""
    add_monitor(client, project, "watch", own("short"))
    gone, kept = send_answers(server.url, project, ["a", "b"])
    work(client, project)
    client.delete_traces(project, filter=f"trace_id = '{gone}'")
    assert [trace for trace, _, _ in scored_by(client, project, "watch")] == [kept]
    client.delete_monitor(project, "watch")
    with pytest.raises(NotFound, match="no monitor 'watch'"):
        client.get_monitor(project, "watch")
    assert client.get_trace(project, kept).spans[0].scores == []
    assert client.get_object(project, "monitor", "watch", "latest").version == 1


def test_a_wrong_definition_is_refused_at_once(client: Client, project: str) -> None:
    """A filter with its position, a path that is none, the project of the scorers' own traces."""
    given = {"name": "watch", "scorers": [{"scorer": "Refusal"}]}
    for wrong, message in (
        ({"filter": "kin = 'llm'"}, "kin"),
        ({"mapping": {"question": "inputs..x"}}, "no path"),
    ):
        with pytest.raises(BadRequest, match=message):
            client.add_monitor(project, NewMonitor.model_validate({**given, **wrong}))
    with pytest.raises(BadRequest, match="score its own work"):
        client.add_monitor("weave-core-monitors", NewMonitor.model_validate(given))


def _until(holds: object, timeout_s: float = 120.0) -> None:
    """Wait for what other processes do."""
    deadline = time.monotonic() + timeout_s
    while not holds():  # type: ignore[operator]  # A function of no arguments.
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)
