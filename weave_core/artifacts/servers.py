"""What artifacts ask of a server; `weave_core.Client` is one."""

from collections.abc import Sequence
from typing import Any, Protocol

from weave_core.artifacts.packs import Piece
from weave_core.model import NewArtifact, StoredArtifact

__all__ = ["ArtifactServer"]


class ArtifactServer(Protocol):
    """The calls of a client that artifacts use; `weave_core.client` says what each does."""

    def find_missing_chunks(self, digests: Sequence[bytes]) -> set[bytes]:
        """The ones that are not stored."""

    def add_pack(self, pack: Sequence[Piece]) -> None:
        """Store a pack of chunks, given in pieces."""

    def read_chunks(self, digests: Sequence[bytes]) -> bytes:
        """The bytes of chunks."""

    def commit_artifact(self, project: str, name: str, new: NewArtifact) -> StoredArtifact:
        """Make a version of chunks that are stored."""

    def get_artifact(self, project: str, name: str, version: str = "latest") -> StoredArtifact:
        """One version."""

    def edit_artifact(
        self,
        project: str,
        name: str,
        version: str,
        *,
        description: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> StoredArtifact:
        """Change what is said of a version."""

    def delete_artifact(
        self, project: str, name: str, version: str, *, delete_aliases: bool = False
    ) -> None:
        """Take a version away."""

    def set_alias(self, project: str, kind: str, name: str, alias: str, version: str) -> Any:
        """Let an alias lead to a version."""

    def delete_alias(self, project: str, kind: str, name: str, alias: str) -> None:
        """Take an alias away."""

    def set_tags(
        self, project: str, kind: str, name: str, version: str, tags: Sequence[str]
    ) -> Any:
        """Give a version these tags."""

    def run(self, run_id: str, project: str | None = None) -> Any:
        """A run by its id."""
