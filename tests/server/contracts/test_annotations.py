"""Annotation queues: nobody gets what another has, answers become feedback, people are compared."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.sent_spans import hex_id, otlp_span, send_spans, wait_for_traces
from support.servers import ServerProcess

from weave_core import Client
from weave_core.errors import BadRequest, NotFound
from weave_core.evals.reviewed import calibrate_on_reviews
from weave_core.model import AnnotationQueue, FeedbackTarget, NewAnnotationQueue, QueueChanges
from weave_core.reviews import reviewed_rows

COUNT = 6
LABELS = {
    "labels": [
        {"name": "right", "kind": "boolean"},
        {"name": "tone", "options": ["kind", "curt", "rude"]},
        {"name": "stars", "kind": "number", "min": 1, "max": 5, "is_required": False},
        {"name": "why", "kind": "text", "is_required": False},
    ]
}


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    """Of the server of this database."""
    with Client(server.url) as client:
        yield client


@pytest.fixture
def filled(server: ServerProcess, client: Client, project: str) -> str:
    """A project with six traces and a label set."""
    spans = [
        otlp_span(n, n, start_ns=n, attributes={"weave_core.inputs": f'{{"question": "q{n}"}}'})
        for n in range(1, COUNT + 1)
    ]
    send_spans(server.url, project, spans)
    wait_for_traces(client, project, COUNT)
    client.publish_object(project, "label_set", "checks", LABELS)
    return project


def new_queue(client: Client, project: str, *, overlap: int = 1) -> AnnotationQueue:
    """A queue with all traces of the project, the newest first."""
    queue = client.add_annotation_queue(
        project, NewAnnotationQueue(name="look", label_set="checks", overlap=overlap)
    )
    assert client.add_annotation_items(project, queue.queue_id).added == COUNT
    return queue


def take(client: Client, queue: AnnotationQueue, who: str, number: int | None = None) -> int | None:
    """The number of the item that `who` gets."""
    taken = client.take_annotation_item(queue.project, queue.queue_id, who, number=number)
    return taken.item.number if taken.item is not None else None


def answer(
    client: Client, queue: AnnotationQueue, number: int, who: str, **answers: bool | float | str
) -> None:
    """Review an item; what is not said is `right` and `kind`."""
    said: dict[str, bool | float | str] = {"right": True, "tone": "kind", **answers}
    client.answer_annotation_item(queue.project, queue.queue_id, number, who, said)


def test_two_people_never_get_the_same_item(client: Client, filled: str) -> None:
    """Six who ask at once get six; who asks again gets the same; a seventh gets none."""
    queue = new_queue(client, filled)
    with ThreadPoolExecutor(COUNT) as pool:
        had = list(pool.map(lambda n: take(client, queue, f"r{n}"), range(COUNT)))
    assert sorted(had, key=str) == [1, 2, 3, 4, 5, 6]
    assert take(client, queue, "r0") == had[0]
    assert take(client, queue, "late") is None
    with pytest.raises(BadRequest, match=r"wants 1 reviewers: r0 has it now"):
        take(client, queue, "late", number=had[0])


def test_an_item_that_was_left_goes_to_another(client: Client, filled: str) -> None:
    """Skipped it is for others; it does not come back to who skipped it, unless they ask for it."""
    queue = new_queue(client, filled)
    assert take(client, queue, "ann") == 1
    assert take(client, queue, "bo") == 2
    progress = client.skip_annotation_item(filled, queue.queue_id, 1, "ann").progress
    assert [(each.reviewer, each.skipped) for each in progress.reviewers] == [("ann", 1)]
    assert take(client, queue, "ann") == 3
    assert take(client, queue, "cy") == 1
    answer(client, queue, 2, "bo")
    assert take(client, queue, "bo") == 4


def test_several_review_each_item_where_that_is_asked(client: Client, filled: str) -> None:
    """With an overlap of two, two get each item and nobody gets it twice; then it is done."""
    queue = new_queue(client, filled, overlap=2)
    for who in ("ann", "bo"):
        assert take(client, queue, who) == 1
        answer(client, queue, 1, who)
    assert take(client, queue, "cy") == 2
    with pytest.raises(BadRequest, match="ann has reviewed it, bo has reviewed it"):
        answer(client, queue, 1, "cy")
    progress = client.get_annotation_queue(filled, queue.queue_id).progress
    assert (progress.items, progress.done, progress.reviews) == (COUNT, 1, 2)
    changes = QueueChanges(overlap=3)
    assert client.change_annotation_queue(filled, queue.queue_id, changes).progress.done == 0
    answer(client, queue, 1, "cy")


def test_answers_are_feedback_and_can_be_changed(client: Client, filled: str) -> None:
    """Each label is feedback of the reviewer on the trace; another answer replaces the first."""
    queue = new_queue(client, filled)
    answer(client, queue, 1, "ann", right=False, tone="rude", stars=2, why="no greeting")
    told = client.list_feedback(filled, filter="author = 'ann'").items
    assert {(f.name, f.value, f.label, f.text, f.source) for f in told} == {
        ("right", 0.0, None, None, "human"),
        ("tone", None, "rude", None, "human"),
        ("stars", 2.0, None, None, "human"),
        ("why", None, None, "no greeting", "human"),
    }
    assert {each.queue_id for each in told} == {queue.queue_id}
    [trace] = client.list_traces(filled, filter="feedback['tone', 'human'] = 'rude'").items
    assert trace.trace_id == hex_id(COUNT, 16)
    answer(client, queue, 1, "ann", tone="curt")
    told = client.list_feedback(filled, filter=f"queue_id = '{queue.queue_id}'").items
    assert {(f.name, f.value, f.label) for f in told} == {
        ("right", 1.0, None),
        ("tone", None, "curt"),
    }
    taken = client.take_annotation_item(filled, queue.queue_id, "ann", number=1)
    assert taken.item is not None
    assert taken.item.reviews[0].answers == {"right": True, "tone": "curt"}


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"tone": "kind"}, "no answer to right"),
        ({"right": True, "tone": "loud"}, "tone is 'loud', which is not one of kind, curt, rude"),
        ({"right": 1, "tone": "kind"}, "right is '1.0', which is not true or false"),
        ({"right": True, "tone": "kind", "stars": 9}, "stars is 9, which is not a number from 1"),
        ({"right": True, "tone": "kind", "mood": "x"}, "'mood' is not asked"),
    ],
)
def test_an_answer_has_to_fit_its_label(
    client: Client, filled: str, answers: dict[str, bool | float | str], said: str
) -> None:
    """It says which label and what fits; nothing is stored."""
    queue = new_queue(client, filled)
    with pytest.raises(BadRequest, match=said):
        client.answer_annotation_item(filled, queue.queue_id, 1, "ann", answers)
    assert not client.list_feedback(filled).items


def test_a_queue_asks_what_its_version_of_the_labels_asks(client: Client, filled: str) -> None:
    """A label set that is changed later is a new version, for new queues."""
    queue = new_queue(client, filled)
    changed = {"labels": [{"name": "right", "kind": "boolean"}]}
    client.publish_object(filled, "label_set", "checks", changed)
    kept = client.get_annotation_queue(filled, queue.queue_id)
    assert (kept.label_version, len(kept.labels.labels)) == (queue.label_version, 4)
    client.publish_object(filled, "label_set", "broken", {"labels": []})
    with pytest.raises(BadRequest, match="label_set/broken is no label set: labels"):
        client.add_annotation_queue(filled, NewAnnotationQueue(name="x", label_set="broken"))
    with pytest.raises(NotFound):
        client.add_annotation_queue(filled, NewAnnotationQueue(name="x", label_set="none"))


def test_a_queue_is_filled_by_filter_or_by_name(client: Client, filled: str) -> None:
    """Each thing is in it once; deleted traces leave it, and a deleted queue leaves answers."""
    queue = client.add_annotation_queue(filled, NewAnnotationQueue(name="look", label_set="checks"))
    fill = client.add_annotation_items
    some = fill(filled, queue.queue_id, filter="started_ns <= 2")
    assert (some.added, some.known) == (2, 0)
    spans = fill(filled, queue.queue_id, filter="name = 'span 3'", of="spans", order="random")
    assert spans.added == 1
    named = [FeedbackTarget(trace_id=hex_id(n, 16)) for n in (2, 4)]
    assert fill(filled, queue.queue_id, targets=named).model_dump() == {"added": 1, "known": 1}
    with pytest.raises(BadRequest) as refused:
        fill(filled, queue.queue_id, filter="nmae = 'x'")
    assert refused.value.position == 0
    answer(client, queue, 3, "ann")
    client.delete_traces(filled, filter="name = 'span 2'")
    items = list(client.iter_annotation_items(filled, queue.queue_id))
    assert [each.number for each in items] == [2, 3, 4]
    assert items[1].target.span_id == hex_id(3)
    client.delete_annotation_queue(filled, queue.queue_id)
    assert not client.list_annotation_queues(filled)
    assert {each.author for each in client.list_feedback(filled).items} == {"ann"}


def test_people_are_compared_with_each_other_and_a_judge_with_them(
    client: Client, filled: str
) -> None:
    """Shares, kappa and alpha by label; verdicts become rows, and the truth of a judge."""
    queue = new_queue(client, filled, overlap=2)
    bo = [True, True, True, False, False, True]
    for number in range(1, COUNT + 1):
        answer(client, queue, number, "ann", right=number <= 3, stars=number % 5 + 1)
        answer(client, queue, number, "bo", right=bo[number - 1], stars=number % 5 + 1)
    found = client.get_agreement(filled, queue.queue_id)
    right, tone, stars = found.labels
    assert (right.name, right.items, right.differing) == ("right", 6, [6])
    assert right.agreed == pytest.approx(5 / 6)
    [pair] = right.pairs
    assert (pair.first, pair.second) == ("ann", "bo")
    assert pair.kappa == pytest.approx(2 / 3)
    # Krippendorff 2011, section B, by hand: 1 - 11 * 2 / (2 * 7 * 5).
    assert right.alpha == pytest.approx(1 - 11 * 2 / 70)
    assert (tone.agreed, tone.alpha) == (1.0, None)
    assert stars.alpha == pytest.approx(1.0)
    assert stars.pairs[0].kappa is None

    rows = reviewed_rows(client, filled, client.get_annotation_queue(filled, queue.queue_id))
    assert [row["right"] for row in rows] == [True, True, True, False, False, None]
    assert rows[0]["question"] == "q6"
    assert rows[0]["metadata"]["reviewers"] == ["ann", "bo"]

    for n in range(1, COUNT + 1):  # Item 1 is the newest trace.
        client.add_feedback(filled, "right", n > 2, source="llm", trace_id=hex_id(n, 16))
    calibration = calibrate_on_reviews(client, filled, queue.queue_id, "right")
    assert calibration.labelled == 5
    assert calibration.agreement.value == pytest.approx(4 / 5)
