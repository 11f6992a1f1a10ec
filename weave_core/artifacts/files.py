"""One file of an artifact's version, and what lies in a folder of this machine."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from weave_core.artifacts.manifests import Entry
from weave_core.errors import ConfigError

__all__ = ["ArtifactFile", "walk"]

_MAX_DEPTH = 100


class ArtifactFile:
    """A file of a version; `Artifact.files` gives them.

    Args:
        entry: What the manifest says of it.
        bring: Downloads it; gives where it is.
    """

    def __init__(
        self, entry: Entry, bring: Callable[[Entry, str | os.PathLike[str] | None], Path]
    ) -> None:
        self._entry = entry
        self._bring = bring

    @property
    def path(self) -> str:
        """Its path in the artifact."""
        return self._entry.path

    name = path

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._entry.size_bytes

    @property
    def digest(self) -> str:
        """`blake3:` and hex digits of its bytes; of a reference, what its store tells."""
        return self._entry.digest

    @property
    def ref(self) -> str | None:
        """Where it is, if it is a reference."""
        return self._entry.reference

    def download(self, root: str | os.PathLike[str] | None = None) -> Path:
        """Bring it to its path below a folder; gives where it is."""
        return self._bring(self._entry, root)

    def __repr__(self) -> str:
        return f"<file {self.path!r} of {self.size} bytes>"


def walk(folder: Path) -> Iterator[tuple[str, Path | None]]:
    """What lies in a folder: each file by its path within, and None for an empty folder.

    Symbolic links stand for what they lead to.

    Raises:
        ConfigError: If a link leads nowhere or into itself, or something is no file.
    """
    yield from _walk(str(folder), "", (os.path.realpath(folder),))


def _walk(folder: str, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[str, Path | None]]:
    with os.scandir(folder) as found:
        listed = sorted(found, key=lambda each: each.name)
    if not listed and prefix:
        yield prefix.rstrip("/"), None
    for each in listed:
        path = prefix + each.name
        if each.is_file():
            yield path, Path(each.path)
        elif each.is_dir():
            real = os.path.realpath(each.path) if each.is_symlink() else each.path
            if real in above or len(above) > _MAX_DEPTH:
                raise ConfigError(
                    f"the link {each.path!r} leads to a folder that it lies in", "take it away"
                )
            yield from _walk(each.path, f"{path}/", (*above, real))
        else:
            what = "a link that leads nowhere" if each.is_symlink() else "no file"
            raise ConfigError(f"{each.path!r} is {what}", "take it away, or add files one by one")
