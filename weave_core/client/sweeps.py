"""Sweeps over HTTP: made, read and steered, and what an agent asks and tells."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.model import (
    NewSweep,
    Sweep,
    SweepChanges,
    SweepTrial,
    TrialAnswer,
    TrialBeat,
    TrialQuestion,
    TrialResult,
    TrialSignals,
)

__all__ = ["SweepCalls"]


class SweepCalls(Connection):
    """Sweeps over HTTP."""

    def list_sweeps(self, project: str) -> list[Sweep]:
        """The sweeps of a project, newest first."""
        return self._page(Sweep, f"{root_of(project)}/sweeps", {}).items

    def get_sweep(self, project: str, sweep_id: str) -> Sweep:
        """One sweep: its config, how far it is, its best trial.

        Raises:
            NotFound: If the project or the sweep does not exist.
        """
        return Sweep.model_validate(self._get(_path(project, sweep_id)))

    def list_trials(self, project: str, sweep_id: str) -> list[SweepTrial]:
        """The trials of a sweep, newest first.

        Raises:
            NotFound: If the project or the sweep does not exist.
        """
        return self._page(SweepTrial, f"{_path(project, sweep_id)}/trials", {}).items

    def add_sweep(
        self,
        project: str,
        config: Mapping[str, Any] | str,
        *,
        name: str | None = None,
        prior_runs: Sequence[str] = (),
    ) -> Sweep:
        """Make a sweep.

        Args:
            project: Where its runs go; made if there is none.
            config: As wandb has it, or YAML or JSON text of that.
            name: What it is called.
            prior_runs: Ids of runs of the project that it learns from as from trials of its own.

        Raises:
            BadRequest: If the config can't be used; it says which key.
            NotFound: If a prior run does not exist.
        """
        given = config if isinstance(config, str) else dict(config)
        sweep = NewSweep(config=given, name=name, prior_runs=[*prior_runs])
        answer = self._send("POST", f"{root_of(project)}/sweeps", json=sweep.model_dump())
        return Sweep.model_validate(answer.json())

    def change_sweep(self, project: str, sweep_id: str, changes: SweepChanges) -> Sweep:
        """Pause, resume, end or rename a sweep.

        Raises:
            NotFound: If the project or the sweep does not exist.
            BadRequest: If its state can't become that.
        """
        given = changes.model_dump(exclude_unset=True)
        return Sweep.model_validate(
            self._send("PATCH", _path(project, sweep_id), json=given).json()
        )

    def delete_sweep(self, project: str, sweep_id: str) -> None:
        """Delete a sweep and its trials; their runs stay.

        Raises:
            NotFound: If the project or the sweep does not exist.
        """
        self._send("DELETE", _path(project, sweep_id))

    def ask_trial(self, project: str, sweep_id: str, question: TrialQuestion) -> TrialAnswer:
        """Something to do for an agent; the same for the same `ask_key`.

        Raises:
            NotFound: If the project or the sweep does not exist.
            Overloaded: If too many ask at the same time.
        """
        path = f"{_path(project, sweep_id)}/ask"
        answer = self._send("POST", path, json=question.model_dump())
        return TrialAnswer.model_validate(answer.json())

    def beat_trial(self, project: str, sweep_id: str, number: int, token: str) -> TrialSignals:
        """Say that a trial is still worked on; hear whether it is to stop.

        Raises:
            NotFound: If the project, the sweep or the trial does not exist.
        """
        path = f"{_path(project, sweep_id)}/trials/{number}/heartbeat"
        answer = self._send("POST", path, json=TrialBeat(token=token).model_dump())
        return TrialSignals.model_validate(answer.json())

    def tell_trial(
        self, project: str, sweep_id: str, number: int, result: TrialResult
    ) -> SweepTrial:
        """Say what came of a trial; gives it as it is then.

        Raises:
            NotFound: If the project, the sweep or the trial does not exist.
        """
        path = f"{_path(project, sweep_id)}/trials/{number}/tell"
        answer = self._send("POST", path, json=result.model_dump())
        return SweepTrial.model_validate(answer.json())


def _path(project: str, sweep_id: str) -> str:
    return f"{root_of(project)}/sweeps/{quote(sweep_id, safe='')}"
