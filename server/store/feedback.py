"""Feedback is added, changed and taken back; `queries.feedback` reads it."""

import secrets
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from weave_core.errors import BadRequest
from weave_core.model import FeedbackChanges, FeedbackTarget, NewFeedback
from weave_core.server.store.feedback_tables import FeedbackRow
from weave_core.server.store.project_rows import ensure_project_id
from weave_core.server.store.queries.feedback import find_feedback, get_feedback, read_feedback
from weave_core.server.store.tables import table_of

__all__ = ["MAX_FEEDBACK_OF_TARGET", "add_feedback", "change_feedback", "delete_feedback"]

MAX_FEEDBACK_OF_TARGET = 1_000
"""Feedback on one trace and its spans together, on one run, or on one session."""
_FEEDBACK = table_of(FeedbackRow)
_SAID = ("name", "value", "label", "text", "source", "author", "updated_ns")


def add_feedback(
    connection: Connection,
    *,
    project: str,
    items: Sequence[NewFeedback],
    queue_id: str | None = None,
) -> list[dict[str, Any]]:
    """Add feedback, in the caller's transaction; one with a known id replaces what was there.

    What it is of need not be stored: feedback may come before its span.

    Args:
        connection: To write to.
        project: Its name.
        items: What is given.
        queue_id: Of the annotation queue that it is given in.

    Raises:
        BadRequest: If an id is that of feedback on something else, or a target has too much.
    """
    project_id = ensure_project_id(connection, project)
    now = time.time_ns()
    ids = [item.feedback_id or secrets.token_hex(8) for item in items]
    targets = {
        row["feedback_id"]: FeedbackTarget.model_validate(row["target"])
        for row in read_feedback(connection, project, project_id, ids)
    }
    stored = set(targets)
    said: dict[str, dict[str, Any]] = {}
    for place, (feedback_id, item) in enumerate(zip(ids, items, strict=True)):
        target = targets.setdefault(feedback_id, item.target)
        if target != item.target:
            raise BadRequest(
                f"items.{place}: {feedback_id!r} is feedback on {_told(target)}, not on"
                f" {_told(item.target)}",
                "give each feedback an id of its own, or none",
            )
        said[feedback_id] = item.model_dump(include=set(_SAID)) | {"updated_ns": now}
    new = [each for each in said if each not in stored]
    _check_room(connection, project, project_id, [targets[each] for each in new])
    if new:
        own = {"project_id": project_id, "created_ns": now, "queue_id": queue_id}
        rows = [{**own, **_ids(targets[each]), "feedback_id": each, **said[each]} for each in new]
        connection.execute(insert(_FEEDBACK), rows)
    if again := [{"known_id": each, **said[each]} for each in said if each in stored]:
        same = _FEEDBACK.c.feedback_id == bindparam("known_id")
        values: dict[str, Any] = {name: bindparam(name) for name in _SAID}
        statement = update(_FEEDBACK).where(_FEEDBACK.c.project_id == project_id, same)
        connection.execute(statement.values(values), again)
    found = {row["feedback_id"]: row for row in read_feedback(connection, project, project_id, ids)}
    return [found[each] for each in ids]


def change_feedback(
    connection: Connection, *, project: str, feedback_id: str, changes: FeedbackChanges
) -> dict[str, Any]:
    """Change what feedback says, in the caller's transaction.

    Raises:
        NotFound: If there is no such project, or no such feedback in it.
        BadRequest: If nothing would be left of it.
    """
    row = find_feedback(connection, project, feedback_id)
    values = changes.given()
    if all(values.get(name, getattr(row, name)) is None for name in ("value", "label", "text")):
        raise BadRequest(
            f"feedback {feedback_id!r} would say nothing",
            "leave it a value, a label or a text, or delete it",
        )
    if values:
        changed = update(_FEEDBACK).where(_FEEDBACK.c.id == row.id)
        connection.execute(changed.values(**values, updated_ns=time.time_ns()))
    return get_feedback(connection, project, feedback_id)


def delete_feedback(connection: Connection, *, project: str, feedback_id: str) -> None:
    """Take feedback back, in the caller's transaction.

    Raises:
        NotFound: If there is no such project, or no such feedback in it.
    """
    row = find_feedback(connection, project, feedback_id)
    connection.execute(delete(_FEEDBACK).where(_FEEDBACK.c.id == row.id))


def _check_room(
    connection: Connection, project: str, project_id: int, targets: Sequence[FeedbackTarget]
) -> None:
    """Refuse more than a target may have."""
    asked: dict[tuple[str, Any], int] = {}
    for target in targets:
        name, value = next(iter(_ids(target).items()))
        asked[name, value] = asked.get((name, value), 0) + 1
    for (name, value), more in asked.items():
        of_target = (_FEEDBACK.c.project_id == project_id, _FEEDBACK.c[name] == value)
        query = select(func.count()).select_from(_FEEDBACK).where(*of_target)
        count = connection.scalar(query) or 0
        if count + more > MAX_FEEDBACK_OF_TARGET:
            shown = value.hex() if isinstance(value, bytes) else value
            raise BadRequest(
                f"{name} {shown!r} of project {project!r} has {count} feedback, and {more} more"
                f" would be over {MAX_FEEDBACK_OF_TARGET}",
                "give an id, under which feedback is replaced instead of added",
            )


def _ids(target: FeedbackTarget) -> dict[str, Any]:
    """The columns of a target, what it is of first."""
    given = target.model_dump(exclude_none=True)
    of = next(name for name in ("trace_id", "run_id", "session_id") if name in given)
    columns = {of: given[of], **{name: given.get(name) for name in FeedbackTarget.model_fields}}
    return {
        name: bytes.fromhex(value) if value and name in {"trace_id", "span_id"} else value
        for name, value in columns.items()
    }


def _told(target: FeedbackTarget) -> str:
    return " of ".join(
        f"{name.removesuffix('_id')} {value!r}"
        for name, value in reversed(target.model_dump(exclude_none=True).items())
    )
