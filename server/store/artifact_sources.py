"""Files that come whole, by clients that cut nothing: cut here, and kept as all chunks are.

Such clients know a file by its MD5, so that is written down beside our own digest.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from weave_core.artifacts.chunking import digest_of, read_file
from weave_core.artifacts.manifests import BLAKE3, Entry
from weave_core.artifacts.packs import AIM_PACK_BYTES, MAX_PACK_CHUNKS, blocks_of, pack_of
from weave_core.server.store.artifact_chunks import PackDraft, find_missing, locate, read_spans
from weave_core.server.store.artifact_tables import ArtifactFileRow
from weave_core.server.store.queries.artifact_files import spans_of_file
from weave_core.server.store.stores import Store
from weave_core.server.store.tables import table_of

__all__ = ["ChunkKeeper", "find_files", "keep_file", "md5s_of"]

_FILE = table_of(ArtifactFileRow)
_A_BITE = 500
_EMPTY = hashlib.md5(usedforsecurity=False).digest()
_NO_PATH = "-"


class ChunkKeeper:
    """Keeps chunks, some at a time; `finish` when there are no more.

    Args:
        store: Where.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[bytes, bytes] = {}
        self._size_bytes = 0

    def take(self, digest: bytes, data: memoryview) -> None:
        """Keep a chunk, now or soon.

        Raises:
            StoreError: If the disk does not take it.
        """
        if digest in self._waiting:
            return
        self._waiting[digest] = bytes(data)
        self._size_bytes += len(data)
        if self._size_bytes >= AIM_PACK_BYTES or len(self._waiting) >= MAX_PACK_CHUNKS:
            self.finish()

    def finish(self) -> None:
        """Keep all that was taken; returns when it is on disk.

        Raises:
            StoreError: If the disk does not take it.
        """
        waiting, self._waiting, self._size_bytes = self._waiting, {}, 0
        missing = find_missing(self._store, list(waiting)) if waiting else []
        if not missing:
            return
        with self._store.new_blob(is_hashed=False) as blob:
            draft = PackDraft(self._store, blob)
            pieces = pack_of([(digest, waiting[digest]) for digest in missing])
            for block in blocks_of(pieces):
                draft.write(block)
            draft.keep()


def keep_file(store: Store, source: Path, md5: bytes) -> None:
    """Keep a file, which is found by its MD5 from now on.

    Raises:
        StoreError: If the disk does not take it.
    """
    keeper = ChunkKeeper(store)
    entry = read_file(source, _NO_PATH, keeper.take)
    keeper.finish()
    store.run(partial(_note, entry=entry, md5=md5)).result()


def _note(connection: Connection, *, entry: Entry, md5: bytes) -> None:
    if not entry.chunks:
        return
    first = entry.chunks[0].digest
    place = locate(connection, [first]).get(first)
    if place is None:
        return  # It has been deleted meanwhile: nobody finds it, and it is sent again.
    connection.execute(delete(_FILE).where(_FILE.c.md5 == md5))
    row = {"md5": md5, "digest": _digest(entry), "pack_id": place.pack_id}
    connection.execute(insert(_FILE).values(**row, entry=entry.to_line()))


def find_files(store: Store, md5s: Iterable[bytes]) -> dict[bytes, Entry]:
    """Files by their MD5, under no path; those that are not stored whole are left out.

    Those that are stay for a day at least.
    """
    wanted = list(dict.fromkeys(md5s))
    found: dict[bytes, Entry] = {}
    with store.reading() as connection:
        for bite in _bites(wanted):
            query = select(_FILE.c.md5, _FILE.c.entry).where(_FILE.c.md5.in_(bite))
            found.update(
                {
                    bytes(row.md5): Entry.of_line(bytes(row.entry))
                    for row in connection.execute(query)
                }
            )
    chunks = [chunk.digest for entry in found.values() for chunk in entry.chunks]
    missing = set(find_missing(store, list(dict.fromkeys(chunks)))) if chunks else set()
    whole = {
        md5: entry
        for md5, entry in found.items()
        if not any(chunk.digest in missing for chunk in entry.chunks)
    }
    if _EMPTY in wanted:
        whole[_EMPTY] = Entry(_NO_PATH, 0, BLAKE3 + digest_of(b"").hex())
    return whole


def md5s_of(store: Store, entries: Sequence[Entry]) -> Mapping[str, bytes]:
    """The MD5 of files by our digest of them; what nobody has asked for before is read for it.

    Raises:
        NotFound: If a chunk is gone.
    """
    digests = {_digest(entry): entry for entry in entries if entry.reference is None}
    found: dict[bytes, bytes] = {}
    with store.reading() as connection:
        for bite in _bites(digests):
            query = select(_FILE.c.digest, _FILE.c.md5).where(_FILE.c.digest.in_(bite))
            found.update({bytes(row.digest): bytes(row.md5) for row in connection.execute(query)})
    for digest, entry in digests.items():
        if digest in found:
            continue
        with store.reading() as connection:
            spans = spans_of_file(connection, entry)
        made = hashlib.md5(usedforsecurity=False)
        for piece in read_spans(store, spans):
            made.update(piece)
        found[digest] = made.digest()
        # One at a time: whoever asks again because it took too long finds those that are done.
        work = partial(_note, entry=replace(entry, path=_NO_PATH), md5=found[digest])
        store.run(work).result()
    return {BLAKE3 + digest.hex(): md5 for digest, md5 in found.items()}


def _digest(entry: Entry) -> bytes:
    return bytes.fromhex(entry.digest.removeprefix(BLAKE3))


def _bites(digests: Iterable[bytes]) -> Iterator[list[bytes]]:
    rest = iter(digests)
    while bite := list(islice(rest, _A_BITE)):
        yield bite
