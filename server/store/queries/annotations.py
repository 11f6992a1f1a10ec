"""Questions about annotation queues: what there is to review, how far it is, who agrees."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, select

from weave_core.errors import NotFound
from weave_core.model import Label, LabelSet
from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.store.annotation_tables import (
    AnnotationItemRow,
    AnnotationQueueRow,
    AnnotationReviewRow,
)
from weave_core.server.store.feedback_tables import FeedbackRow
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.tables import table_of

__all__ = [
    "ITEM",
    "MAX_QUEUES",
    "QUEUE",
    "REVIEW",
    "find_queue",
    "get_agreement",
    "get_queue",
    "item_shapes",
    "labels_of",
    "list_items",
    "list_queues",
    "progress_of",
]

MAX_QUEUES = 500
"""Annotation queues of a project."""
_MAX_DIFFERING = 100
_MAX_REVIEWERS = 200
_IN_LIST = 500
QUEUE, ITEM, REVIEW = (
    table_of(row) for row in (AnnotationQueueRow, AnnotationItemRow, AnnotationReviewRow)
)
_FEEDBACK = table_of(FeedbackRow)
Key = tuple[bytes, bytes | None]
Answers = dict[Key, dict[str, dict[str, Any]]]
"""Trace and span to reviewer to label to what was answered."""


def list_queues(connection: Connection, project: str) -> dict[str, Any]:
    """The queues of a project, newest first.

    Raises:
        NotFound: If there is no such project.
    """
    project_id = get_project_id(connection, project)
    query = select(QUEUE).where(QUEUE.c.project_id == project_id).order_by(QUEUE.c.id.desc())
    rows = connection.execute(query.limit(MAX_QUEUES)).all()
    return {"items": [_shape(connection, project, row) for row in rows], "next_cursor": None}


def find_queue(connection: Connection, project: str, queue_id: str) -> Row[Any]:
    """The row of a queue.

    Raises:
        NotFound: If there is no such project, or no such queue in it.
    """
    project_id = get_project_id(connection, project)
    is_it = (QUEUE.c.project_id == project_id, QUEUE.c.queue_id == queue_id)
    row: Row[Any] | None = connection.execute(select(QUEUE).where(*is_it)).one_or_none()
    if row is None:
        raise NotFound(
            f"there is no annotation queue {queue_id[:200]!r} in project {project!r}",
            "the list of queues has their ids",
        )
    return row


def get_queue(connection: Connection, project: str, queue_id: str) -> dict[str, Any]:
    """One queue with its labels and how far it is.

    Raises:
        NotFound: If there is no such project, or no such queue in it.
    """
    return _shape(connection, project, find_queue(connection, project, queue_id))


def labels_of(queue: Row[Any]) -> LabelSet:
    """What the queue asks: the version of the label set that it was made with."""
    return LabelSet.model_validate(queue.labels)


def _shape(connection: Connection, project: str, queue: Row[Any]) -> dict[str, Any]:
    names = ("queue_id", "name", "description", "label_set", "label_version", "overlap", "lease_s")
    times = {"created_ns": queue.created_ns, "updated_ns": queue.updated_ns}
    return {
        "project": project,
        **{name: getattr(queue, name) for name in names},
        **times,
        "labels": labels_of(queue).model_dump(),
        "progress": progress_of(connection, queue),
    }


def progress_of(connection: Connection, queue: Row[Any]) -> dict[str, Any]:
    """How many items there are, how many are done, and by whom."""
    of_queue = REVIEW.c.queue_row_id == queue.id
    items = connection.scalar(
        select(func.count()).select_from(ITEM).where(ITEM.c.queue_row_id == queue.id)
    )
    is_done = REVIEW.c.state == "done"
    full = (
        select(REVIEW.c.item_id)
        .where(of_queue, is_done)
        .group_by(REVIEW.c.item_id)
        .having(func.count() >= queue.overlap)
        .subquery()
    )
    done = func.sum(case((is_done, 1), else_=0))
    skipped = func.sum(case((REVIEW.c.state == "skipped", 1), else_=0))
    people = (
        select(REVIEW.c.reviewer, done, skipped)
        .where(of_queue, REVIEW.c.state != "leased")
        .group_by(REVIEW.c.reviewer)
        .order_by(done.desc(), REVIEW.c.reviewer)
    )
    reviewers = [
        {"reviewer": name, "done": int(done), "skipped": int(skipped)}
        for name, done, skipped in connection.execute(people.limit(_MAX_REVIEWERS))
    ]
    return {
        "items": items or 0,
        "done": connection.scalar(select(func.count()).select_from(full)) or 0,
        "reviews": sum(each["done"] for each in reviewers),
        "reviewers": reviewers,
    }


def list_items(
    connection: Connection, project: str, queue_id: str, *, limit: int, cursor: str | None
) -> dict[str, Any]:
    """A page of a queue's items with their reviews, in the order they were added.

    Raises:
        NotFound: If there is no such project, or no such queue in it.
        BadCursor: If the cursor is another list's.
    """
    queue = find_queue(connection, project, queue_id)
    name = f"items of {queue_id}"
    query = select(ITEM).where(ITEM.c.queue_row_id == queue.id).order_by(ITEM.c.number)
    if cursor is not None:
        place = decode_cursor(cursor, name, "number", types=(int,), tie_type=int)
        query = query.where(ITEM.c.number > place.tie)
    rows = connection.execute(query.limit(limit + 1)).all()
    is_more = len(rows) > limit
    last = Place(None, rows[limit - 1].number) if is_more else None
    return {
        "items": item_shapes(connection, queue, rows[:limit]),
        "next_cursor": encode_cursor(name, "number", last) if last else None,
    }


def item_shapes(
    connection: Connection, queue: Row[Any], rows: Sequence[Row[Any]]
) -> list[dict[str, Any]]:
    """Items with their reviews and what was answered."""
    labels = labels_of(queue).labels
    answers = _answers(connection, queue, labels, [row.trace_id for row in rows])
    reviews: dict[int, list[Row[Any]]] = {}
    ids = [row.id for row in rows]
    for start in range(0, len(ids), _IN_LIST):
        query = select(REVIEW).where(REVIEW.c.item_id.in_(ids[start : start + _IN_LIST]))
        for review in connection.execute(query.order_by(REVIEW.c.id)):
            reviews.setdefault(review.item_id, []).append(review)
    return [
        {
            "number": row.number,
            "target": {
                "trace_id": row.trace_id.hex(),
                "span_id": row.span_id.hex() if row.span_id else None,
            },
            "reviews": [
                {
                    "reviewer": each.reviewer,
                    "state": each.state,
                    "until_ns": each.until_ns,
                    "done_ns": each.done_ns,
                    "answers": answers.get((row.trace_id, row.span_id), {}).get(each.reviewer, {}),
                }
                for each in reviews.get(row.id, ())
            ],
        }
        for row in rows
    ]


def _answers(
    connection: Connection,
    queue: Row[Any],
    labels: Sequence[Label],
    trace_ids: Sequence[bytes] | None = None,
) -> Answers:
    """What was answered in a queue; None: of all of its items."""
    kinds = {label.name: label.kind for label in labels}
    columns = ("trace_id", "span_id", "author", "name", "value", "label", "text")
    query: Select[Any] = select(*(_FEEDBACK.c[name] for name in columns)).where(
        _FEEDBACK.c.project_id == queue.project_id, _FEEDBACK.c.queue_id == queue.queue_id
    )
    if trace_ids is not None:
        query = query.where(_FEEDBACK.c.trace_id.in_(trace_ids))
    found: Answers = {}
    for trace_id, span_id, author, name, value, label, text in connection.execute(query):
        said: Any = {"boolean": value == 1, "number": value, "categorical": label, "text": text}
        if name in kinds:
            of_item = found.setdefault((trace_id, span_id), {})
            of_item.setdefault(author or "", {})[name] = said[kinds[name]]
    return found


def get_agreement(connection: Connection, project: str, queue_id: str) -> dict[str, Any]:
    """How far the reviewers of a queue agree, label by label.

    Raises:
        NotFound: If there is no such project, or no such queue in it.
    """
    queue = find_queue(connection, project, queue_id)
    labels = labels_of(queue).labels
    answers = _answers(connection, queue, labels)
    query = select(ITEM.c.trace_id, ITEM.c.span_id, ITEM.c.number)
    query = query.where(ITEM.c.queue_row_id == queue.id).order_by(ITEM.c.number)
    items = [((row[0], row[1]), row[2]) for row in connection.execute(query)]
    return {
        "items": len(items),
        "labels": [
            _agreement(label, [(number, answers.get(key, {})) for key, number in items])
            for label in labels
            if label.kind != "text"
        ],
    }


def _agreement(
    label: Label, items: Sequence[tuple[int, dict[str, dict[str, Any]]]]
) -> dict[str, Any]:
    """How far answers to one label agree."""
    from weave_core.statistics.agreement import (  # scipy: half a second, once.
        agreed_share,
        cohen_kappa,
        krippendorff_alpha,
    )

    told = [
        (number, {who: said[label.name] for who, said in of_item.items() if label.name in said})
        for number, of_item in items
    ]
    shared = [(number, of_item) for number, of_item in told if len(of_item) > 1]
    units = [list(of_item.values()) for _, of_item in shared]
    is_number = label.kind == "number"
    people = sorted({who for _, of_item in shared for who in of_item})
    pairs = []
    for first, second in combinations(people, 2):
        both = [each for _, each in shared if first in each and second in each]
        if not both:
            continue
        left, right = [each[first] for each in both], [each[second] for each in both]
        pairs.append(
            {
                "first": first,
                "second": second,
                "items": len(both),
                "agreed": sum(a == b for a, b in zip(left, right, strict=True)) / len(both),
                "kappa": None if is_number else cohen_kappa(left, right),
            }
        )
    return {
        "name": label.name,
        "items": len(shared),
        "agreed": agreed_share(units),
        "alpha": krippendorff_alpha(units, is_interval=is_number),
        "pairs": pairs,
        "differing": [number for number, each in shared if len(set(each.values())) > 1][
            :_MAX_DIFFERING
        ],
    }
