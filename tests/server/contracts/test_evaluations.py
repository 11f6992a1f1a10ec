"""What the store promises about evaluations, whichever database it is: they are what spans say."""

import json
import random
from typing import Any

import pytest
from support.sent_spans import hex_id, otlp_span, send_spans
from support.servers import ServerProcess

from weave_core import Client
from weave_core.errors import NotFound
from weave_core.model import EvaluatedItem, StoredEvaluation

NEW, OLD = "aa" * 16, "bb" * 16
PARTS = [{"claim": "it is late", "holds": False, "reason": "no document says so"}]
"""What stands behind a score."""
START_NS = 1_767_225_600_000_000_000


def record_span(evaluation_id: str = NEW, span: int = 1, **more: Any) -> dict[str, Any]:
    """The span of an evaluation."""
    record = {
        "evaluation_id": evaluation_id,
        "name": "support",
        "state": "done",
        "dataset": {"name": "golden", "version": "sha256:1"},
        "task": {"name": "answer", "version": "sha256:2"},
        "scorers": [{"name": "exact"}],
        "started_ns": START_NS,
        **more,
    }
    attributes = {
        "weave_core.kind": "evaluation",
        "weave_core.evaluation.id": evaluation_id,
        "weave_core.evaluation.record": json.dumps(record),
    }
    return otlp_span(span, span, name="support", start_ns=START_NS, attributes=attributes)


