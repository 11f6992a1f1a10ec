"""Feedback on traces, spans, runs and sessions: given, found by it, shown beside it, taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.sent_spans import hex_id, otlp_span, send_spans, wait_for_traces
from support.servers import ServerProcess
from support.trainings import training

import weave_core
from weave_core import Client
from weave_core.errors import BadRequest, ConfigError, NotFound
from weave_core.model import FeedbackChanges, FeedbackTarget, NewFeedback


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    """Of the server of this database."""
    with Client(server.url) as client:
        yield client


def of(trace: int, span: int | None = None) -> dict[str, Any]:
    """The ids of a test's trace, and of a span of it."""
    return {"trace_id": hex_id(trace, 16), "span_id": None if span is None else hex_id(span)}


@pytest.fixture
def judged(server: ServerProcess, client: Client, project: str) -> str:
    """Three traces of two spans each, with feedback of all kinds; the name of their project."""
    spans = [
        otlp_span(trace, 10 * trace + n, parent=10 * trace if n else None, name=f"s{trace}{n}")
        for trace in (1, 2, 3)
        for n in (0, 1)
    ]
    send_spans(server.url, project, spans)
    wait_for_traces(client, project, 3)
    client.add_feedback(project, "thumbs", 1, source="end_user", author="ann", **of(1))
    client.add_feedback(project, "thumbs", 0, source="end_user", text="It's wrong!", **of(2))
    client.add_feedback(project, "tone", label="rude", source="human", author="bo", **of(2, 21))
    client.add_feedback(project, "tone", label="kind", source="llm", **of(2, 21))
    client.add_feedback(project, "stars", 2, source="human", author="a", **of(3))
    client.add_feedback(project, "stars", 5, source="human", author="b", **of(3))
    return project


def names(client: Client, project: str, expression: str) -> list[str]:
    """The traces of a project that pass, by the names of their roots."""
    found = client.list_traces(project, filter=expression).items
    assert client.sum_traces(project, filter=expression).count == len(found)
    return sorted(trace.name for trace in found)


def test_feedback_is_shown_beside_what_it_is_of(client: Client, judged: str) -> None:
    """A trace carries all that was said of it and its spans; a span what was said of it alone."""
    [trace] = client.list_traces(judged, filter="name = 's20'").items
    told = [(s.name, s.value, s.label, s.explanation, s.source, s.author) for s in trace.scores]
    assert told == [
        ("thumbs", 0.0, None, "It's wrong!", "end_user", None),
        ("tone", None, "rude", None, "human", "bo"),
        ("tone", None, "kind", None, "llm", None),
    ]
    assert [score.span_id for score in trace.scores] == [None, hex_id(21), hex_id(21)]
    for has_payload in (True, False):
        whole = client.get_trace(judged, trace.trace_id, payload=has_payload)
        assert whole.trace.scores == trace.scores
        assert [[s.label for s in span.scores] for span in whole.spans] == [[], ["rude", "kind"]]
    span = client.get_span(judged, hex_id(21))
    assert span.scores == trace.scores[1:]
    [listed] = client.list_spans(judged, filter="name = 's21'").items
    assert listed.scores == span.scores
    assert client.get_tree(judged, trace.trace_id).trace.scores == trace.scores


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("feedback['thumbs'] = 1", ["s10"]),
        ("feedback['thumbs'] = false", ["s20"]),
        ("feedback['thumbs'] is not null", ["s10", "s20"]),
        ("feedback['thumbs'] is null", ["s30"]),
        ("not feedback['thumbs'] is null and feedback['tone'] is null", ["s10"]),
        ("feedback['tone'] = 'rude' and feedback['tone'] = 'kind'", ["s20"]),
        ("feedback['tone', 'llm'] = 'kind'", ["s20"]),
        ("feedback['tone', 'human'] = 'kind'", []),
        ("feedback['tone'] in ('rude', 'plain') or feedback['stars'] > 4", ["s20", "s30"]),
        ("feedback['stars'] between 3 and 4", []),
        ("feedback['stars'] >= 3 and feedback['stars'] <= 3", ["s30"]),
        ("contains(feedback['thumbs'], 'WRONG')", ["s20"]),
        ("feedback['tone'] like 'r%'", ["s20"]),
        ("span.feedback['tone'] = 'rude' and span.name = 's21'", ["s20"]),
        ("span.feedback['tone'] = 'rude' and span.name = 's20'", []),
        ("span.feedback['thumbs'] = 0 and span.name = 's20'", ["s20"]),
        ("feedback['no such'] = 1 or name = 's10'", ["s10"]),
    ],
)
def test_a_filter_of_traces_asks_for_feedback(
    client: Client, judged: str, expression: str, wanted: list[str]
) -> None:
    """A comparison holds where some feedback of that name passes it, whoever gave it."""
    assert names(client, judged, expression) == wanted


