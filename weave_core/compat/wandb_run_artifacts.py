"""Artifacts and code of a run with wandb's methods; a part of `wandb_runs.Run`."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weave_core.compat.wandb_artifacts import (
    Artifact,
    clean_name,
    given_aliases,
    inner_of,
    linked,
    place_of,
)
from weave_core.tracing.failures import warn_once

if TYPE_CHECKING:
    from weave_core import tracing

__all__ = ["RunArtifacts"]

MAX_CODE_FILES = 5_000
"""Files that `run.log_code` keeps of a folder; of more the first ones by name."""
_NOT_CODE = {"wandb", "node_modules", "site-packages", "__pycache__"}

Wanted = Callable[..., bool]


class RunArtifacts:
    """What a run does with artifacts."""

    project: str
    _inner: "tracing.Run"

    @property
    def disabled(self) -> bool:
        """Whether nothing of the run is kept."""
        raise NotImplementedError

    def log_artifact(
        self,
        artifact_or_path: Any,
        name: str | None = None,
        type: str | None = None,  # noqa: A002  # wandb's name.
        aliases: str | Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact:
        """Store an artifact, or a file or folder as one, that this run has made.

        Args:
            artifact_or_path: What to store; its files are read before this returns.
            name: Of a path: what it is called.
            type: Of a path: what it is.
            aliases: Names that lead to this version; `latest` always does.
            tags: Words to find it by.
        """
        if isinstance(artifact_or_path, Artifact) and artifact_or_path.state == "COMMITTED":
            return artifact_or_path.with_aliases(given_aliases(aliases))
        options: dict[str, Any] = {"aliases": given_aliases(aliases), "tags": tags or ()}
        kept = self._inner.log_artifact(inner_of(artifact_or_path), name, type, **options)
        is_given = isinstance(artifact_or_path, Artifact)
        return artifact_or_path if is_given else Artifact.of(kept)

    def upsert_artifact(self, artifact_or_path: Any, *given: Any, **options: Any) -> Artifact:
        """Store an artifact of several runs; each call is a version here."""
        options.pop("distributed_id", None)
        return self.log_artifact(artifact_or_path, *given, **options)

    finish_artifact = upsert_artifact

    def use_artifact(
        self,
        artifact_or_name: Any,
        type: str | None = None,  # noqa: A002  # wandb's name.
        aliases: object = None,  # noqa: ARG002
        use_as: object = None,  # noqa: ARG002
    ) -> Artifact:
        """A version that this run uses, by `NAME:VERSION` or as it is; of what type it has to be.

        A draft is stored first.  `aliases` and `use_as` are not read.
        """
        given = artifact_or_name
        if isinstance(given, Artifact) and given.state == "PENDING":
            return self.log_artifact(given)
        given = place_of(given) if isinstance(given, str) else inner_of(given)
        return Artifact.of(self._inner.use_artifact(given, type))

    def log_model(
        self,
        path: str | Path,
        name: str | None = None,
        aliases: str | Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact:
        """Store a file or a folder as an artifact of type `model`."""
        return self.log_artifact(path, name, "model", aliases, tags)

    def use_model(self, name: str) -> str:
        """Download a model that this run uses; gives its file, or its folder."""
        found = self._inner.use_artifact(place_of(name))
        return str(found.file() if found.file_count == 1 else found.download())

    def link_artifact(
        self,
        artifact: Any,
        target_path: str,
        aliases: str | Sequence[str] | None = None,
    ) -> Artifact | None:
        """Make an artifact be found by the name of a collection, too.

        There are no registries here: the same files are stored as a version of an artifact with the
        collection's name, in this project, which takes no further room.

        Args:
            artifact: What to link; one that is not stored yet is, first.
            target_path: `REGISTRY/COLLECTION` and the like; what stands last is the name.
            aliases: Names that lead to that version.
        """
        if self.disabled:
            return None
        source = self.log_artifact(artifact)
        return linked(self._inner, source, target_path, given_aliases(aliases))

    def link_model(
        self,
        path: str | Path,
        registered_model_name: str,
        name: str | None = None,
        aliases: str | Sequence[str] | None = None,
    ) -> Artifact | None:
        """Store a file or a folder as a model, and link it as `link_artifact` does."""
        made = self.log_model(path, name)
        return self.link_artifact(made, registered_model_name, aliases)

    def log_code(
        self,
        root: str | os.PathLike[str] | None = ".",
        name: str | None = None,
        include_fn: Wanted | None = None,
        exclude_fn: Wanted | None = None,
    ) -> Artifact | None:
        """Keep the code below a folder as an artifact of type `code`.

        Args:
            root: The folder.
            name: What the artifact is called; default: `source-`, the project and the program.
            include_fn: Whether a file, by its path (and the root), is kept; default: `.py` files.
            exclude_fn: Whether it is left out all the same.

        Returns:
            The artifact; None where there was no such file.
        """
        folder = Path(root or ".").resolve()
        program = Path(sys.argv[0]).stem if sys.argv and sys.argv[0] else "program"
        told = name or f"source-{self.project}-{program}"
        made = Artifact(clean_name(told, "source"), type="code")
        count = 0
        for path in _files(folder):
            file = str(folder / path)
            wanted = path.endswith(".py") if include_fn is None else _says(include_fn, file, folder)
            if not wanted or (exclude_fn is not None and _says(exclude_fn, file, folder)):
                continue
            if count == MAX_CODE_FILES:
                warn_once("wandb code", "wandb.log_code: of %s %d files are kept", folder, count)
                break
            made.add_file(file, name=path)
            count += 1
        if not count:
            warn_once("wandb no code", "wandb.log_code: no file below %s is code", folder)
            return None
        return self.log_artifact(made)


def _files(folder: Path) -> Iterator[str]:
    """The files below a folder by their names there, without what is no code of one's own."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(
            each
            for each in folders
            if each not in _NOT_CODE
            and not each.startswith(".")
            and not (Path(place) / each / "pyvenv.cfg").exists()
        )
        for file in sorted(files):
            yield (Path(place) / file).relative_to(folder).as_posix()


def _says(asked: Wanted, file: str, root: Path) -> bool:
    """What a function of one argument or of two says."""
    try:
        return bool(asked(file, str(root)))
    except TypeError:
        return bool(asked(file))
