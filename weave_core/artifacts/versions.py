"""An artifact as a program holds it: first a draft that files are added to, then a version.

What is stored of it is the business of `uploads`, what comes back that of `downloads`.
"""

import os
import re
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from weave_core.artifacts.caches import FileCache
from weave_core.artifacts.chunking import Take, file_digest, read_file
from weave_core.artifacts.downloads import fetch_files, read_parts
from weave_core.artifacts.files import ArtifactFile, walk
from weave_core.artifacts.manifests import BLAKE3, Chunk, Entry, entries_of
from weave_core.artifacts.paths import check_tree, checked_path
from weave_core.artifacts.references import (
    MAX_REFERENCED,
    copy_reference,
    entries_of_reference,
)
from weave_core.artifacts.servers import ArtifactServer
from weave_core.errors import BadRequest, ConfigError, NotFound
from weave_core.media_types import extension_of
from weave_core.refs import Ref
from weave_core.settings import Settings

if TYPE_CHECKING:
    from weave_core.model import ArtifactUse, StoredArtifact

__all__ = ["REGISTRY", "Artifact", "name_parts"]

PathText = str | os.PathLike[str]
_NAME = re.compile(r"^[^\W_][\w .+\-]*$")
_MAX_NAME = 128
REGISTRY = "registry"
"""What stands in place of a project where a name of the registry is meant."""
_KIND = "artifact"


def name_parts(name: str) -> tuple[str | None, str, str]:
    """Project (or None), name and version that a text such as `vision/digits:v3` names."""
    place, _, rest = name.rpartition("/")
    plain, _, version = rest.partition(":")
    return place.rpartition("/")[2] or None, plain, version or "latest"


