"""Feedback over HTTP: given, read, changed, taken back."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.model import (
    MAX_FEEDBACK_BATCH,
    AddedFeedback,
    Feedback,
    FeedbackChanges,
    FeedbackSource,
    FeedbackStats,
    NewFeedback,
    Page,
)

__all__ = ["FeedbackCalls"]


class FeedbackCalls(Connection):
    """Feedback over HTTP: given, read, changed, taken back."""

    def list_feedback(
        self,
        project: str,
        *,
        filter: str | None = None,  # noqa: A002  # The API's own name for it.
        order_by: str = "-created_ns",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Feedback]:
        """One page of the feedback of `project`, newest first.

        Args:
            project: Its name.
            filter: An expression such as `name = 'thumbs' and value = 0`.
            order_by: A field; a leading `-` means largest first.
            limit: Most wanted, up to 500.
            cursor: `next_cursor` of the page before.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If filter, order or cursor is wrong.
        """
        query = {"filter": filter, "order_by": order_by, "limit": limit, "cursor": cursor}
        return self._page(Feedback, _root(project), query)

    def iter_feedback(
        self,
        project: str,
        *,
        filter: str | None = None,  # noqa: A002
        order_by: str = "-created_ns",
    ) -> Iterator[Feedback]:
        """All feedback of `project` that passes `filter`, page after page."""
        cursor = None
        while True:
            page = self.list_feedback(
                project, filter=filter, order_by=order_by, limit=500, cursor=cursor
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def sum_feedback(
        self,
        project: str,
        *,
        group_by: str | None = None,
        bucket: str | None = None,
        filter: str | None = None,  # noqa: A002
    ) -> list[FeedbackStats]:
        """Counts and values by name, and by label, source or author, and over time, where asked.

        Args:
            project: Its name.
            group_by: Beside the name: `label`, `source`, `author`, comma between.
            bucket: Width in time, such as `1d`.
            filter: Which feedback.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If a group, the bucket or the filter is wrong.
        """
        query = {"group_by": group_by, "bucket": bucket, "filter": filter}
        return self._page(FeedbackStats, f"{_root(project)}/stats", query).items

    def get_feedback(self, project: str, feedback_id: str) -> Feedback:
        """One feedback.

        Raises:
            NotFound: If the project or the feedback does not exist.
        """
        return Feedback.model_validate(self._get(_path(project, feedback_id)))

    def add_feedback(
        self,
        project: str,
        name: str,
        value: float | None = None,
        *,
        label: str | None = None,
        text: str | None = None,
        source: FeedbackSource = "code",
        author: str | None = None,
        feedback_id: str | None = None,
        **target: str | None,
    ) -> Feedback:
        """Give feedback; what has the same `feedback_id` is replaced.

        Args:
            project: Its name.
            name: What is judged.
            value: A number; True and False are 1 and 0.
            label: One of a few words.
            text: A comment.
            source: Who judged.
            author: Who that was.
            feedback_id: An id of the caller's.
            **target: `trace_id`, `trace_id` with `span_id`, `run_id` or `session_id`; it need not
                be stored yet.

        Raises:
            BadRequest: If something is wrong, the id is that of feedback on something else, or its
                target has too much.
        """
        given = {
            "name": name,
            "value": value,
            "label": label,
            "text": text,
            "source": source,
            "author": author,
            "feedback_id": feedback_id,
            "target": _given(target),
        }
        answer = self._send("POST", _root(project), json=_given(given))
        return Feedback.model_validate(answer.json())

    def add_feedback_batch(self, project: str, feedback: Sequence[NewFeedback]) -> list[Feedback]:
        """Give much feedback: in requests of up to 1,000, each of which is taken whole or not.

        Raises:
            BadRequest: As of `add_feedback`; it names the place in the request.
        """
        added: list[Feedback] = []
        for start in range(0, len(feedback), MAX_FEEDBACK_BATCH):
            part = feedback[start : start + MAX_FEEDBACK_BATCH]
            body = {"items": [each.model_dump(exclude_none=True) for each in part]}
            answer = self._send("POST", f"{_root(project)}/batch", json=body)
            added += AddedFeedback.model_validate(answer.json()).items
        return added

    def change_feedback(self, project: str, feedback_id: str, changes: FeedbackChanges) -> Feedback:
        """Change value, label or text; what is given as None is taken away.

        Raises:
            NotFound: If the project or the feedback does not exist.
            BadRequest: If it would say nothing any more.
        """
        given: dict[str, Any] = changes.given()
        answer = self._send("PATCH", _path(project, feedback_id), json=given)
        return Feedback.model_validate(answer.json())

    def delete_feedback(self, project: str, feedback_id: str) -> None:
        """Take feedback back.

        Raises:
            NotFound: If the project or the feedback does not exist.
        """
        self._send("DELETE", _path(project, feedback_id))


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _root(project: str) -> str:
    return f"{root_of(project)}/feedback"


def _path(project: str, feedback_id: str) -> str:
    return f"{_root(project)}/{quote(feedback_id, safe='')}"
