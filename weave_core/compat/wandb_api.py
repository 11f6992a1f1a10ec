"""What of `wandb.Api` scripts read runs with: runs, their points and files, artifacts, sweeps.

It asks the server of `WEAVE_CORE_ENDPOINT` by our client and keeps nothing of its own.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from weave_core.client import Client
from weave_core.compat.wandb_artifacts import Artifact, place_of
from weave_core.compat.wandb_missing import not_provided
from weave_core.compat.wandb_stored_runs import StoredRun
from weave_core.errors import BadRequest, NotFound
from weave_core.foreign_runs.wandb_filters import SUMMARY_WORDS, fits, ordered_by
from weave_core.model import ArtifactVersion
from weave_core.model import Sweep as SweepInfo
from weave_core.tracing import lifecycle
from weave_core.tracing.run_artifacts import artifact_client

__all__ = ["Api", "Runs", "Sweep"]


class Runs(Sequence[StoredRun]):
    """The runs that a question has found; asked for when the first one is wanted."""

    def __init__(
        self, client: Client, project: str, filters: Mapping[str, Any] | None, order: str | None
    ) -> None:
        self._client = client
        self._project = project
        self._filters = filters
        self._order = ordered_by(order)

    @cached_property
    def _found(self) -> list[StoredRun]:
        # Lists tell a hundred keys of a summary, unless others are asked for.
        keys = list(_summary_keys(self._filters)) or None
        infos = self._client.runs(self._project, order_by=self._order, keys=keys)
        return [StoredRun(self._client, info) for info in infos if fits(info, self._filters)]

    def __getitem__(self, place: Any) -> Any:
        return self._found[place]

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"<Runs of {self._project}>"


def _summary_keys(filters: Any) -> Iterator[str]:
    """The keys of summaries that a filter asks about."""
    if isinstance(filters, Mapping):
        for key, inner in filters.items():
            head, _, rest = str(key).partition(".")
            if head in SUMMARY_WORDS:
                yield rest
            yield from _summary_keys(inner)
    elif isinstance(filters, list | tuple):
        for each in filters:
            yield from _summary_keys(each)


class Sweep:
    """A sweep and its runs."""

    def __init__(self, client: Client, info: SweepInfo) -> None:
        self._client = client
        self._info = info
        self.id = info.sweep_id
        self.name = info.name
        self.project = info.project
        self.entity = ""
        self.config = dict(info.config)

    @property
    def state(self) -> str:
        """How it is, in capitals as wandb says it."""
        return self._client.get_sweep(self.project, self.id).state.upper()

    @property
    def order(self) -> str | None:
        """The order in which the best run is the first."""
        if self._info.metric is None:
            return None
        sign = "-" if self._info.goal == "maximize" else "+"
        return f"{sign}summary_metrics.{self._info.metric}"

    @property
    def expected_run_count(self) -> int | None:
        """How many trials there will be, where that is known."""
        return self._info.size

    @property
    def runs(self) -> list[StoredRun]:
        """The runs of its trials, the newest first."""
        trials = self._client.list_trials(self.project, self.id)
        ids = [trial.run_id for trial in trials if trial.run_id is not None]
        return [StoredRun(self._client, self._client.get_run(self.project, each)) for each in ids]

    def best_run(self, order: str | None = None) -> StoredRun | None:
        """The run with the best result, or the first one of an order."""
        best = self._client.get_sweep(self.project, self.id).best
        if order is None and best is not None and best.run_id is not None:
            return StoredRun(self._client, self._client.get_run(self.project, best.run_id))
        ids = {run.id for run in self.runs}
        wanted = Runs(self._client, self.project, {"name": {"$in": list(ids)}}, order or self.order)
        return wanted[0] if len(wanted) else None

    def __getattr__(self, name: str) -> Any:
        raise not_provided("wandb.Api().sweep", name)

    def __repr__(self) -> str:
        return f"<Sweep {self.id} of {self.project}>"


class Api:
    """Reads what is stored; `overrides`, `timeout` and a key are taken and have no meaning here.

    Example:
        >>> for run in wandb.Api().runs("digits", {"state": "finished"}, "-summary_metrics.acc"):
        ...     print(run.name, run.config["lr"], run.summary["acc"])
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        overrides = options.get("overrides") or (given[0] if given else None)
        told = overrides if isinstance(overrides, Mapping) else {}
        self._client = artifact_client(wanted_for="reads runs and artifacts")
        own = lifecycle.settings_in_force().project
        self._project = told.get("project") or os.environ.get("WANDB_PROJECT") or own
        self.default_entity = ""
        self.api_key = None
        self.viewer = SimpleNamespace(username="", entity="", teams=[])

    def runs(
        self,
        path: str | None = None,
        filters: Mapping[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 50,  # noqa: ARG002  # A page is as large as the server gives it.
        **_ignored: Any,
    ) -> Runs:
        """The runs of a project.

        Args:
            path: `PROJECT` or `ENTITY/PROJECT`.
            filters: As MongoDB has them: `{"config.lr": 0.1, "state": {"$ne": "running"}}`.
            order: `created_at`, `summary_metrics.KEY`, `config.KEY`, with `+` or `-` in front.
            per_page: Not read.
            **_ignored: Likewise.

        Raises:
            BadFilter: If a word of `filters` or `order` is none that is known.
        """
        return Runs(self._client, self._place(path), filters, order)

    def run(self, path: str) -> StoredRun:
        """A run, by `ID`, `PROJECT/ID` or `ENTITY/PROJECT/ID`.

        Raises:
            NotFound: If there is none.
        """
        words = [word for word in str(path).strip("/").split("/") if word != "runs"]
        project = words[-2] if len(words) > 1 else self._project
        return StoredRun(self._client, self._client.get_run(project, words[-1]))

    def sweep(self, path: str) -> Sweep:
        """A sweep, by `ID`, `PROJECT/ID` or `ENTITY/PROJECT/ID`.

        Raises:
            NotFound: If there is none.
        """
        words = [word for word in str(path).strip("/").split("/") if word != "sweeps"]
        project = words[-2] if len(words) > 1 else self._project
        return Sweep(self._client, self._client.get_sweep(project, words[-1]))

    def projects(self, entity: str | None = None, **_ignored: Any) -> list[Any]:
        """The projects, each with a `name`."""
        del entity
        names = [each.name for each in self._client.list_projects()]
        return [SimpleNamespace(name=name, entity="", id=name) for name in names]

    def project(self, name: str, entity: str | None = None) -> Any:
        """A project by its name.

        Raises:
            NotFound: If there is none.
        """
        del entity
        found = self._client.get_project(name)
        return SimpleNamespace(name=found.name, entity="", id=found.name)

    def artifact(self, name: str, type: str | None = None) -> Artifact:  # noqa: A002, ARG002
        """A version, by `NAME:VERSION` or `PROJECT/NAME:VERSION`.

        Raises:
            NotFound: If there is none.
        """
        return Artifact.of(self._client.artifact(place_of(name), project=self._project))

    def artifact_exists(self, name: str, type: str | None = None) -> bool:  # noqa: A002
        """Whether there is such a version."""
        try:
            self.artifact(name, type)
        except NotFound:
            return False
        return True

    def artifacts(
        self,
        type_name: str,  # noqa: ARG002
        name: str,
        per_page: int = 50,  # noqa: ARG002
        tags: Sequence[str] | None = None,
    ) -> Iterator[Artifact]:
        """The versions of an artifact, newest first."""
        for version in self.artifact_versions("", name):
            if not tags or set(tags) <= set(version.tags):
                yield self.artifact(f"{name.partition(':')[0]}:{version.version}")

    def artifact_versions(self, type_name: str, name: str) -> list[ArtifactVersion]:  # noqa: ARG002
        """The versions of an artifact, newest first."""
        found = self._client.artifact(place_of(name), project=self._project)
        return self._client.list_artifact_versions(found.project, found.name).items

    def from_path(self, path: str) -> Any:
        """The run of a path with three parts, else the sweep of one with `sweeps`, else runs."""
        if "sweeps" in path.split("/"):
            return self.sweep(path)
        return self.run(path) if path.strip("/").count("/") > 1 else self.runs(path)

    def flush(self) -> None:
        """Nothing is kept here."""

    def _place(self, path: str | None) -> str:
        words = [word for word in (path or "").strip("/").split("/") if word]
        if len(words) > 2:  # noqa: PLR2004
            raise BadRequest(f"the path {path!r}", "give PROJECT or ENTITY/PROJECT")
        return words[-1] if words else self._project

    def __getattr__(self, name: str) -> Any:
        raise not_provided("wandb.Api", name)
