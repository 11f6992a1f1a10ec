"""Annotation queues are made and filled, items are handed out, reviewed and left to others.

Who gets an item has it for as long as the queue says, by the server's clock; it is handed to nobody
else in that time, unless the queue wants several people to review it.  All of it is one transaction
of the writer each, so two who ask at once never get the same.
"""

import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, and_, delete, exists, func, insert, or_, select, update

from weave_core.errors import BadRequest, NotFound
from weave_core.model import (
    LABEL_SET,
    FeedbackTarget,
    ItemAnswer,
    ItemQuestion,
    LabelSet,
    NewAnnotationQueue,
    NewFeedback,
    NewItems,
    QueueChanges,
)
from weave_core.model.annotations import MAX_QUEUE_ITEMS
from weave_core.server.filters import SPANS, TRACES, compile_filter
from weave_core.server.store.feedback import add_feedback
from weave_core.server.store.feedback_tables import FeedbackRow
from weave_core.server.store.objects import get_content
from weave_core.server.store.queries.annotations import (
    ITEM,
    MAX_QUEUES,
    QUEUE,
    REVIEW,
    find_queue,
    get_queue,
    item_shapes,
    labels_of,
    progress_of,
)
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.tables import SpanRow, TraceRow, table_of

__all__ = [
    "add_items",
    "add_queue",
    "answer_item",
    "change_queue",
    "delete_queue",
    "find_targets",
    "skip_item",
    "take_item",
]

_FEEDBACK, _SPAN, _TRACE = (table_of(row) for row in (FeedbackRow, SpanRow, TraceRow))
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_NS_PER_S = 1_000_000_000


def add_queue(connection: Connection, *, project: str, queue: NewAnnotationQueue) -> dict[str, Any]:
    """Make a queue by the newest version of its label set, in the caller's transaction.

    Raises:
        NotFound: If there is no such project or label set.
        BadRequest: If that is no label set, or there are too many queues.
    """
    project_id = get_project_id(connection, project)
    of_project = QUEUE.c.project_id == project_id
    count = connection.scalar(select(func.count()).select_from(QUEUE).where(of_project)) or 0
    if count >= MAX_QUEUES:
        raise BadRequest(
            f"project {project!r} has {count} annotation queues, the most there can be",
            "delete one that nobody needs",
        )
    found, content = get_content(connection, project, LABEL_SET, queue.label_set, "latest")
    try:
        labels = LabelSet.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise BadRequest(
            f"{LABEL_SET}/{queue.label_set} is no label set: {where}: {problem['msg']}",
            "publish one such as {'labels': [{'name': 'tone', 'options': ['kind', 'rude']}]}",
        ) from error
    queue_id = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    now = time.time_ns()
    row = queue.model_dump() | {"label_version": found["version"], "queue_id": queue_id}
    row["labels"] = labels.model_dump()
    times = {"created_ns": now, "updated_ns": now}
    connection.execute(insert(QUEUE).values(project_id=project_id, **row, **times))
    return get_queue(connection, project, queue_id)


def change_queue(
    connection: Connection, *, project: str, queue_id: str, changes: QueueChanges
) -> dict[str, Any]:
    """Change a queue, in the caller's transaction.

    Raises:
        NotFound: If there is no such project, or no such queue in it.
    """
    row = find_queue(connection, project, queue_id)
    values = changes.model_dump(exclude_none=True)
    changed = update(QUEUE).where(QUEUE.c.id == row.id)
    connection.execute(changed.values(**values, updated_ns=time.time_ns()))
    return get_queue(connection, project, queue_id)


def delete_queue(connection: Connection, *, project: str, queue_id: str) -> None:
    """Delete a queue, in the caller's transaction; what was said in it stays as feedback.

    Raises:
        NotFound: If there is no such project, or no such queue in it.
    """
    row = find_queue(connection, project, queue_id)
    for table in (REVIEW, ITEM):
        connection.execute(delete(table).where(table.c.queue_row_id == row.id))
    connection.execute(delete(QUEUE).where(QUEUE.c.id == row.id))


def find_targets(connection: Connection, project: str, new: NewItems) -> list[FeedbackTarget]:
    """The traces or spans that `new` speaks of.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong.
    """
    if new.targets is not None:
        return list(new.targets)
    table, vocabulary = (_TRACE, TRACES) if new.of == "traces" else (_SPAN, SPANS)
    condition = compile_filter(new.filter, vocabulary)
    columns = [table.c.trace_id] if new.of == "traces" else [table.c.trace_id, table.c.span_id]
    query = select(*columns).where(table.c.project_id == get_project_id(connection, project))
    if condition is not None:
        query = query.where(condition)
    order = func.random() if new.order == "random" else table.c.start_ns.desc()
    return [
        FeedbackTarget(
            **{f"{name}_id": raw.hex() for name, raw in zip(("trace", "span"), row, strict=False)}
        )
        for row in connection.execute(query.order_by(order).limit(new.limit))
    ]