def test_every_list_asks_for_feedback(client: Client, judged: str) -> None:
    """Spans, their sums, facets and exports take the same conditions; the root stands for all."""
    spans = client.list_spans(judged, filter="feedback['tone'] = 'rude'").items
    assert [span.name for span in spans] == ["s21"]
    root = client.list_spans(judged, filter="feedback['thumbs'] = 0").items
    assert [span.name for span in root] == ["s20"]
    [sums] = client.list_stats(judged, filter="feedback['stars'] is not null")
    assert sums.count == 1
    facets = client.list_trace_facets(judged, "name", filter="feedback['thumbs'] = 1")
    assert [value.value for value in facets["name"]] == ["s10"]
    exported = b"".join(client.export(judged, filter="feedback['tone'] = 'rude'"))
    assert exported.count(b'"label":"rude"') == 1
    assert exported.count(b"\n") == 1


@pytest.mark.parametrize(
    ("expression", "position", "hint"),
    [
        ("name = 'a' and feedback['x', 'bot'] = 1", 29, "human, code, llm, end_user"),
        ("feedback = 1", 11, "feedback['"),
        ("feedback['x'] > 'a'", 16, "number"),
        ("feedback['x', 'code', 'y'] = 1", 0, "one source"),
    ],
)
def test_a_wrong_condition_is_told_with_its_place(
    client: Client, judged: str, expression: str, position: int, hint: str
) -> None:
    """The position of the fault, and what to write."""
    with pytest.raises(BadRequest) as refused:
        client.list_traces(judged, filter=expression)
    assert refused.value.position == position
    assert hint in refused.value.hint


def test_feedback_waits_for_its_span(server: ServerProcess, client: Client, project: str) -> None:
    """It may come first, into a project that is new; it is there once the span is."""
    given = client.add_feedback(project, "thumbs", True, **of(7, 70))
    assert (given.value, given.source, given.target.span_id) == (1.0, "code", hex_id(70))
    assert client.list_feedback(project).items == [given]
    send_spans(server.url, project, [otlp_span(7, 70)])
    wait_for_traces(client, project, 1)
    [trace] = client.list_traces(project).items
    assert [score.feedback_id for score in trace.scores] == [given.feedback_id]