class Artifact:
    """A folder of files, as a version that can be found, shared and traced back.

    Example:
        >>> digits = weave_core.Artifact("digits", type="dataset", metadata={"rows": 60_000})
        >>> digits.add_dir("data")
        >>> with weave_core.run("vision") as run:
        ...     run.log_artifact(digits, aliases=["clean"])

    Args:
        name: What it is called, with all of its versions.
        type: What it is: `dataset`, `model`, ...; the same for all of its versions.
        description: Text about this version.
        metadata: Anything that JSON can tell about it.

    Raises:
        ConfigError: If the name or the type can't be one.
    """

    def __init__(
        self,
        name: str,
        type: str = "dataset",  # noqa: A002  # What everybody calls it.
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        for what, text in (("name", name), ("type", type)):
            if not isinstance(text, str) or len(text) > _MAX_NAME or _NAME.match(text) is None:
                raise ConfigError(
                    f"the {what} of an artifact is {text!r:.200}",
                    "begin with a letter or digit; then also spaces, '.', '+', '-' and '_'",
                )
        self.name = name
        self.type = type
        self.description = description
        """Text about this version; of a stored one `save` keeps what is set."""
        self.metadata: dict[str, Any] = dict(metadata or {})
        """Anything that JSON can tell about it; the same."""
        self.aliases: list[str] = []
        """Names that lead to this version; the same."""
        self.tags: list[str] = []
        """Words to find it by; the same."""
        self._sources: dict[str, Path | Entry] = {}
        self._own: str | None = None
        self._remove_own: Callable[[], object] | None = None
        self._client: ArtifactServer | None = None
        self._project = ""
        self._stored: StoredArtifact | None = None
        self.registered_as: tuple[str, int] | None = None
        """Name and version in the registry, where it was asked for by these."""
        self._entries: dict[str, Entry] | None = None

    @classmethod
    def of_stored(cls, client: ArtifactServer, project: str, stored: "StoredArtifact") -> Self:
        """A version that a server has; `client.artifact` makes one."""
        made = cls(stored.name, stored.type)
        made._take(client, project, stored)
        return made

    def _take(self, client: ArtifactServer, project: str, stored: "StoredArtifact") -> None:
        self._client, self._project, self._stored = client, project, stored
        self.description, self.metadata = stored.description, dict(stored.metadata)
        self.aliases, self.tags = list(stored.aliases), list(stored.tags)

    # A draft.

    def add_file(
        self,
        local_path: PathText,
        name: str | None = None,
        *,
        overwrite: bool = False,
    ) -> str:
        """Add a file; it is read when the artifact is logged.

        Args:
            local_path: Where it is; a symbolic link stands for what it leads to.
            name: Its path in the artifact; default: its own name.
            overwrite: Whether it may take the place of another one.

        Returns:
            Its path in the artifact.

        Raises:
            ConfigError: If there is no such file, or the path is taken.
        """
        source = Path(local_path)
        if not source.is_file():
            raise ConfigError(f"there is no file {str(source)!r}", "add_dir adds a folder")
        return self._put(name or source.name, source.absolute(), overwrite=overwrite)

    def add_dir(
        self,
        local_path: PathText,
        name: str | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        """Add all that is in a folder, empty folders too; links stand for what they lead to.

        Args:
            local_path: Where it is.
            name: Its path in the artifact; default: what is in it lies at the top.
            overwrite: Whether files may take the place of others.

        Raises:
            ConfigError: If there is no such folder, a link leads nowhere, or a path is taken.
        """
        folder = Path(local_path)
        if not folder.is_dir():
            raise ConfigError(f"there is no folder {str(folder)!r}", "add_file adds a file")
        for inner, source in walk(folder.absolute()):
            path = f"{name.strip('/')}/{inner}" if name else inner
            found = Entry(checked_path(path), is_folder=True) if source is None else source
            self._put(path, found, overwrite=overwrite)

    @contextmanager
    def new_file(
        self, name: str, mode: str = "w", encoding: str | None = None, *, overwrite: bool = False
    ) -> Iterator[IO[Any]]:
        """A file to write to, which is part of the artifact at the end of the block.

        Example:
            >>> with digits.new_file("labels.txt") as file:
            ...     file.write("seven")

        Args:
            name: Its path in the artifact.
            mode: `w` for text, `wb` for bytes.
            encoding: Of text; default: UTF-8.
            overwrite: Whether it may take the place of another one.

        Raises:
            ConfigError: If the path is taken, or the mode does not write.
        """
        if mode not in ("w", "wb", "x", "xb"):
            raise ConfigError(f"mode is {mode!r}", "give w or wb")
        self._check_free(checked_path(name), overwrite=overwrite)
        source = self._new_source()
        told = (encoding or "utf-8") if "b" not in mode else None
        with source.open(mode.replace("x", "w"), encoding=told) as file:
            yield file
        self._put(name, source, overwrite=True)

    def _new_source(self) -> Path:
        if self._own is None:
            self._own = tempfile.mkdtemp(prefix="weave-core-artifact-")
            # Gone with the draft, whether it was logged or not.
            self._remove_own = weakref.finalize(self, shutil.rmtree, self._own, True)
        return Path(self._own) / secrets.token_hex(8)

    def add(self, value: Any, name: str, *, overwrite: bool = False) -> str:
        """Add an image, a sound, a table or another medium as a file.

        Args:
            value: A `weave_core.Image`, `Table` and the like.
            name: Its path in the artifact, to which the ending of its type is added.
            overwrite: Whether it may take the place of another one.

        Returns:
            Its path in the artifact.

        Raises:
            ConfigError: If it is no medium.
        """
        content: Any = getattr(value, "content", None)
        if not hasattr(content, "make"):
            raise ConfigError(
                f"a {value.__class__.__qualname__} is no medium",
                "give an Image, Audio, Video, Table, ...; write other values with new_file",
            )
        is_table = getattr(value, "kind", "") == "table"
        ending = ".table.json" if is_table else extension_of(content.media_type)
        path = name if name.endswith(ending) else name + ending
        with self.new_file(path, "wb", overwrite=overwrite) as file:
            file.write(content.make())
        return path

    def add_reference(
        self,
        uri: PathText,
        name: str | None = None,
        *,
        checksum: bool = True,
        max_objects: int = MAX_REFERENCED,
        overwrite: bool = False,
    ) -> list[str]:
        """Add files that stay where they are: known by address, size and checksum.

        Args:
            uri: `file://`, `https://`, or what fsspec reads, such as `s3://bucket/folder`.
            name: Its path in the artifact; default: the last part of the address.
            checksum: Whether it is looked at; else the address alone is kept.
            max_objects: Most files of a folder.
            overwrite: Whether files may take the place of others.

        Returns:
            Their paths in the artifact.

        Raises:
            ConfigError: If the address can't be kept, or there are more files.
            NotFound: If there is nothing at it.
            MissingExtra: If no library for such addresses is installed.
        """
        text = os.fspath(uri)
        found = entries_of_reference(text, name, checksum=checksum, max_objects=max_objects)
        return [self._put(entry.path, entry, overwrite=overwrite) for entry in found]

    def remove(self, item: str) -> None:
        """Take a file out of a draft, or a folder with all that is in it.

        Raises:
            NotFound: If there is none.
        """
        self._check_draft()
        inside = f"{item.strip('/')}/"
        gone = [path for path in self._sources if path == item or path.startswith(inside)]
        if not gone:
            raise NotFound(f"{item!r} is not in the artifact", "files() tells what is")
        for path in gone:
            del self._sources[path]

    def _put(self, path: str, source: Path | Entry, *, overwrite: bool) -> str:
        self._check_free(checked_path(path), overwrite=overwrite)
        self._sources[path] = source
        return path

    def _check_free(self, path: str, *, overwrite: bool) -> None:
        self._check_draft()
        if path in self._sources and not overwrite:
            raise ConfigError(f"{path!r} is in the artifact already", "give overwrite=True")

    def _check_draft(self) -> None:
        if self._stored is not None:
            raise ConfigError(
                f"version {self.version} of artifact {self.name!r} is stored: it never changes",
                "change what new_draft() gives, and log that",
            )

    def new_draft(self) -> "Artifact":
        """A draft with the files of this version, to change and to log as the next one."""
        draft = Artifact(self.name, self.type, self.description, self.metadata)
        draft._sources.update(self._known())
        return draft

    # What `uploads` calls.

    def read_entries(self, take: Take) -> list[Entry]:
        """Read all files, and hand their chunks to `take`; gives the entries by path.

        Raises:
            ConfigError: If a file can't be read, or is changed while it is.
            BadRequest: If a file is a folder of another.
        """
        paths = sorted(self._sources)
        check_tree(paths)
        entries = []
        for path in paths:
            source = self._sources[path]
            entries.append(source if isinstance(source, Entry) else read_file(source, path, take))
        return entries

    def become(
        self,
        client: ArtifactServer | None,
        project: str,
        stored: "StoredArtifact | None",
        entries: Iterable[Entry],
    ) -> None:
        """Be the version that was stored."""
        self._entries = {entry.path: entry for entry in entries}
        if stored is not None and client is not None:
            self._take(client, project, stored)
        if self._remove_own is not None:
            self._remove_own()
            self._own = self._remove_own = None
        self._sources.clear()

    # A version.

    def _known(self) -> dict[str, Entry]:
        """The files, by path."""
        if self._entries is None:
            stored = self._version()
            parts = [Chunk(bytes.fromhex(part.digest), part.size_bytes) for part in stored.parts]
            read = self._reader().read_chunks
            told = (entry for part in read_parts(read, parts) for entry in entries_of(part))
            self._entries = {entry.path: entry for entry in told}
        return self._entries

    def _version(self) -> "StoredArtifact":
        if self._stored is None:
            raise ConfigError(
                f"artifact {self.name!r} is not stored yet", "log it first: run.log_artifact(...)"
            )
        return self._stored

    def _reader(self) -> ArtifactServer:
        if self._client is None:
            self._version()
        return self._client  # type: ignore[return-value]  # A version has one.

    @property
    def version(self) -> str:
        """`v0`, `v1`, ...; empty before it is stored."""
        return "" if self._stored is None else f"v{self._stored.version}"

    @property
    def project(self) -> str:
        """Where it is stored; empty before."""
        return self._project

    @property
    def digest(self) -> str:
        """`sha256:` of its manifest; empty before it is stored."""
        return "" if self._stored is None else self._stored.digest

    @property
    def size(self) -> int:
        """Bytes of its files; 0 before it is stored."""
        return 0 if self._stored is None else self._stored.size_bytes

    @property
    def file_count(self) -> int:
        """How many files it has."""
        return len(self._sources) if self._stored is None else self._stored.file_count

    @property
    def added_bytes(self) -> int:
        """What it has stored anew."""
        return 0 if self._stored is None else self._stored.added_bytes

    @property
    def ref(self) -> Ref:
        """The name of this very version for ever."""
        return Ref(self._project, _KIND, self.name, self._version().digest)

    def is_draft(self) -> bool:
        """Whether it is not stored yet."""
        return self._stored is None

    def wait(self, timeout: float | None = None) -> Self:  # noqa: ARG002  # It is stored when it was logged.
        """This version, which is stored.

        Raises:
            ConfigError: If it is not, since it was not logged, or waits on disk for a server.
        """
        self._version()
        return self

    def files(self, names: Sequence[str] | None = None) -> list[ArtifactFile]:
        """Its files, by path; of a draft those that are stored already.

        Args:
            names: Only these.
        """
        wanted = None if names is None else set(names)
        return [
            ArtifactFile(entry, self._bring_one)
            for path, entry in self._known().items()
            if not entry.is_folder and (wanted is None or path in wanted)
        ]

    def get_entry(self, name: str) -> ArtifactFile:
        """One file.

        Raises:
            NotFound: If there is none.
        """
        entry = self._known().get(name)
        if entry is None or entry.is_folder:
            raise NotFound(
                f"artifact {self.name}:{self.version} has no file {name!r}", "files() lists them"
            )
        return ArtifactFile(entry, self._bring_one)

    get_path = get_entry

    def _bring_one(self, entry: Entry, root: PathText | None) -> Path:
        folder = self._folder(root)
        self._bring([entry], folder)
        return folder / entry.path

    def file(self, root: PathText | None = None) -> Path:
        """Download the one file of an artifact that has one; gives where it is.

        Raises:
            ConfigError: If it has another number of files.
        """
        found = self.files()
        if len(found) != 1:
            raise ConfigError(f"artifact {self.name!r} has {len(found)} files", "use download()")
        return found[0].download(root)

    def download(
        self,
        root: PathText | None = None,
        *,
        path_prefix: str | None = None,
        allow_missing_references: bool = False,
        skip_cache: bool = False,
        writable: bool = False,
    ) -> Path:
        """Bring its files to a folder.

        What this machine has had before is a link into its cache, and then can only be read:
        `writable=True` gives copies.

        Args:
            root: The folder; default: `artifacts/NAME:vN`.
            path_prefix: Only files whose path begins so.
            allow_missing_references: Leave out what references lead to no longer.
            skip_cache: Leave the cache alone.
            writable: Whether the files are to be written to.

        Returns:
            The folder.

        Raises:
            NotFound: If a reference leads to nothing, or to something else.
            ServerUnreachable: If the server does not answer.
        """
        folder = self._folder(root)
        wanted = [
            entry for path, entry in self._known().items() if path.startswith(path_prefix or "")
        ]
        options = {"skip_cache": skip_cache, "is_writable": writable}
        self._bring(wanted, folder, allows_missing=allow_missing_references, **options)
        return folder

    def _bring(
        self, entries: Sequence[Entry], folder: Path, *, allows_missing: bool = False, **how: bool
    ) -> None:
        kept = [entry for entry in entries if entry.reference is None]
        fetch_files(kept, folder, self._reader().read_chunks, _cache(), **how)
        for entry in entries:
            if entry.reference is None:
                continue
            target = folder / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                copy_reference(entry, target)
            except NotFound:
                if not allows_missing:
                    raise

    def _folder(self, root: PathText | None) -> Path:
        own = f"{self.name}:{self.version}" if os.name != "nt" else f"{self.name}-{self.version}"
        return Path(root) if root is not None else Path("artifacts") / own

    def checkout(self, root: PathText | None = None) -> Path:
        """Bring its files to a folder, and delete from it what is not part of the artifact."""
        folder = self.download(root)
        known = self._known()
        for inner, source in [*walk(folder.absolute())]:
            if inner not in known and source is not None:
                source.unlink()
        return folder

    def verify(self, root: PathText | None = None) -> None:
        """See that a folder holds exactly these files.

        Raises:
            BadRequest: If a file is missing, another, or not part of the artifact.
        """
        folder = self._folder(root)
        known = {path: entry for path, entry in self._known().items() if not entry.is_folder}
        there = {path for path, source in walk(folder.absolute()) if source is not None}
        for path, entry in known.items():
            if path not in there:
                raise BadRequest(f"{path!r} is missing in {str(folder)!r}", "download it again")
            has_digest = entry.digest.startswith(BLAKE3)
            if has_digest and file_digest(folder / path) != entry.digest:
                raise BadRequest(f"{path!r} in {str(folder)!r} was changed", "download it again")
        extra = sorted(there - known.keys())
        if extra:
            raise BadRequest(
                f"{extra[0]!r} in {str(folder)!r} is not part of the artifact",
                "checkout() deletes such files",
            )

    def save(self) -> None:
        """Keep what was set of description, metadata, aliases and tags of a stored version.

        Raises:
            ConfigError: If it is not stored.
            BadRequest: If an alias or a tag can't be one, or the metadata are too much.
        """
        stored, client = self._version(), self._reader()
        key = (self._project, self.name, str(stored.version))
        if (self.description, self.metadata) != (stored.description, stored.metadata):
            client.edit_artifact(*key, description=self.description or "", metadata=self.metadata)
        of_object = (self._project, _KIND, self.name)
        for alias in self.aliases:
            if alias not in stored.aliases:
                client.set_alias(*of_object, alias, str(stored.version))
        for alias in stored.aliases:
            if alias not in self.aliases and alias != "latest":
                client.delete_alias(*of_object, alias)
        if self.tags != stored.tags:
            client.set_tags(*of_object, str(stored.version), self.tags)
        self._take(client, self._project, client.get_artifact(*key))

    def delete(self, *, delete_aliases: bool = False) -> None:
        """Take this version away; bytes that only it has are deleted an hour later.

        Args:
            delete_aliases: Also where aliases lead to it that somebody gave.

        Raises:
            ConfigError: If it is not stored.
            BadRequest: If it has such aliases.
        """
        key = (self._project, self.name, str(self._version().version))
        self._reader().delete_artifact(*key, delete_aliases=delete_aliases)

    def logged_by(self) -> Any:
        """The run that made it, as `client.run` gives it; None where none did."""
        made = [use for use in self._uses() if use.role == "made"]
        return self._run(made[-1].run_id) if made else None

    def used_by(self) -> list[Any]:
        """The runs that used it, as `client.run` gives them, the newest first."""
        return [self._run(use.run_id) for use in self._uses() if use.role == "used"]

    def _uses(self) -> "list[ArtifactUse]":
        stored = self._version()
        return self._reader().get_artifact(self._project, self.name, str(stored.version)).uses

    def _run(self, run_id: str) -> Any:
        return self._reader().run(run_id, self._project)

    def __repr__(self) -> str:
        told = f"{self.name}:{self.version}" if self._stored else f"{self.name!r}, a draft"
        return f"<weave_core artifact {told} of type {self.type!r}, {self.file_count} files>"


def _cache() -> FileCache:
    settings = Settings.from_env()
    return FileCache(settings.home / "artifacts", max_bytes=settings.max_artifact_cache_bytes)