def add_items(
    connection: Connection, *, project: str, queue_id: str, targets: Sequence[FeedbackTarget]
) -> dict[str, int]:
    """Put traces and spans into a queue, in the caller's transaction; each is in it once.

    Raises:
        NotFound: If there is no such project, or no such queue in it.
        BadRequest: If the queue would have too many.
    """
    queue = find_queue(connection, project, queue_id)
    query = select(ITEM.c.trace_id, ITEM.c.span_id).where(ITEM.c.queue_row_id == queue.id)
    known = {(row.trace_id, row.span_id) for row in connection.execute(query)}
    wanted = dict.fromkeys(
        (bytes.fromhex(each.trace_id or ""), bytes.fromhex(each.span_id) if each.span_id else None)
        for each in targets
    )
    new = [key for key in wanted if key not in known]
    if len(known) + len(new) > MAX_QUEUE_ITEMS:
        raise BadRequest(
            f"queue {queue_id!r} has {len(known)} items, and {len(new)} more would be over"
            f" {MAX_QUEUE_ITEMS}",
            "make another queue",
        )
    last = connection.scalar(select(func.max(ITEM.c.number)).where(ITEM.c.queue_row_id == queue.id))
    rows = [
        {
            "project_id": queue.project_id,
            "queue_row_id": queue.id,
            "number": number,
            "trace_id": trace_id,
            "span_id": span_id,
        }
        for number, (trace_id, span_id) in enumerate(new, (last or 0) + 1)
    ]
    if rows:
        connection.execute(insert(ITEM), rows)
    return {"added": len(rows), "known": len(wanted) - len(rows)}


def take_item(
    connection: Connection, *, project: str, queue_id: str, question: ItemQuestion
) -> dict[str, Any]:
    """Keep an item for who asks: the one they have, else the next that needs a review.

    Raises:
        NotFound: If there is no such project, queue or item.
        BadRequest: If the item that was asked for is another's.
    """
    queue = find_queue(connection, project, queue_id)
    now = time.time_ns()
    item: Row[Any] | None
    if question.number is not None:
        known = _item(connection, queue, question.number)
        _check_free(connection, queue, known, question.reviewer, now)
        item = known
    else:
        item = _held(connection, queue, question.reviewer, now)
        item = item or _next(connection, queue, question.reviewer, now)
    shapes = []
    if item is not None:
        _hold(connection, queue, item, question.reviewer, now)
        shapes = item_shapes(connection, queue, [item])
    return {
        "item": shapes[0] if shapes else None,
        "progress": progress_of(connection, queue),
    }


def answer_item(
    connection: Connection, *, project: str, queue_id: str, number: int, answer: ItemAnswer
) -> dict[str, Any]:
    """Store what a reviewer says of an item as feedback, instead of what they said before.

    Raises:
        NotFound: If there is no such project, queue or item.
        BadRequest: If an answer fits no label or is missing, or enough others have reviewed it.
    """
    queue = find_queue(connection, project, queue_id)
    item = _item(connection, queue, number)
    _check_free(connection, queue, item, answer.reviewer, time.time_ns())
    try:
        said = labels_of(queue).said(answer.answers)
    except ValueError as error:
        raise BadRequest(str(error), "the queue's labels say what can be answered") from error
    target = FeedbackTarget(
        trace_id=item.trace_id.hex(), span_id=item.span_id.hex() if item.span_id else None
    )
    own = (
        _FEEDBACK.c.project_id == queue.project_id,
        _FEEDBACK.c.queue_id == queue_id,
        _FEEDBACK.c.trace_id == item.trace_id,
        _FEEDBACK.c.span_id == item.span_id if item.span_id else _FEEDBACK.c.span_id.is_(None),
        _FEEDBACK.c.author == answer.reviewer,
    )
    connection.execute(delete(_FEEDBACK).where(*own))
    given = [
        NewFeedback(
            target=target,
            name=name,
            source="human",
            author=answer.reviewer,
            feedback_id=_feedback_id(queue_id, number, answer.reviewer, name),
            **values,
        )
        for name, values in said.items()
    ]
    add_feedback(connection, project=project, items=given, queue_id=queue_id)
    _end(connection, queue, item, answer.reviewer, state="done")
    return {
        "item": item_shapes(connection, queue, [item])[0],
        "progress": progress_of(connection, queue),
    }