def test_judgements_of_other_tools_are_feedback(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Filters and sums know what `gen_ai.evaluation.result` says; sent twice it is there once."""

    def judged(name: str, **said: Any) -> list[dict[str, Any]]:
        told = {"name": {"stringValue": name}} | said
        return [{"key": f"gen_ai.evaluation.{key}", "value": value} for key, value in told.items()]

    relevance = judged("relevance", **{"score.value": {"doubleValue": 0.75}})
    event = {"timeUnixNano": "2000", "name": "gen_ai.evaluation.result", "attributes": relevance}
    tone = judged("tone", **{"score.label": {"stringValue": "rude"}})
    log = {"timeUnixNano": "3000", "eventName": "gen_ai.evaluation.result", "attributes": tone}
    log |= {"traceId": hex_id(8, 16), "spanId": hex_id(81)}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": project}}]}
    body = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [log]}]}]}
    for _ in range(2):
        send_spans(
            server.url, project, [otlp_span(8, 80), otlp_span(8, 81, parent=80, events=[event])]
        )
        httpx.post(f"{server.url}/v1/logs", json=body).raise_for_status()
    wait_for_traces(client, project, 1)

    for passes in ("feedback['relevance'] > 0.7", "feedback['tone'] = 'rude'"):
        assert [each.span_id for each in client.list_spans(project, filter=passes).items] == [
            hex_id(81)
        ]
        assert len(client.list_traces(project, filter=passes).items) == 1
    assert {(s.name, s.count, s.mean) for s in client.sum_feedback(project)} == {
        ("relevance", 1, 0.75),
        ("tone", 1, None),
    }
    scores = client.get_span(project, hex_id(81)).scores
    assert sorted((score.name, score.value, score.label) for score in scores) == [
        ("relevance", 0.75, None),
        ("tone", None, "rude"),
    ]


def test_the_same_id_replaces_what_was_there(client: Client, project: str) -> None:
    """Sent twice it is there once; with another verdict the newer one counts, on the same thing."""
    first = client.add_feedback(project, "thumbs", 1, feedback_id="t:1", text="good", **of(1))
    again = client.add_feedback(project, "thumbs", 0, feedback_id="t:1", **of(1))
    assert (again.value, again.text, again.created_ns) == (0.0, None, first.created_ns)
    assert client.list_feedback(project).items == [again]
    with pytest.raises(BadRequest, match=r"'t:1' is feedback on trace .* not on run 'r'"):
        client.add_feedback(project, "thumbs", 1, feedback_id="t:1", run_id="r")


def test_a_batch_is_taken_whole_or_not(client: Client, project: str) -> None:
    """Its order is kept, an id that is in it twice counts once; a wrong one refuses all."""

    def given(n: int, **more: Any) -> NewFeedback:
        return NewFeedback(target=FeedbackTarget(run_id="r"), name="n", value=n, **more)

    batch = [given(1, feedback_id="a"), given(2), given(3, feedback_id="a")]
    added = client.add_feedback_batch(project, batch)
    assert [each.value for each in added] == [3.0, 2.0, 3.0]
    assert len(client.list_feedback(project).items) == 2
    other = NewFeedback(target=FeedbackTarget(run_id="s"), name="n", label="x", feedback_id="a")
    with pytest.raises(BadRequest, match=r"items\.1: 'a' is feedback on run 'r'"):
        client.add_feedback_batch(project, [given(9), other])
    assert len(client.list_feedback(project).items) == 2


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"target": {}, "name": "n", "value": 1}, "give one of trace_id, run_id and session_id"),
        ({"target": {"run_id": "r", "session_id": "s"}, "name": "n", "value": 1}, "run_id and"),
        ({"target": {"span_id": "0" * 16}, "name": "n", "value": 1}, "without trace_id"),
        ({"target": {"run_id": "r"}, "name": "n"}, "give value, label or text"),
        ({"target": {"run_id": "r"}, "name": " ", "value": 1}, "body.name"),
        ({"target": {"run_id": "r"}, "name": 'a"b', "value": 1}, "body.name"),
        ({"target": {"run_id": "r"}, "name": "n", "value": "x"}, "body.value"),
        ({"target": {"run_id": "r"}, "name": "n", "text": "x" * 10_001}, "10000"),
        ({"target": {"run_id": "r"}, "name": "n", "value": 1, "source": "bot"}, "'end_user'"),
        ({"target": {"trace_id": "xyz"}, "name": "n", "value": 1}, "body.target.trace_id"),
    ],
)
def test_what_can_not_be_feedback_is_refused(
    server: ServerProcess, project: str, body: dict[str, Any], said: str
) -> None:
    """The answer names the field and what it has to be; nothing is stored."""
    answer = httpx.post(f"{server.url}/api/projects/{project}/feedback", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["error"]["message"]


def test_a_target_has_room_for_so_much(client: Client, project: str) -> None:
    """The bound is one of each target, and tells what to do."""
    one = NewFeedback(target=FeedbackTarget(session_id="s"), name="n", value=1)
    client.add_feedback_batch(project, [one] * 1_000)
    with pytest.raises(BadRequest, match=r"session_id 's' of project .* has 1000") as refused:
        client.add_feedback(project, "n", 1, session_id="s")
    assert "give an id" in refused.value.hint
    client.add_feedback(project, "n", 1, session_id="other")


def test_feedback_is_listed_changed_and_taken_back(client: Client, judged: str) -> None:
    """Pages by filter and order, with a cursor; a change leaves the rest; what is gone is gone."""
    pages: list[list[str]] = []
    cursor = None
    while cursor is not None or not pages:
        page = client.list_feedback(judged, limit=4, cursor=cursor)
        pages.append([each.name for each in page.items])
        cursor = page.next_cursor
    assert pages == [["stars", "stars", "tone", "tone"], ["thumbs", "thumbs"]]
    by_value = client.list_feedback(judged, filter="value > 0", order_by="-value").items
    assert [each.value for each in by_value] == [5.0, 2.0, 1.0]
    [rude] = client.list_feedback(judged, filter="label = 'rude' and author = 'bo'").items
    changed = client.change_feedback(
        judged, rude.feedback_id, FeedbackChanges(label=None, text="fine", value=3)
    )
    assert (changed.value, changed.label, changed.text, changed.author) == (3, None, "fine", "bo")
    assert client.get_feedback(judged, rude.feedback_id) == changed
    with pytest.raises(BadRequest, match="would say nothing"):
        client.change_feedback(judged, rude.feedback_id, FeedbackChanges(value=None, text=None))
    client.delete_feedback(judged, rude.feedback_id)
    with pytest.raises(NotFound, match=rude.feedback_id):
        client.get_feedback(judged, rude.feedback_id)
    assert [s.label for s in client.get_span(judged, hex_id(21)).scores] == ["kind"]


def test_feedback_is_summed_up(client: Client, judged: str) -> None:
    """By name, and by label, source and time where asked; a mean is one of values."""
    found = client.sum_feedback(judged)
    told = {each.name: (each.count, each.mean, each.min, each.max) for each in found}
    assert told == {
        "stars": (2, 3.5, 2.0, 5.0),
        "thumbs": (2, 0.5, 0.0, 1.0),
        "tone": (2, None, None, None),
    }
    by_label = client.sum_feedback(judged, group_by="label", filter="name = 'tone'", bucket="1d")
    assert [(each.label, each.count) for each in by_label] == [("kind", 1), ("rude", 1)]
    assert all(each.bucket_ns for each in by_label)
    with pytest.raises(BadRequest, match="grouped by 'autor'") as refused:
        client.sum_feedback(judged, group_by="autor")
    assert "did you mean 'author'" in refused.value.hint


def test_feedback_is_asked_for_in_sql(client: Client, judged: str) -> None:
    """The table `feedbacks` joins with traces by their ids."""
    found = client.run_sql(
        judged,
        "select t.name, f.value, f.source from feedbacks as f join traces as t"
        " on t.trace_id = f.trace_id where f.name = 'thumbs' order by t.name",
    )
    assert found.rows == [["s10", 1.0, "end_user"], ["s20", 0.0, "end_user"]]


def test_feedback_goes_with_its_trace(client: Client, judged: str) -> None:
    """A deleted trace takes what was said of it and its spans; the rest stays."""
    client.delete_traces(judged, filter="feedback['thumbs'] = 0")
    left = client.list_feedback(judged).items
    assert sorted(each.name for each in left) == ["stars", "stars", "thumbs"]


def test_sessions_and_runs_are_judged_too(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Each carries what was said of it, runs are found by it, and a deleted run takes it along."""
    with training(project, server.url, tmp_path / "home"), weave_core.run(project) as run:
        run.log({"loss": 1.0})
        weave_core.feedback("usable", 1, run_id=run.id, source="human")
        with weave_core.session("chat-1"), weave_core.span("turn") as span:
            weave_core.feedback("calm", 0.5)
            weave_core.feedback("csat", 4, session_id="chat-1", source="end_user")
        span.feedback("kept", label="yes")
        assert weave_core.flush()
        traces = client.list_traces(project, filter="session_feedback['csat'] >= 4").items
    assert [trace.name for trace in traces] == ["turn"]
    assert [(score.name, score.source) for score in traces[0].scores] == [
        ("calm", "code"),
        ("kept", "code"),
    ]
    [session] = client.list_sessions(project).items
    assert [(score.name, score.value) for score in session.scores] == [("csat", 4.0)]
    [listed] = client.list_runs(project, filter="feedback['usable', 'human'] = 1").items
    assert [score.name for score in listed.scores] == ["usable"]
    assert client.get_run(project, run.id).scores == listed.scores
    assert not client.list_runs(project, filter="feedback['usable'] = 0").items
    client.delete_run(project, run.id)
    assert not client.list_feedback(project, filter="name = 'usable'").items


def test_feedback_needs_something_to_be_of() -> None:
    """Outside of any span the ids must be said; nothing is sent."""
    with pytest.raises(ConfigError, match="no span is current"):
        weave_core.feedback("thumbs", 1)
