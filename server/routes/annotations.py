"""Annotation queues over HTTP: made, filled, reviewed, and how far reviewers agree."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from weave_core.model import (
    AddedItems,
    AnnotationItem,
    AnnotationQueue,
    ItemAnswer,
    ItemQuestion,
    NewAnnotationQueue,
    NewItems,
    Page,
    QueueAgreement,
    QueueChanges,
    TakenItem,
)
from weave_core.server.deps import CursorQuery, LimitQuery, ProjectPath, ReaderDep, StoreDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store import annotations
from weave_core.server.store.queries import annotations as questions

router = APIRouter(prefix="/api/projects/{project}/annotation_queues", tags=["annotations"])

QueuePath = Annotated[str, Path(description="Id of an annotation queue.")]
NumberPath = Annotated[int, Path(ge=1, lt=2**31, description="Number of an item.")]


@router.get("", response_model=Page[AnnotationQueue])
def list_queues(connection: ReaderDep, project: ProjectPath) -> Response:
    """The annotation queues of a project, newest first."""
    return JsonAnswer(questions.list_queues(connection, project))


@router.post("", response_model=AnnotationQueue)
def add_queue(
    store: StoreDep, project: ProjectPath, queue: Annotated[NewAnnotationQueue, Body()]
) -> Response:
    """Make an empty queue that asks what the newest version of a label set asks."""
    work = partial(annotations.add_queue, project=project, queue=queue)
    return JsonAnswer(store.run(work).result())


@router.get("/{queue_id}", response_model=AnnotationQueue)
def read_queue(connection: ReaderDep, project: ProjectPath, queue_id: QueuePath) -> Response:
    """One queue: its labels, and how far it is."""
    return JsonAnswer(questions.get_queue(connection, project, queue_id))


@router.patch("/{queue_id}", response_model=AnnotationQueue)
def change_queue(
    store: StoreDep,
    project: ProjectPath,
    queue_id: QueuePath,
    changes: Annotated[QueueChanges, Body()],
) -> Response:
    """Change its name, its description, or how many people review each item."""
    work = partial(annotations.change_queue, project=project, queue_id=queue_id, changes=changes)
    return JsonAnswer(store.run(work).result())


@router.delete("/{queue_id}", status_code=204)
def delete_queue(store: StoreDep, project: ProjectPath, queue_id: QueuePath) -> None:
    """Delete a queue; what was said in it stays as feedback."""
    store.run(partial(annotations.delete_queue, project=project, queue_id=queue_id)).result()


@router.get("/{queue_id}/items", response_model=Page[AnnotationItem])
def list_items(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    queue_id: QueuePath,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Response:
    """A page of its items with reviews and answers, in the order they were added."""
    return JsonAnswer(
        questions.list_items(connection, project, queue_id, limit=limit, cursor=cursor)
    )


@router.post("/{queue_id}/items", response_model=AddedItems)
def add_items(
    store: StoreDep, project: ProjectPath, queue_id: QueuePath, new: Annotated[NewItems, Body()]
) -> Response:
    """Put in what passes a filter, or what is named; each thing is in a queue once."""
    with store.reading() as connection:
        targets = annotations.find_targets(connection, project, new)
    work = partial(annotations.add_items, project=project, queue_id=queue_id, targets=targets)
    return JsonAnswer(store.run(work).result())


@router.post("/{queue_id}/take", response_model=TakenItem)
def take_item(
    store: StoreDep,
    project: ProjectPath,
    queue_id: QueuePath,
    question: Annotated[ItemQuestion, Body()],
) -> Response:
    """Keep an item for a reviewer: the one they have, else the next; nobody else gets it then."""
    work = partial(annotations.take_item, project=project, queue_id=queue_id, question=question)
    return JsonAnswer(store.run(work).result())


@router.post("/{queue_id}/items/{number}/answer", response_model=TakenItem)
def answer_item(
    *,
    store: StoreDep,
    project: ProjectPath,
    queue_id: QueuePath,
    number: NumberPath,
    answer: Annotated[ItemAnswer, Body()],
) -> Response:
    """What a reviewer says of an item, instead of what they said before; it becomes feedback."""
    work = partial(
        annotations.answer_item, project=project, queue_id=queue_id, number=number, answer=answer
    )
    return JsonAnswer(store.run(work).result())


@router.post("/{queue_id}/items/{number}/skip", response_model=TakenItem)
def skip_item(
    *,
    store: StoreDep,
    project: ProjectPath,
    queue_id: QueuePath,
    number: NumberPath,
    question: Annotated[ItemQuestion, Body()],
) -> Response:
    """Leave an item to others."""
    work = partial(
        annotations.skip_item,
        project=project,
        queue_id=queue_id,
        number=number,
        reviewer=question.reviewer,
    )
    return JsonAnswer(store.run(work).result())


@router.get("/{queue_id}/agreement", response_model=QueueAgreement)
def read_agreement(connection: ReaderDep, project: ProjectPath, queue_id: QueuePath) -> Response:
    """How far reviewers agree on each label: shares, Cohen's kappa, Krippendorff's alpha."""
    return JsonAnswer(questions.get_agreement(connection, project, queue_id))
