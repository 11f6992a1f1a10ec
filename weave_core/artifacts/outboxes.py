"""Artifacts that wait on this machine for a server: packs of chunks, and what to commit of them.

One folder a target, shared by all processes.  What is to be sent lies there under names in the
order in which it came; packs stay until what needs them is committed.
"""

import os
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import orjson

from weave_core.artifacts.packs import MAX_HEAD_BYTES, Piece, places_in
from weave_core.artifacts.patience import patiently
from weave_core.artifacts.servers import ArtifactServer
from weave_core.digests import digest_bytes
from weave_core.errors import BadRequest, ConfigError, TooLarge
from weave_core.model import NewArtifact, StoredArtifact

if sys.platform != "win32":
    import fcntl


__all__ = ["ArtifactOutbox", "Shipped"]

_PACK, _COMMIT, _REFUSED = ".pack", ".commit", ".refused"
_ABANDONED_S = 86_400.0
"""Packs of a program that was killed before it committed are deleted after this time."""


@dataclass(slots=True)
class Shipped:
    """What was sent of an outbox."""

    artifacts: int = 0
    refused: list[str] = field(default_factory=list)
    """Why a server did not take some."""


class ArtifactOutbox:
    """A sink of chunks that keeps them on disk.

    Args:
        home: The home folder.
        target: The server that they wait for; `offline` too.
        max_bytes: Most that may wait.
    """

    def __init__(self, home: Path, target: str, *, max_bytes: int) -> None:
        self.folder = home / "spool" / "artifacts" / digest_bytes(target.encode())[7:23]
        self._max_bytes = max_bytes
        self._writer = secrets.token_hex(6)
        self._known: set[bytes] | None = None

    def is_empty(self) -> bool:
        """Whether nothing waits to be committed."""
        return not self._names(_COMMIT)

    def find_missing_chunks(self, digests: Sequence[bytes]) -> set[bytes]:
        """The ones that do not wait here yet."""
        if self._known is None:
            self._known = set()
            for path in self._names(_PACK):
                with suppress(OSError):
                    self._known.update(_digests_in(path))
        return {digest for digest in digests if digest not in self._known}

    def add_pack(self, pack: Sequence[Piece]) -> None:
        """Keep a pack, given in pieces.

        Raises:
            ConfigError: If too much waits already, or the disk does not take it.
        """
        used = sum(_size(path) for path in self._names(_PACK))
        if used + sum(len(piece) for piece in pack) > self._max_bytes:
            raise ConfigError(
                f"artifacts that wait for a server take {used} bytes of the {self._max_bytes} that"
                " they may",
                "start a server, `weave-core sync`, or raise WEAVE_CORE_MAX_ARTIFACT_SPOOL_BYTES",
            )
        self._write(_PACK, pack)
        if self._known is not None:
            self._known.update(place.digest for place in places_in(pack[0]))

    def commit_artifact(self, project: str, name: str, new: NewArtifact) -> StoredArtifact | None:
        """Note what a server has to make of the packs."""
        told = {"project": project, "name": name, "new": new.model_dump(exclude_none=True)}
        self._write(_COMMIT, [orjson.dumps(told)])
        return None

    def _write(self, ending: str, pieces: Sequence[Piece]) -> None:
        name = f"{time.time_ns():020d}-{self._writer}{ending}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = self.folder / f".{name}"
            with part.open("xb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.folder / name)
        except OSError as error:
            raise ConfigError(
                f"the artifact can't be kept in {str(self.folder)!r}: {error}", "free some space"
            ) from error

    def ship(self, client: ArtifactServer) -> Shipped:
        """Send what waits, unless another process does; what can't be sent now stays.

        Raises:
            ServerUnreachable: If the server does not answer.
            Overloaded: If it has no time.
        """
        shipped = Shipped()
        with self._locked() as is_ours:
            if is_ours:
                for path in self._names(_PACK):
                    _send_pack(client, path)
                done = [
                    path for path in self._names(_COMMIT) if self._commit(client, path, shipped)
                ]
                writers = {_writer_of(path) for path in done}
                for path in self._names(_PACK):
                    if _writer_of(path) in writers or _age_s(path) > _ABANDONED_S:
                        path.unlink(missing_ok=True)
        return shipped

    def _commit(self, client: ArtifactServer, path: Path, shipped: Shipped) -> bool:
        told = orjson.loads(path.read_bytes())
        new = NewArtifact.model_validate(told["new"])
        try:
            patiently(partial(client.commit_artifact, told["project"], told["name"], new))
        except (BadRequest, TooLarge) as error:
            shipped.refused.append(f"artifact {told['name']!r}: {error}")
            path.replace(path.with_suffix(_REFUSED))
        else:
            shipped.artifacts += 1
            path.unlink()
        return True

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        """Whether this process alone sends what is here."""
        if not self.folder.exists():
            yield False
            return
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform != "win32":
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    yield False
                    return
            yield True
        finally:
            os.close(descriptor)

    def _names(self, ending: str) -> list[Path]:
        with suppress(OSError):
            return sorted(
                path
                for path in self.folder.iterdir()
                if path.suffix == ending and not path.name.startswith(".")
            )
        return []


def _send_pack(client: ArtifactServer, path: Path) -> None:
    digests = _digests_in(path)
    if patiently(lambda: client.find_missing_chunks(digests)):
        pack = path.read_bytes()
        patiently(lambda: client.add_pack([pack]))


def _digests_in(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return [place.digest for place in places_in(file.read(MAX_HEAD_BYTES))]


def _writer_of(path: Path) -> str:
    return path.stem.partition("-")[2]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # It was sent meanwhile.
        return 0


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
