"""The registry: names above all projects, and the versions of artifacts that they lead to."""

from typing import Annotated

from pydantic import Field

from weave_core.model.artifacts import RunId
from weave_core.model.objects import MAX_ALIASES, Alias, ObjectName
from weave_core.model.values import Value

__all__ = [
    "NewRegistryAlias",
    "NewRegistryUse",
    "NewRegistryVersion",
    "RegistryEntry",
    "RegistryEvaluation",
    "RegistryEvent",
    "RegistryRun",
    "RegistryVersion",
    "TracedRegistryVersion",
]

MAX_REGISTRY_NOTE = 4_000
"""Characters of why something was done in the registry."""
MAX_REGISTRY_AUTHOR = 200
"""Characters of who did it."""

Note = Annotated[str, Field(max_length=MAX_REGISTRY_NOTE, pattern=r"^[^\x00]*$")]
Author = Annotated[str, Field(max_length=MAX_REGISTRY_AUTHOR, pattern=r"^[^\x00]*$")]
ProjectName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
VersionText = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00]+$")]
"""An alias, a number such as `v3`, or of an artifact also a digest or its beginning."""


class NewRegistryVersion(Value):
    """A version of an artifact to register."""

    project: ProjectName
    artifact: ObjectName
    version: VersionText = "latest"
    """An alias, a number, or a digest or its beginning, as the artifact has them now."""
    aliases: Annotated[list[Alias], Field(max_length=MAX_ALIASES)] = []
    """Names that lead to it in the registry from now on; `latest` always does."""
    by: Author = ""
    note: Note = ""


class NewRegistryAlias(Value):
    """Where an alias leads from now on."""

    version: VersionText
    """A number such as `v3`, or another alias."""
    by: Author = ""
    note: Note = ""


class NewRegistryUse(Value):
    """A run that uses a version."""

    project: ProjectName
    run_id: RunId


class RegistryVersion(Value):
    """A version that is registered, and what it is."""

    name: str
    version: int
    """Counts from 0 within the name."""
    aliases: list[str] = []
    project: str
    artifact: str
    artifact_version: int
    type: str
    digest: str | None = None
    """Of its files; None: the artifact's version is deleted."""
    size_bytes: int | None = None
    file_count: int | None = None
    run_id: str | None = None
    """The run that made it, in its project."""
    added_ns: int
    added_by: str = ""
    note: str = ""


class RegistryRun(Value):
    """A run that used a version."""

    project: str
    run_id: str
    time_ns: int


class RegistryEvaluation(Value):
    """An evaluation that a run which used a version began."""

    project: str
    evaluation_id: str
    name: str
    state: str
    run_id: str


class TracedRegistryVersion(RegistryVersion):
    """A registered version with what came of it."""

    used_by: list[RegistryRun] = []
    """Runs of all projects, the newest first."""
    evaluations: list[RegistryEvaluation] = []


class RegistryEntry(Value):
    """A name of the registry."""

    name: str
    type: str
    """Of all of its versions."""
    version_count: int
    aliases: dict[str, int] = {}
    """Each with the version that it leads to."""
    created_ns: int
    updated_ns: int


class RegistryEvent(Value):
    """An alias that was led somewhere."""

    name: str
    alias: str
    version: int | None = None
    """None: it was taken away."""
    before: int | None = None
    """Where it led before; None: it was new."""
    at_ns: int
    by: str = ""
    note: str = ""
