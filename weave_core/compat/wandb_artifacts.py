"""wandb's artifacts on ours: its names and arguments, our versions."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from weave_core import artifacts
from weave_core.compat.wandb_missing import not_provided
from weave_core.compat.wandb_tables import Table
from weave_core.errors import ConfigError, NotFound
from weave_core.tracing.failures import logger, warn_once
from weave_core.tracing.runs import Run, current_run

__all__ = ["Artifact", "clean_name", "given_aliases", "inner_of", "linked", "place_of"]

PathText = str | os.PathLike[str]
_REGISTRY = re.compile(r"(wandb-registry-.*|model-registry|.*registry)$")
_NO_NAME = re.compile(r"[^A-Za-z0-9._+-]+")
_SET = ("description", "metadata", "aliases", "tags")


class Artifact:
    """A folder of files with versions, with wandb's arguments.

    Example:
        >>> artifact = wandb.Artifact("digits", type="dataset")
        >>> artifact.add_dir("data")
        >>> run.log_artifact(artifact, aliases=["clean"])

    Args:
        name: What it is called.
        type: What it is, such as `dataset` or `model`.
        description: Text about this version.
        metadata: Anything that JSON can tell about it.
        **more: Other arguments of wandb's: accepted, and each warned of once.
    """

    def __init__(
        self,
        name: str,
        type: str,  # noqa: A002  # wandb's name.
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        for key in (key for key, value in more.items() if value):
            warn_once(f"wandb Artifact {key}", "wandb.Artifact(%s=...) has no meaning here", key)
        self._inner = artifacts.Artifact(name, type, description, metadata)

    @classmethod
    def of(cls, inner: artifacts.Artifact) -> "Artifact":
        """An artifact of ours with wandb's names."""
        made = cls.__new__(cls)
        made.__dict__["_inner"] = inner
        return made

    @property
    def name(self) -> str:
        """`NAME:vN` once it is stored, as wandb has it."""
        inner = self._inner
        return inner.name if inner.is_draft() else f"{inner.name}:{inner.version}"

    @property
    def qualified_name(self) -> str:
        """`PROJECT/NAME:vN`."""
        return f"{self._inner.project}/{self.name}"

    @property
    def id(self) -> str:
        """What no other version has."""
        return self._inner.digest

    @property
    def state(self) -> str:
        """`PENDING` before it is stored, `COMMITTED` after."""
        return "PENDING" if self._inner.is_draft() else "COMMITTED"

    def add_file(
        self, local_path: PathText, name: str | None = None, *, overwrite: bool = False, **_: Any
    ) -> str:
        """Add a file; gives its path in the artifact.  It is read when the artifact is logged."""
        return self._inner.add_file(local_path, name, overwrite=overwrite)

    def add_dir(self, local_path: PathText, name: str | None = None, **options: Any) -> None:
        """Add all that is in a folder."""
        self._inner.add_dir(local_path, name, overwrite=options.get("merge") == "overwrite")

    def add(self, obj: Any, name: str, *, overwrite: bool = False) -> str:
        """Add a table, an image or another medium as a file."""
        return self._inner.add(obj, name, overwrite=overwrite)

    def add_reference(
        self,
        uri: PathText,
        name: str | None = None,
        checksum: bool = True,  # noqa: FBT001, FBT002  # As wandb has it.
        max_objects: int | None = None,
    ) -> list[str]:
        """Add files that stay where they are."""
        options: dict[str, Any] = {} if max_objects is None else {"max_objects": max_objects}
        return self._inner.add_reference(uri, name, checksum=checksum, **options)

    def get(self, name: str) -> Any:
        """A table that `add` has kept; of other files their entry; None where there is none."""
        try:
            entry = self._inner.get_entry(f"{name.removesuffix('.table.json')}.table.json")
        except NotFound:
            found = [file for file in self._inner.files() if file.path.startswith(name)]
            return found[0] if found else None
        import orjson  # Late, as reading a table is rare.

        told = orjson.loads(entry.download().read_bytes())
        return Table(columns=told["columns"], data=told["data"])

    def download(
        self,
        root: PathText | None = None,
        allow_missing_references: bool = False,  # noqa: FBT001, FBT002  # As wandb has it.
        skip_cache: bool | None = None,  # noqa: FBT001
        path_prefix: str | None = None,
        **_: Any,
    ) -> str:
        """Bring its files to a folder, whose path this gives; they are there to be read."""
        return str(
            self._inner.download(
                root,
                path_prefix=path_prefix,
                allow_missing_references=allow_missing_references,
                skip_cache=bool(skip_cache),
            )
        )

    def file(self, root: PathText | None = None) -> str:
        """Download the one file that it has."""
        return str(self._inner.file(root))

    def checkout(self, root: PathText | None = None) -> str:
        """Make a folder hold its files and no others."""
        return str(self._inner.checkout(root))

    def delete(self, delete_aliases: bool = False) -> None:  # noqa: FBT001, FBT002  # As wandb has it.
        """Take this version away."""
        self._inner.delete(delete_aliases=delete_aliases)

    def new_draft(self) -> "Artifact":
        """A draft with the files of this version."""
        return Artifact.of(self._inner.new_draft())

    def with_aliases(self, aliases: Sequence[str]) -> "Artifact":
        """This version, to which these names lead too."""
        new = [each for each in aliases if each not in (*self._inner.aliases, "latest")]
        if new:
            self._inner.aliases = [*self._inner.aliases, *new]
            self._inner.save()
        return self

    def get_path(self, name: str) -> Any:
        """A file of it, to download."""
        return self._inner.get_entry(name)

    get_entry = get_path

    def link(
        self, target_path: str, aliases: str | Sequence[str] | None = None
    ) -> "Artifact | None":
        """As `run.link_artifact` of the run that is going on.

        Raises:
            ConfigError: If none is.
        """
        going = current_run()
        if going is None:
            raise ConfigError("Artifact.link was used without a run", "begin one: wandb.init(...)")
        return linked(going, self, target_path, given_aliases(aliases))

    def wait(self, timeout: float | None = None) -> "Artifact":
        """This version, which is stored."""
        self._inner.wait(timeout)
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(self._inner, name):
            raise not_provided("wandb.Artifact", name)
        return getattr(self._inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SET:
            setattr(self._inner, name, value)
        else:
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"<wandb artifact on {self._inner!r}>"


def inner_of(given: Any) -> Any:
    """The artifact of ours behind one of wandb's; anything else as it is."""
    return given._inner if isinstance(given, Artifact) else given  # noqa: SLF001  # Its class stands above.


def given_aliases(aliases: str | Sequence[str] | None) -> list[str]:
    """Aliases as wandb takes them."""
    return [aliases] if isinstance(aliases, str) else list(aliases or ())


def place_of(name: str) -> str:
    """The name of a version without a registry: what is linked there is in the project itself."""
    *places, last = name.split("/")
    kept = [place for place in places if not _REGISTRY.match(place)]
    return "/".join([*(kept if len(kept) == len(places) else ()), last])


def clean_name(text: str, default: str) -> str:
    """A name that an artifact can have."""
    return _NO_NAME.sub("-", text).lstrip("._+-") or default


def linked(run: Run, source: Artifact, target_path: str, aliases: Sequence[str]) -> Artifact:
    """The files of a version as one of the artifact that a collection is here."""
    collection = target_path.rstrip("/").rpartition("/")[2].partition(":")[0]
    draft = inner_of(source).new_draft()
    draft.name = clean_name(collection, "linked")
    kept = Artifact.of(run.log_artifact(draft, aliases=aliases))
    logger.info("wandb: %s is linked as %s of project %s", source.name, kept.name, run.project)
    return kept
