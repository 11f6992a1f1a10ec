"""Annotation queues over HTTP: made, filled, reviewed, and how far reviewers agree."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal
from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.model import (
    AddedItems,
    AnnotationItem,
    AnnotationQueue,
    FeedbackTarget,
    ItemAnswer,
    ItemQuestion,
    NewAnnotationQueue,
    NewItems,
    Page,
    QueueAgreement,
    QueueChanges,
    TakenItem,
)
from weave_core.model.label_sets import Answer

__all__ = ["AnnotationCalls"]


class AnnotationCalls(Connection):
    """Annotation queues over HTTP."""

    def list_annotation_queues(self, project: str) -> list[AnnotationQueue]:
        """The annotation queues of a project, newest first."""
        return self._page(AnnotationQueue, _root(project), {}).items

    def get_annotation_queue(self, project: str, queue_id: str) -> AnnotationQueue:
        """One queue: its labels, and how far it is.

        Raises:
            NotFound: If the project or the queue does not exist.
        """
        return AnnotationQueue.model_validate(self._get(_path(project, queue_id)))

    def add_annotation_queue(self, project: str, queue: NewAnnotationQueue) -> AnnotationQueue:
        """Make an empty queue that asks what the newest version of its label set asks.

        Raises:
            NotFound: If the project or the label set does not exist.
            BadRequest: If that is no label set, or the project has too many queues.
        """
        answer = self._send("POST", _root(project), json=queue.model_dump())
        return AnnotationQueue.model_validate(answer.json())

    def change_annotation_queue(
        self, project: str, queue_id: str, changes: QueueChanges
    ) -> AnnotationQueue:
        """Change its name, its description, or how many people review each item.

        Raises:
            NotFound: If the project or the queue does not exist.
        """
        body = changes.model_dump(exclude_none=True)
        answer = self._send("PATCH", _path(project, queue_id), json=body)
        return AnnotationQueue.model_validate(answer.json())

    def delete_annotation_queue(self, project: str, queue_id: str) -> None:
        """Delete a queue; what was said in it stays as feedback.

        Raises:
            NotFound: If the project or the queue does not exist.
        """
        self._send("DELETE", _path(project, queue_id))

    def add_annotation_items(  # What can be asked for.
        self,
        project: str,
        queue_id: str,
        *,
        filter: str | None = None,  # noqa: A002  # The API's own name for it.
        of: Literal["traces", "spans"] = "traces",
        limit: int = 100,
        order: Literal["newest", "random"] = "newest",
        targets: Sequence[FeedbackTarget] | None = None,
    ) -> AddedItems:
        """Put in what passes a filter, or what is named; each thing is in a queue once.

        Args:
            project: Its name.
            queue_id: Which queue.
            filter: Which traces or spans; None: all.
            of: What the filter speaks of.
            limit: Most of them, up to 1,000.
            order: The newest, or any.
            targets: These instead.

        Raises:
            NotFound: If the project or the queue does not exist.
            BadRequest: If the filter is wrong, or the queue would have too many.
        """
        new = NewItems(
            filter=filter,
            of=of,
            limit=limit,
            order=order,
            targets=None if targets is None else list(targets),
        )
        path = f"{_path(project, queue_id)}/items"
        return AddedItems.model_validate(self._send("POST", path, json=new.model_dump()).json())

    def list_annotation_items(
        self, project: str, queue_id: str, *, limit: int = 50, cursor: str | None = None
    ) -> Page[AnnotationItem]:
        """One page of its items with reviews and answers, in the order they were added.

        Raises:
            NotFound: If the project or the queue does not exist.
        """
        query = {"limit": limit, "cursor": cursor}
        return self._page(AnnotationItem, f"{_path(project, queue_id)}/items", query)

    def iter_annotation_items(self, project: str, queue_id: str) -> Iterator[AnnotationItem]:
        """All items of a queue, page after page."""
        cursor = None
        while True:
            page = self.list_annotation_items(project, queue_id, limit=500, cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def take_annotation_item(
        self, project: str, queue_id: str, reviewer: str, *, number: int | None = None
    ) -> TakenItem:
        """Keep an item for a reviewer: the one they have, else the next; nobody else gets it then.

        Args:
            project: Its name.
            queue_id: Which queue.
            reviewer: Who asks.
            number: That very item, to look at it again.

        Raises:
            NotFound: If the project, the queue or the item does not exist.
            BadRequest: If that item is another's.
        """
        body = ItemQuestion(reviewer=reviewer, number=number).model_dump()
        answer = self._send("POST", f"{_path(project, queue_id)}/take", json=body)
        return TakenItem.model_validate(answer.json())

    def answer_annotation_item(
        self,
        project: str,
        queue_id: str,
        number: int,
        reviewer: str,
        answers: Mapping[str, Answer],
    ) -> TakenItem:
        """What a reviewer says of an item, instead of what they said before; it becomes feedback.

        Raises:
            NotFound: If the project, the queue or the item does not exist.
            BadRequest: If an answer fits no label or is missing, or enough others have reviewed it.
        """
        body = ItemAnswer(reviewer=reviewer, answers=dict(answers)).model_dump()
        path = f"{_path(project, queue_id)}/items/{number}/answer"
        return TakenItem.model_validate(self._send("POST", path, json=body).json())

    def skip_annotation_item(
        self, project: str, queue_id: str, number: int, reviewer: str
    ) -> TakenItem:
        """Leave an item to others.

        Raises:
            NotFound: If the project, the queue or the item does not exist.
        """
        body = ItemQuestion(reviewer=reviewer).model_dump()
        path = f"{_path(project, queue_id)}/items/{number}/skip"
        return TakenItem.model_validate(self._send("POST", path, json=body).json())

    def get_agreement(self, project: str, queue_id: str) -> QueueAgreement:
        """How far reviewers agree on each label: shares, Cohen's kappa, Krippendorff's alpha.

        Raises:
            NotFound: If the project or the queue does not exist.
        """
        return QueueAgreement.model_validate(self._get(f"{_path(project, queue_id)}/agreement"))


def _root(project: str) -> str:
    return f"{root_of(project)}/annotation_queues"


def _path(project: str, queue_id: str) -> str:
    return f"{_root(project)}/{quote(queue_id, safe='')}"
