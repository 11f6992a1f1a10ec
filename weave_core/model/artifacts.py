"""Artifacts: versions of a folder of files, with who made and who used them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from weave_core.model.objects import MAX_ALIASES, MAX_TAGS, Alias, Tag
from weave_core.model.runs import RUN_ID_PATTERN
from weave_core.model.values import Value

__all__ = [
    "ArtifactChange",
    "ArtifactChanges",
    "ArtifactEdit",
    "ArtifactItem",
    "ArtifactPart",
    "ArtifactTypeCount",
    "ArtifactUse",
    "ArtifactVersion",
    "NewArtifact",
    "NewArtifactUse",
    "StoredArtifact",
]

MAX_ARTIFACT_TYPE = 64
"""Characters of an artifact's type."""
MAX_DESCRIPTION = 20_000
"""Characters of what is said of an artifact's version."""
MAX_PARTS = 20_000
"""Parts of one manifest; a part tells of some five hundred files."""

ArtifactType = Annotated[str, Field(pattern=r"^[^\W_][\w .+\-]*$", max_length=MAX_ARTIFACT_TYPE)]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
RunId = Annotated[str, Field(pattern=RUN_ID_PATTERN)]


class NewArtifact(Value):
    """A version to commit; its chunks and the parts of its manifest are stored before."""

    type: ArtifactType
    """What it is: `dataset`, `model`, ...; all versions of an artifact have one type."""
    parts: Annotated[list[_Digest], Field(max_length=MAX_PARTS)]
    """BLAKE3 digests of the parts of its manifest, in the order of their paths."""
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION)] | None = None
    metadata: dict[str, Any] = {}
    aliases: Annotated[list[Alias], Field(max_length=MAX_ALIASES)] = []
    """Names that lead to this version from now on; `latest` always does."""
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] = []
    run_id: RunId | None = None
    """The run that made it."""


class ArtifactEdit(Value):
    """What is said of a version from now on; what is not given stays."""

    description: Annotated[str, Field(max_length=MAX_DESCRIPTION)] | None = None
    metadata: dict[str, Any] | None = None


class NewArtifactUse(Value):
    """A run that uses a version."""

    run_id: RunId


class ArtifactUse(Value):
    """That a run made a version, or used it."""

    run_id: str
    role: Literal["made", "used"]
    name: str
    type: str
    version: int
    time_ns: int
    """When it was told first."""


class ArtifactTypeCount(Value):
    """How many artifacts of a type there are."""

    type: str
    count: int


class ArtifactVersion(Value):
    """One version of an artifact, without its files."""

    name: str
    type: str
    version: int
    """Counts from 0 within the name; a number is never given twice."""
    digest: str
    """`sha256:` of its manifest: the same files are the same version."""
    file_count: int
    size_bytes: int
    """Of its files, those elsewhere included."""
    added_bytes: int
    """What it has stored anew; the rest was there before."""
    description: str | None = None
    run_id: str | None = None
    """The run that made it first."""
    aliases: list[str] = []
    tags: list[str] = []
    created_ns: int


class ArtifactPart(Value):
    """A part of a manifest: a chunk that holds the entries of some files."""

    digest: str
    """BLAKE3, in hex."""
    size_bytes: int
    count: int
    first: str
    """The first path in it."""
    last: str


class StoredArtifact(ArtifactVersion):
    """One version with what leads to its files, and with its lineage."""

    metadata: dict[str, Any] = {}
    parts: list[ArtifactPart] = []
    uses: list[ArtifactUse] = []
    """Runs that made it or used it, the newest first."""


class ArtifactItem(Value):
    """A file of a version, or a folder of such."""

    name: str
    path: str
    is_folder: bool = False
    size_bytes: int
    file_count: int = 1
    """Of a folder, how many are below it."""
    digest: str = ""
    """`blake3:` and hex digits of a file's bytes; of a reference, what its store tells."""
    reference: str | None = None
    """Where the bytes are, if they are not kept here."""


class ArtifactChange(Value):
    """A file that two versions do not have alike."""

    op: Literal["added", "removed", "changed"]
    path: str
    size_bytes: int | None = None
    base_size_bytes: int | None = None


class ArtifactChanges(Value):
    """How the files of a version differ from those of another."""

    version: ArtifactVersion
    base: ArtifactVersion
    added: int
    removed: int
    changed: int
    same: int
    items: list[ArtifactChange]
    """The first ones, by path."""
