"""What a run with wandb's methods says of itself; a part of `wandb_runs.Run`."""

import tempfile
import time
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weave_core.compat.wandb_names import Settings
from weave_core.errors import ConfigError

if TYPE_CHECKING:
    from weave_core import tracing

__all__ = ["RunFacts"]


class RunFacts:
    """Name, tags, address and folder of a run.

    Args:
        inner: The run of ours.
        mode: `online`, `offline` or `disabled`.
        folder: Where the folder `wandb` is.
        told: What `init` was told: `tags`, `notes`, `group`, `job_type`, `entity`,
            `sweep_id`.
    """

    def __init__(
        self, inner: "tracing.Run", mode: str, *, folder: str, told: Mapping[str, Any]
    ) -> None:
        self._inner = inner
        self._mode = mode
        self._folder = folder
        self._told = dict(told)
        self._name = inner.name
        self.id = inner.id
        self.project = inner.project
        self.start_time = time.time()
        """When it began, in seconds since 1970."""
        self.starting_step = inner.step
        """The step that it began at: of one that goes on more than 0."""

    @property
    def resumed(self) -> bool:
        """Whether it goes on from an earlier step."""
        return self.starting_step > 0

    @property
    def name(self) -> str:
        """What it is called; may be set."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = str(name)
        self._inner.describe(name=self._name)

    @property
    def tags(self) -> tuple[str, ...]:
        """Words to find it by; may be set."""
        return tuple(self._told["tags"])

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        self._told["tags"] = [str(tag) for tag in tags or ()]
        self._inner.describe(tags=self._told["tags"])

    @property
    def notes(self) -> str | None:
        """Text about it; may be set."""
        notes: str | None = self._told["notes"]
        return notes

    @notes.setter
    def notes(self, notes: str) -> None:
        self._told["notes"] = str(notes)
        self._inner.describe(notes=self._told["notes"])

    @property
    def group(self) -> str | None:
        """Name that runs of one experiment share."""
        group: str | None = self._told["group"]
        return group

    @property
    def job_type(self) -> str | None:
        """What it does."""
        job_type: str | None = self._told["job_type"]
        return job_type

    @property
    def entity(self) -> str:
        """What `init` was told: there are no entities here."""
        return str(self._told.get("entity") or "")

    @property
    def path(self) -> str:
        """`ENTITY/PROJECT/ID`, as `wandb.Api().run` takes it."""
        return "/".join(filter(None, (self.entity, self.project, self.id)))

    @property
    def settings(self) -> Settings:
        """What it was begun with, by wandb's names."""
        told = {"project": self.project, "mode": self._mode, "entity": self.entity}
        named = {"run_id": self.id, "run_name": self.name, "run_group": self.group}
        return Settings(**told, **named, root_dir=self._folder)

    @property
    def sweep_id(self) -> str | None:
        """The sweep whose trial it is."""
        sweep: str | None = self._told.get("sweep_id")
        return sweep

    @property
    def url(self) -> str:
        """Its page in the app."""
        return self._inner.url

    def get_url(self) -> str:
        """Its page in the app."""
        return self.url

    @property
    def project_url(self) -> str:
        """The page of the runs of its project."""
        return self.url.replace("/run?", "/runs?").partition("&run=")[0]

    def get_project_url(self) -> str:
        """The page of the runs of its project."""
        return self.project_url

    def project_name(self) -> str:
        """Its project."""
        return self.project

    def to_html(self, height: int = 420, hidden: bool = False) -> str:  # noqa: FBT001, FBT002  # As wandb has it.
        """A frame with its page, for a notebook."""
        del hidden
        return (
            f'<iframe src="{self.url}" style="border:none;width:100%;height:{height}px"></iframe>'
        )

    @property
    def has_ended(self) -> bool:
        """Whether nothing more can be logged to it."""
        return self._inner.state != "running"

    @property
    def offline(self) -> bool:
        """Whether it is kept on disk until `weave-core sync`."""
        return self._mode == "offline"

    @property
    def disabled(self) -> bool:
        """Whether nothing of it is kept."""
        return self._mode == "disabled"

    @cached_property
    def dir(self) -> str:
        """A folder for its files, which are kept with the run when it ends."""
        if self.disabled:
            return tempfile.mkdtemp(prefix="wandb-")
        folder = Path(self._folder) / "wandb" / f"run-{self.id}" / "files"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"the folder {str(folder)!r} for files of a run can't be made: {error}",
                "give wandb.init(dir=...) or WANDB_DIR",
            ) from error
        self._inner.save(folder.absolute(), base_path=folder.absolute(), policy="end")
        return str(folder.absolute())
