"""Sweeps over HTTP: made and steered by people, asked and told by agents."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Body, Path, Request, Response

from weave_core.model import (
    NewSweep,
    Page,
    Sweep,
    SweepChanges,
    SweepTrial,
    TrialAnswer,
    TrialBeat,
    TrialQuestion,
    TrialResult,
    TrialSignals,
)
from weave_core.server.deps import ProjectPath, ReaderDep, StoreDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store import sweeps, trials
from weave_core.server.store.prior_runs import PriorRun, read_prior_runs
from weave_core.server.store.queries import sweeps as questions
from weave_core.server.store.queries.trial_values import Measured, measure_trial
from weave_core.server.store.trial_reports import read_reports
from weave_core.server.sweeps.configs import parsed, read_config

if TYPE_CHECKING:
    from weave_core.server.sweeps.brains import SweepBrain

router = APIRouter(prefix="/api/projects/{project}/sweeps", tags=["sweeps"])

SweepPath = Annotated[str, Path(description="Id of a sweep.")]
NumberPath = Annotated[int, Path(ge=0, lt=2**31, description="Number of a trial.")]


@router.get("", response_model=Page[Sweep])
def list_sweeps(connection: ReaderDep, project: ProjectPath) -> Response:
    """The sweeps of a project, newest first."""
    return JsonAnswer(questions.list_sweeps(connection, project))


@router.post("", response_model=Sweep)
def add_sweep(
    store: StoreDep, project: ProjectPath, sweep: Annotated[NewSweep, Body()]
) -> Response:
    """Make a sweep from a config as wandb has it; a new project is made along."""
    known: list[PriorRun] = []
    if sweep.prior_runs:
        config = read_config(parsed(sweep.config))
        with store.reading() as connection:
            known = read_prior_runs(connection, project, config, sweep.prior_runs)
    work = partial(sweeps.add_sweep, project=project, sweep=sweep, prior_runs=known)
    return JsonAnswer(store.run(work).result())


@router.get("/{sweep_id}", response_model=Sweep)
def read_sweep(connection: ReaderDep, project: ProjectPath, sweep_id: SweepPath) -> Response:
    """One sweep: its config, how far it is, its best trial."""
    return JsonAnswer(questions.get_sweep(connection, project, sweep_id))


@router.patch("/{sweep_id}", response_model=Sweep)
def change_sweep(
    store: StoreDep,
    project: ProjectPath,
    sweep_id: SweepPath,
    changes: Annotated[SweepChanges, Body()],
) -> Response:
    """Pause, resume, end (`finished` lets trials end, `cancelled` stops them) or rename it."""
    work = partial(sweeps.change_sweep, project=project, sweep_id=sweep_id, changes=changes)
    return JsonAnswer(store.run(work).result())


@router.delete("/{sweep_id}", status_code=204)
def delete_sweep(store: StoreDep, project: ProjectPath, sweep_id: SweepPath) -> None:
    """Delete a sweep and its trials; their runs stay."""
    store.run(partial(sweeps.delete_sweep, project=project, sweep_id=sweep_id)).result()


@router.get("/{sweep_id}/trials", response_model=Page[SweepTrial])
def list_trials(connection: ReaderDep, project: ProjectPath, sweep_id: SweepPath) -> Response:
    """The trials of a sweep, newest first."""
    return JsonAnswer(questions.list_trials(connection, project, sweep_id))


@router.post("/{sweep_id}/ask", response_model=TrialAnswer)
def ask(
    request: Request,
    store: StoreDep,
    project: ProjectPath,
    sweep_id: SweepPath,
    question: Annotated[TrialQuestion, Body()],
) -> Response:
    """Something to do for an agent: a trial, or why there is none; the same for the same key."""
    brain: SweepBrain = request.app.state.brain
    answer = brain.ask(store, project=project, sweep_id=sweep_id, question=question)
    return JsonAnswer({**TrialAnswer().model_dump(), **answer})


@router.post("/{sweep_id}/trials/{number}/heartbeat", response_model=TrialSignals)
def beat(
    store: StoreDep,
    project: ProjectPath,
    sweep_id: SweepPath,
    number: NumberPath,
    said: Annotated[TrialBeat, Body()],
) -> Response:
    """Keep a trial for its agent; tells whether it is to stop."""
    with store.reading() as connection:
        reports = read_reports(connection, project, sweep_id, number)
    work = partial(
        trials.beat_trial,
        project=project,
        sweep_id=sweep_id,
        number=number,
        token=said.token,
        reports=reports,
    )
    return JsonAnswer({**TrialSignals().model_dump(), **store.run(work).result()})


@router.post("/{sweep_id}/trials/{number}/tell", response_model=SweepTrial)
def tell(
    store: StoreDep,
    project: ProjectPath,
    sweep_id: SweepPath,
    number: NumberPath,
    result: Annotated[TrialResult, Body()],
) -> Response:
    """What came of a trial; told with a token that is no longer its own it changes nothing."""
    with store.reading() as connection:
        # Who says the value needs no look at the run.
        is_told = result.value is not None
        measured = Measured() if is_told else measure_trial(connection, project, sweep_id, number)
        reports = read_reports(connection, project, sweep_id, number)
    work = partial(
        trials.end_trial,
        project=project,
        sweep_id=sweep_id,
        number=number,
        result=result,
        measured=measured,
        reports=reports,
    )
    return JsonAnswer(store.run(work).result())
