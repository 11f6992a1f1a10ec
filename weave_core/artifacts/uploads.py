"""Storing an artifact: its files are read once, and of their chunks only the missing ones are sent.

Reading, asking and sending go on side by side, within bounds.  What was sent before a break is
there when it is tried again, so an upload goes on where it stopped.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Protocol, Self

from weave_core.artifacts.chunking import digest_of
from weave_core.artifacts.manifests import Entry, parts_of
from weave_core.artifacts.packs import AIM_PACK_BYTES, MAX_PACK_CHUNKS, Piece, pack_of
from weave_core.artifacts.paths import check_tree
from weave_core.artifacts.patience import patiently
from weave_core.artifacts.servers import ArtifactServer
from weave_core.errors import BadRequest, ConfigError
from weave_core.model import NewArtifact, StoredArtifact

if TYPE_CHECKING:
    from weave_core.artifacts.versions import Artifact

__all__ = ["ChunkSender", "Sink", "store_artifact"]

MAX_ARTIFACT_SENDERS = 4
"""Requests with chunks of an artifact that one program has under way at a time."""
_BATCH_BYTES = 16 * 1024 * 1024
_BATCH_CHUNKS = 4_096


class Sink(Protocol):
    """Where chunks go: a server, or a folder of this machine."""

    def find_missing_chunks(self, digests: Sequence[bytes]) -> set[bytes]:
        """The ones that it has not."""

    def add_pack(self, pack: Sequence[Piece]) -> None:
        """Keep a pack of chunks, given in pieces."""

    def commit_artifact(self, project: str, name: str, new: NewArtifact) -> StoredArtifact | None:
        """Make a version of chunks that are there; None where a server makes it later."""


def store_artifact(
    client: ArtifactServer | None,
    artifact: "Artifact",
    project: str,
    *,
    aliases: Sequence[str] = (),
    tags: Sequence[str] = (),
    run_id: str | None = None,
    sink: Sink | None = None,
) -> None:
    """Store an artifact as a version of itself.

    Args:
        client: Of the server that has it afterwards; None: there is none.
        artifact: What to store.
        project: Where.
        aliases: Names that lead to this version from now on.
        tags: Added to those that the version has.
        run_id: The run that made it.
        sink: Where its chunks go; default: to the server.

    Raises:
        ConfigError: If a file can't be read, or is changed while it is.
        BadRequest: If the server does not take it as it is.
        ServerUnreachable: If no server answers, several times.
    """
    target = sink or client
    if target is None:
        raise ConfigError("an artifact has nowhere to go", "give a client or a sink")
    for is_last in (False, True):
        sender = ChunkSender(target)
        with sender:
            entries = artifact.read_entries(sender.take)
            parts = [*parts_of(entries)]
            digests = [digest_of(part) for part in parts]
            for digest, part in zip(digests, parts, strict=True):
                sender.take(digest, memoryview(part))
        new = NewArtifact(
            type=artifact.type,
            parts=[digest.hex() for digest in digests],
            description=artifact.description,
            metadata=artifact.metadata,
            # The store gives `latest` by itself; scripts name it all the same.
            aliases=[each for each in (*artifact.aliases, *aliases) if each != "latest"],
            tags=[*artifact.tags, *tags],
            run_id=run_id,
        )
        try:
            stored = patiently(partial(target.commit_artifact, project, artifact.name, new))
        except BadRequest as error:
            # Its chunks may have been deleted since it was asked: once more from the beginning.
            if is_last or "chunks are not stored" not in error.message:
                raise
        else:
            artifact.become(client, project, stored, entries)
            return


class ChunkSender:
    """Takes chunks and sends those that are missing; at the end of its block all are there.

    Args:
        sink: Where they go.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._pool = ThreadPoolExecutor(MAX_ARTIFACT_SENDERS, "weave-core artifacts")
        # One more waits while all are busy: what is read is bounded by what is sent.
        self._slots = threading.BoundedSemaphore(MAX_ARTIFACT_SENDERS + 1)
        self._lock = threading.Lock()
        self._seen: set[bytes] = set()
        self._batch: list[tuple[bytes, memoryview]] = []
        self._batch_bytes = 0
        self._waiting: list[tuple[bytes, Piece]] = []
        self._waiting_bytes = 0
        self._futures: list[Future[None]] = []
        self._error: BaseException | None = None

    def take(self, digest: bytes, data: memoryview) -> None:
        """Send a chunk, if it is missing; waits while too much is under way.

        Raises:
            WeaveError: What a chunk before could not be sent for.
        """
        if digest in self._seen:
            return
        self._seen.add(digest)
        self._batch.append((digest, data))
        self._batch_bytes += len(data)
        if self._batch_bytes >= _BATCH_BYTES or len(self._batch) >= _BATCH_CHUNKS:
            self._hand_over()

    def _hand_over(self) -> None:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        if not batch:
            return
        self._slots.acquire()
        if self._error is not None:
            self._slots.release()
            raise self._error
        self._futures = [each for each in self._futures if not each.done()]
        self._futures.append(self._pool.submit(self._send, batch))

    def _send(self, batch: list[tuple[bytes, memoryview]]) -> None:
        try:
            if self._error is not None:
                return
            digests = [digest for digest, _ in batch]
            missing = patiently(lambda: self._sink.find_missing_chunks(digests))
            new: list[tuple[bytes, Piece]] = [each for each in batch if each[0] in missing]
            if 2 * len(new) < len(batch):
                # Copies: a chunk alone would hold on to all that was read with it.
                new = [(digest, bytes(data)) for digest, data in new]
            for pack in self._packs(new, is_end=False):
                patiently(partial(self._sink.add_pack, pack))
        except BaseException as error:  # noqa: BLE001  # Raised again in the thread that reads.
            self._error = self._error or error
        finally:
            self._slots.release()

    def _packs(self, new: Sequence[tuple[bytes, Piece]], *, is_end: bool) -> list[list[Piece]]:
        """Packs that are full by now; at the end all that is left."""
        full = []
        with self._lock:
            for chunk in new:
                self._waiting.append(chunk)
                self._waiting_bytes += len(chunk[1])
                is_full = len(self._waiting) >= MAX_PACK_CHUNKS
                if self._waiting_bytes >= AIM_PACK_BYTES or is_full:
                    full.append(self._taken())
            if is_end and self._waiting:
                full.append(self._taken())
        return [pack_of(chunks) for chunks in full]

    def _taken(self) -> list[tuple[bytes, Piece]]:
        chunks, self._waiting, self._waiting_bytes = self._waiting, [], 0
        return chunks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._hand_over()
        finally:
            self._pool.shutdown(wait=True, cancel_futures=kind is not None)
        if kind is not None:
            return
        if self._error is not None:
            raise self._error
        for pack in self._packs([], is_end=True):
            patiently(partial(self._sink.add_pack, pack))


def checked_entries(entries: Sequence[Entry]) -> list[Entry]:
    """`entries` in the order of their paths.

    Raises:
        BadRequest: If one is a folder of another.
    """
    ordered = sorted(entries, key=lambda entry: entry.path)
    check_tree(entry.path for entry in ordered)
    return ordered