def skip_item(
    connection: Connection, *, project: str, queue_id: str, number: int, reviewer: str
) -> dict[str, Any]:
    """Leave an item to others; who skips it is not asked again.

    Raises:
        NotFound: If there is no such project, queue or item.
    """
    queue = find_queue(connection, project, queue_id)
    item = _item(connection, queue, number)
    _end(connection, queue, item, reviewer, state="skipped")
    return {
        "item": item_shapes(connection, queue, [item])[0],
        "progress": progress_of(connection, queue),
    }


def _feedback_id(queue_id: str, number: int, reviewer: str, name: str) -> str:
    own = hashlib.sha256(f"{reviewer}\0{name}".encode()).hexdigest()[:16]
    return f"{queue_id}.{number}.{own}"


def _item(connection: Connection, queue: Row[Any], number: int) -> Row[Any]:
    is_it = (ITEM.c.queue_row_id == queue.id, ITEM.c.number == number)
    row: Row[Any] | None = connection.execute(select(ITEM).where(*is_it)).one_or_none()
    if row is None:
        raise NotFound(
            f"queue {queue.queue_id!r} has no item {number}", "it may be gone with its trace"
        )
    return row


def _is_taken(now: int, reviewer: str) -> Any:
    """Reviews of others that leave less room on an item."""
    is_held = and_(REVIEW.c.state == "leased", REVIEW.c.until_ns > now)
    return and_(REVIEW.c.reviewer != reviewer, or_(REVIEW.c.state == "done", is_held))


def _held(connection: Connection, queue: Row[Any], reviewer: str, now: int) -> Row[Any] | None:
    """The item that the reviewer has already."""
    query = (
        select(ITEM)
        .join(REVIEW, REVIEW.c.item_id == ITEM.c.id)
        .where(REVIEW.c.queue_row_id == queue.id, REVIEW.c.reviewer == reviewer)
        .where(REVIEW.c.state == "leased", REVIEW.c.until_ns > now)
    )
    found: Row[Any] | None = connection.execute(query.order_by(ITEM.c.number).limit(1)).first()
    return found


def _next(connection: Connection, queue: Row[Any], reviewer: str, now: int) -> Row[Any] | None:
    """The first item that has room for one more review, and none of this reviewer."""
    of_item = REVIEW.c.item_id == ITEM.c.id
    was_seen = exists().where(
        of_item, REVIEW.c.reviewer == reviewer, REVIEW.c.state.in_(("done", "skipped"))
    )
    others = (
        select(func.count())
        .select_from(REVIEW)
        .where(of_item, _is_taken(now, reviewer))
        .correlate(ITEM)
        .scalar_subquery()
    )
    query = select(ITEM).where(
        ITEM.c.queue_row_id == queue.id, ~was_seen.correlate(ITEM), others < queue.overlap
    )
    found: Row[Any] | None = connection.execute(query.order_by(ITEM.c.number).limit(1)).first()
    return found


def _check_free(
    connection: Connection, queue: Row[Any], item: Row[Any], reviewer: str, now: int
) -> None:
    """Refuse an item of which enough others are, or were, the reviewers."""
    query = select(REVIEW.c.reviewer, REVIEW.c.state).where(
        REVIEW.c.item_id == item.id, _is_taken(now, reviewer)
    )
    others = connection.execute(query.order_by(REVIEW.c.reviewer)).all()
    if len(others) >= queue.overlap:
        told = ", ".join(
            f"{name} {'has reviewed it' if state == 'done' else 'has it now'}"
            for name, state in others
        )
        raise BadRequest(
            f"item {item.number} wants {queue.overlap} reviewers: {told}",
            "take the next one, or raise the overlap of the queue",
        )


def _hold(connection: Connection, queue: Row[Any], item: Row[Any], reviewer: str, now: int) -> None:
    until = now + queue.lease_s * _NS_PER_S
    # What is done stays done while its reviewer looks at it again.
    own = (REVIEW.c.item_id == item.id, REVIEW.c.reviewer == reviewer)
    state = connection.scalar(select(REVIEW.c.state).where(*own))
    if state is None:
        row = {"queue_row_id": queue.id, "item_id": item.id, "reviewer": reviewer}
        connection.execute(insert(REVIEW).values(**row, state="leased", until_ns=until))
    elif state != "done":
        connection.execute(update(REVIEW).where(*own).values(state="leased", until_ns=until))


def _end(
    connection: Connection, queue: Row[Any], item: Row[Any], reviewer: str, *, state: str
) -> None:
    own = (REVIEW.c.item_id == item.id, REVIEW.c.reviewer == reviewer)
    connection.execute(delete(REVIEW).where(*own))
    row = {"queue_row_id": queue.id, "item_id": item.id, "reviewer": reviewer}
    connection.execute(insert(REVIEW).values(**row, state=state, done_ns=time.time_ns()))