def example_span(
    number: int, evaluation_id: str = NEW, *, scores: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """The root span of one example."""
    item = {"item": f"item{number}", "index": number, "scores": scores or {}, **more}
    trace = number + 100 + 1_000 * (evaluation_id == OLD) + 10_000 * more.get("epoch", 0)
    attributes = {
        "weave_core.evaluation.id": evaluation_id,
        "weave_core.evaluation.name": "support",
        "weave_core.evaluation.example": json.dumps(item),
        "weave_core.inputs": json.dumps({"question": f"question {number}"}),
        "weave_core.outputs": json.dumps(f"answer {number}"),
    }
    return otlp_span(trace, trace, name="answer", start_ns=START_NS, attributes=attributes)


def exact(value: float) -> dict[str, Any]:
    """Scores of a scorer that says true or false."""
    return {"exact": {"value": value, "is_rate": True}}


def test_an_evaluation_is_what_its_spans_say(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Header, examples and scores come back; each example leads to its trace."""
    failed = {"type": "ValueError", "message": "no order"}
    told = {"exact": {"value": 0.0, "is_rate": True, "reason": "another town"}}
    told["judge"] = {"error": {"type": "BadScore", "message": "nan"}}
    told["kind"] = {"label": "order", "expected": "refund", "detail": PARTS}
    spans = [
        record_span(branch="main"),
        example_span(0, scores=exact(1.0), latency_ms=12.5, slices={"lang": "de"}, cluster="c"),
        example_span(1, scores=told, input_tokens=7, cost_usd=0.25),
        example_span(2, outcome="error", error=failed),
    ]
    send_spans(server.url, project, spans)

    [listed] = client.list_evaluations(project).items
    found = client.get_evaluation(project, NEW)
    assert (listed.evaluation_id, listed.name, listed.branch) == (NEW, "support", "main")
    assert found.trace_id == hex_id(1, 16)
    assert found.summary is not None
    assert (found.summary.items, found.summary.errors) == (3, 1)
    assert found.summary.error_types == {"ValueError": 1}
    exacts = found.summary.scorers["exact"]
    assert exacts.estimate is not None
    assert (exacts.estimate.value, exacts.scored, exacts.is_rate) == (0.5, 2, True)
    judge = found.summary.scorers["judge"]
    assert (judge.estimate, judge.scored, judge.errors) == (None, 0, 1)

    items = client.list_evaluated(project, NEW).items
    assert [item.index for item in items] == [0, 1, 2]
    assert items[0] == EvaluatedItem(
        item="item0",
        index=0,
        latency_ms=12.5,
        slices={"lang": "de"},
        cluster="c",
        scores=items[0].scores,
        trace_id=hex_id(100, 16),
        span_id=hex_id(100),
        input_preview=items[0].input_preview,
        output_preview="answer 0",
    )
    assert items[1].scores["exact"].reason == "another town"
    kind = items[1].scores["kind"]
    assert (kind.label, kind.expected, kind.detail) == ("order", "refund", PARTS)
    confusion = found.summary.scorers["kind"].classification
    assert confusion is not None
    assert [(c.expected, c.told, c.count) for c in confusion.confusion] == [("refund", "order", 1)]
    assert (items[1].input_tokens, items[1].cost_usd) == (7, 0.25)
    assert items[2].error is not None
    assert items[2].error.message == "no order"
    span = client.get_span(project, hex_id(101), trace_id=hex_id(101, 16))
    assert [(s.name, s.value, s.explanation) for s in span.scores] == [
        ("exact", 0.0, "another town"),
        ("kind", None, None),
    ]


def test_order_and_repeats_of_arrival_decide_nothing(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Examples before their evaluation, the beginning after the end, and all of it twice."""
    examples = [example_span(n, scores=exact(n % 2)) for n in range(20)]
    send_spans(server.url, project, examples[:10])
    early = client.get_evaluation(project, NEW)
    assert (early.state, early.name) == ("running", "support")
    assert early.summary is not None
    assert early.summary.examples == 10

    began = record_span(state="running", span=2)
    spans = [record_span(), began, *examples, *examples[:5]]
    random.Random(1).shuffle(spans)
    send_spans(server.url, project, [record_span()])
    send_spans(server.url, project, spans)
    send_spans(server.url, project, [began])

    assert client.get_evaluation(project, NEW).state == "done"
    assert len(list(client.iter_evaluated(project, NEW))) == 20


def test_what_can_not_be_read_costs_only_itself(
    server: ServerProcess, client: Client, project: str
) -> None:
    """A record that is no JSON, an example without an item, a score that is a text."""
    wrong = [example_span(n) for n in range(3)]
    bodies = ["{", "{}", '{"item": "x", "scores": {"exact": {"value": "much"}}}']
    for span, body in zip(wrong, bodies, strict=True):
        [told] = [a for a in span["attributes"] if a["key"] == "weave_core.evaluation.example"]
        told["value"]["stringValue"] = body
    send_spans(server.url, project, [*wrong, example_span(7, scores=exact(1.0)), record_span()])

    assert [item.item for item in client.list_evaluated(project, NEW).items] == ["item7"]
    assert len(client.list_spans(project).items) == 5


def test_items_come_page_by_page_and_the_worst_first(
    server: ServerProcess, client: Client, project: str
) -> None:
    """By place and epoch; by a scorer, failed scores first; by outcome."""
    scores = {"exact": {"error": {"type": "E", "message": ""}}}
    spans = [
        example_span(n, epoch=epoch, scores=scores if n == 4 else {"exact": {"value": 10.0 - n}})
        for n in range(7)
        for epoch in (0, 1)
    ]
    failed = example_span(9, outcome="timeout", error={"type": "TimeoutError", "message": "5 s"})
    send_spans(server.url, project, [record_span(), *spans, failed])

    seen, cursor = [], None
    while True:
        page = client.list_evaluated(project, NEW, limit=4, cursor=cursor)
        seen += [(item.index, item.epoch) for item in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [*((n, epoch) for n in range(7) for epoch in (0, 1)), (9, 0)]
    worst = client.list_evaluated(project, NEW, worst_by="exact", limit=4).items
    assert [item.index for item in worst] == [4, 4, 6, 6]
    late = client.list_evaluated(project, NEW, outcome="timeout").items
    assert [item.index for item in late] == [9]


def test_two_evaluations_are_compared_on_what_they_share(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Paired by content: the difference, its interval, its test, slices, and what has changed."""
    old = [example_span(n, OLD, scores=exact(n % 2), slices={"lang": "de"}) for n in range(60)]
    new = [
        example_span(n, scores=exact(1.0 if n < 40 else n % 2), slices={"lang": "de"})
        for n in range(10, 70)
    ]
    send_spans(server.url, project, [record_span(), record_span(OLD, 2), *old, *new])

    found = client.compare_evaluations(project, NEW, OLD)

    assert (found.candidate, found.baseline, found.shared) == (NEW, OLD, 50)
    comparison = found.scorers["exact"]
    assert comparison.difference.value == pytest.approx(15 / 50)
    assert (comparison.improved, comparison.worsened) == (15, 0)
    assert comparison.test == "mcnemar"
    assert comparison.adjusted_p_value == pytest.approx(2 * 0.5**15)
    assert len(found.flipped) == 15
    assert found.flipped[0].trace_id is not None
    assert [(each.column, each.value) for each in found.slices] == [("lang", "de")]


def test_a_baseline_is_found_by_id_branch_or_tag(
    server: ServerProcess, client: Client, project: str
) -> None:
    """The last that is done of that name; one that still runs is none."""
    spans = [
        record_span("01" * 8, 1, branch="main"),
        record_span("02" * 8, 2, branch="main", started_ns=START_NS + 5),
        record_span("03" * 8, 3, branch="main", started_ns=START_NS + 9, state="running"),
        record_span("04" * 8, 4, tags=["release"], started_ns=START_NS + 1),
        record_span("05" * 8, 5, name="other", branch="main", started_ns=START_NS + 20),
    ]
    send_spans(server.url, project, spans)

    def baseline(of: str) -> StoredEvaluation:
        return client.get_baseline(project, "support", of)

    assert baseline("main").evaluation_id == "02" * 8
    assert baseline("release").evaluation_id == "04" * 8
    assert baseline("01" * 8).evaluation_id == "01" * 8
    with pytest.raises(NotFound, match="on branch or with tag 'dev'"):
        baseline("dev")
    names = [item.evaluation_id for item in client.list_evaluations(project, name="support").items]
    assert names == ["03" * 8, "02" * 8, "04" * 8, "01" * 8]
    first = client.list_evaluations(project, limit=2)
    rest = client.list_evaluations(project, limit=9, cursor=first.next_cursor)
    assert len(first.items) == 2
    assert len(rest.items) == 3


def test_an_evaluation_is_deleted_and_its_traces_stay(
    server: ServerProcess, client: Client, project: str
) -> None:
    """The other evaluation is as it was."""
    spans = [record_span(), record_span(OLD, 2), example_span(1), example_span(1, OLD)]
    send_spans(server.url, project, spans)
    client.delete_evaluation(project, NEW)

    assert [item.evaluation_id for item in client.list_evaluations(project).items] == [OLD]
    assert len(client.list_evaluated(project, OLD).items) == 1
    assert len(client.list_spans(project).items) == 4
    for ask in (client.get_evaluation, client.list_evaluated, client.delete_evaluation):
        with pytest.raises(NotFound, match="no evaluation"):
            ask(project, NEW)


def test_scores_are_broken_down_by_value_and_by_slice(
    server: ServerProcess, client: Client, project: str
) -> None:
    """Two bins for true and false, twenty for numbers, labels by frequency, errors apart."""
    spans = [record_span()]
    for number in range(30):
        scores = exact(float(number % 3 > 0))
        scores["length"] = {"value": number / 29}
        scores["tone"] = {"label": "calm" if number < 20 else "curt"}
        scores["judge"] = {"error": {"type": "BadScore", "message": "nan"}}
        lang = "de" if number % 3 else "fr"
        spans.append(example_span(number, scores=scores, slices={"lang": lang}))
    send_spans(server.url, project, spans)

    found = client.get_breakdown(project, NEW)
    assert found.distributions["exact"].counts == [10, 20]
    length = found.distributions["length"]
    assert (len(length.edges), sum(length.counts), length.edges[0], length.edges[-1]) == (
        21, 30, 0.0, 1.0,
    )  # fmt: skip
    assert found.distributions["tone"].labels == {"calm": 20, "curt": 10}
    judge = found.distributions["judge"]
    assert (judge.counts, judge.errors) == ([], 30)
    slices = {(each.value, each.scorer): each for each in found.slices}
    assert slices["de", "exact"].estimate.value == 1.0
    assert slices["fr", "exact"].estimate.value == 0.0
    assert slices["fr", "exact"].items == 10
    assert found.slices[0].value == "de", "the largest slice comes first"
    with pytest.raises(NotFound, match="there is no evaluation"):
        client.get_breakdown(project, "ee" * 16)
