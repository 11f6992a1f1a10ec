"""Evaluations over HTTP; they are written by spans."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from weave_core.model import (
    EvaluatedItem,
    EvaluationBreakdown,
    EvaluationComparison,
    Page,
    StoredEvaluation,
)
from weave_core.server.deps import CursorQuery, LimitQuery, ProjectPath, ReaderDep, StoreDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store.queries import evaluation_breakdowns, evaluations

router = APIRouter(prefix="/api/projects/{project}/evaluations", tags=["evaluations"])

EvaluationPath = Annotated[str, Path(description="Id of an evaluation.")]


@router.get("", response_model=Page[StoredEvaluation])
def list_evaluations(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    name: Annotated[str | None, Query(description="Only of this name.")] = None,
    branch: Annotated[str | None, Query(description="Only those run on this branch.")] = None,
    state: Annotated[
        Literal["running", "done", "stopped", "failed"] | None,
        Query(description="Only those in this state."),
    ] = None,
    uses: Annotated[
        str | None,
        Query(description="Only those of this dataset, task or scorer: a `sha256:` digest."),
    ] = None,
    run_id: Annotated[str | None, Query(description="Only those that this run began.")] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Response:
    """The evaluations of a project, newest first."""
    return JsonAnswer(
        evaluations.list_evaluations(
            connection,
            project,
            name=name,
            branch=branch,
            state=state,
            uses=uses,
            run_id=run_id,
            limit=limit,
            cursor=cursor,
        )
    )


@router.get("/baseline", response_model=StoredEvaluation)
def read_baseline(
    connection: ReaderDep,
    project: ProjectPath,
    name: Annotated[str, Query(description="Name of the evaluation.")],
    of: Annotated[str, Query(description="An id, a branch or a tag.")],
) -> Response:
    """The evaluation with that id, else the last of that name done on a branch or with a tag."""
    return JsonAnswer(evaluations.find_baseline(connection, project, name, of))


@router.get("/compare", response_model=EvaluationComparison)
def compare_evaluations(
    connection: ReaderDep,
    project: ProjectPath,
    ids: Annotated[str, Query(description="Candidate and baseline, a comma between.")],
) -> Response:
    """Paired differences with intervals and tests, slices, and the items that changed most."""
    candidate, _, baseline = ids.partition(",")
    return JsonAnswer(
        evaluations.compare_evaluations(connection, project, candidate.strip(), baseline.strip())
    )


@router.get("/{evaluation_id}", response_model=StoredEvaluation)
def read_evaluation(
    connection: ReaderDep, project: ProjectPath, evaluation_id: EvaluationPath
) -> Response:
    """One evaluation with its numbers; while it runs, with those of what has been run."""
    return JsonAnswer(evaluations.get_evaluation(connection, project, evaluation_id))


@router.get("/{evaluation_id}/breakdown", response_model=EvaluationBreakdown)
def read_breakdown(
    connection: ReaderDep, project: ProjectPath, evaluation_id: EvaluationPath
) -> Response:
    """How the scores are spread, and their means in each slice of the items."""
    return JsonAnswer(evaluation_breakdowns.read_breakdown(connection, project, evaluation_id))


@router.get("/{evaluation_id}/items", response_model=Page[EvaluatedItem])
def list_items(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    evaluation_id: EvaluationPath,
    outcome: Annotated[
        Literal["ok", "error", "timeout"] | None, Query(description="Only those that ended so.")
    ] = None,
    worst_by: Annotated[
        str | None,
        Query(description="A scorer: failed scores first, then the lowest; without pages."),
    ] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> Response:
    """The examples of an evaluation with their scores, in the order of the dataset."""
    return JsonAnswer(
        evaluations.list_items(
            connection,
            project,
            evaluation_id,
            outcome=outcome,
            worst_by=worst_by,
            limit=limit,
            cursor=cursor,
        )
    )


@router.delete("/{evaluation_id}", status_code=204)
def delete_evaluation(store: StoreDep, project: ProjectPath, evaluation_id: EvaluationPath) -> None:
    """Delete an evaluation with its items and scores; its traces stay."""
    work = partial(evaluations.delete_evaluation, project=project, evaluation_id=evaluation_id)
    store.run(work).result()
