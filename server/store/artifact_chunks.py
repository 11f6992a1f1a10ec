"""Chunks of artifacts: packs come in, and what lies in them is found by its digest.

A pack is a blob whose digest is that of its list, which has those of all bytes: one look at each of
them is enough.  From the moment it comes it is marked as one that nobody names, so that what is
never committed ends by itself, a day later; a version that is committed names its packs.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from weave_core.artifacts.packs import Place
from weave_core.digests import hex_of
from weave_core.server.store.artifact_tables import ArtifactChunkRow, ArtifactPackRow
from weave_core.server.store.blob_links import BlobOrphanRow
from weave_core.server.store.blobs import BlobDraft
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.pack_checks import PackCheck
from weave_core.server.store.stores import Store
from weave_core.server.store.tables import table_of

__all__ = [
    "Located",
    "PackDraft",
    "Span",
    "find_missing",
    "locate",
    "read_part",
    "read_spans",
    "spans_of",
]

UNCOMMITTED_S = 86_400.0
"""How long chunks are kept that no version of an artifact was committed with."""
_A_BITE = 500
_CHUNK, _PACK = table_of(ArtifactChunkRow), table_of(ArtifactPackRow)
_ORPHAN = table_of(BlobOrphanRow)
_MARK = """
INSERT INTO blob_orphan (digest, since_ns) VALUES (?, ?)
ON CONFLICT (digest) DO UPDATE SET since_ns = excluded.since_ns
"""
_ADD_PACK = """
INSERT INTO artifact_pack (digest, size_bytes) VALUES (?, ?)
ON CONFLICT (digest) DO UPDATE SET size_bytes = excluded.size_bytes RETURNING id
"""
_ADD_CHUNK = """
INSERT INTO artifact_chunk (digest, pack_id, start, size_bytes) VALUES (?, ?, ?, ?)
ON CONFLICT (digest) DO NOTHING
"""


class Located(NamedTuple):
    """Where a chunk lies."""

    pack_id: int
    pack: bytes
    """SHA-256 of the blob that holds it."""
    start: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a blob, one after the other."""

    pack: bytes
    start: int
    stop: int


class PackDraft:
    """A pack that is coming in: its bytes are looked at while they are written.

    Args:
        store: Where it is kept.
        blob: What it becomes.
    """

    def __init__(self, store: Store, blob: BlobDraft) -> None:
        self._store = store
        self._blob = blob
        self._check = PackCheck()

    def write(self, *pieces: bytes) -> None:
        """Add bytes.

        Raises:
            BadRequest: If they are none of a pack, or a chunk has another digest.
            TooLarge: If the pack has more bytes than a blob may.
            StoreError: If the disk does not take them.
        """
        for piece in pieces:
            self._check.update(piece)
        self._blob.write(*pieces)

    def keep(self) -> int:
        """Keep the pack, on disk; gives how many chunks it has.

        Raises:
            BadRequest: If something is missing.
            StoreError: If the disk does not take it.
        """
        places, digest = self._check.finish()
        store, size_bytes = self._store, self._blob.size_bytes
        blob = bytes.fromhex(hex_of(self._blob.keep_in(store.blobs, digest)))
        work = partial(
            _insert, dialect=store.sql_dialect, blob=blob, places=places, size_bytes=size_bytes
        )
        store.run(work).result()
        return len(places)


def _insert(
    connection: Connection,
    *,
    dialect: Dialect,
    blob: bytes,
    places: Sequence[Place],
    size_bytes: int,
) -> None:
    pack_id = connection.exec_driver_sql(dialect.sql(_ADD_PACK), (blob, size_bytes)).scalar_one()
    rows = [(place.digest, pack_id, place.start, place.size_bytes) for place in places]
    connection.exec_driver_sql(dialect.sql(_ADD_CHUNK), rows)
    since_ns = time.time_ns() + int(UNCOMMITTED_S * 1e9)
    connection.exec_driver_sql(dialect.sql(_MARK), (blob, since_ns))


def find_missing(store: Store, digests: Sequence[bytes]) -> list[bytes]:
    """The ones of `digests` that are not stored; those that are stay for a day at least."""
    with store.reading() as connection:
        found = locate(connection, digests)
        packs = {each.pack for each in found.values()}
        marked = [
            digest
            for bite in _bites(packs)
            for digest in connection.scalars(
                select(_ORPHAN.c.digest).where(_ORPHAN.c.digest.in_(bite))
            )
        ]
    if marked:
        store.run(partial(_put_off, digests=marked)).result()
    return [digest for digest in digests if digest not in found]


def _put_off(connection: Connection, *, digests: Sequence[bytes]) -> None:
    since_ns = time.time_ns() + int(UNCOMMITTED_S * 1e9)
    statement = update(_ORPHAN).where(_ORPHAN.c.digest == bindparam("one"))
    connection.execute(statement.values(since_ns=since_ns), [{"one": digest} for digest in digests])


def locate(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, Located]:
    """Where chunks lie; those that are not stored are left out."""
    query = select(
        _CHUNK.c.digest, _CHUNK.c.pack_id, _PACK.c.digest, _CHUNK.c.start, _CHUNK.c.size_bytes
    ).join(_PACK, _PACK.c.id == _CHUNK.c.pack_id)
    return {
        bytes(row[0]): Located(row[1], bytes(row[2]), row[3], row[4])
        for bite in _bites(digests)
        for row in connection.execute(query.where(_CHUNK.c.digest.in_(bite)))
    }


def spans_of(places: Iterable[Located]) -> list[Span]:
    """Chunks in an order as pieces of blobs; neighbours are one piece."""
    spans: list[Span] = []
    for place in places:
        last = spans[-1] if spans else None
        if last is not None and last.pack == place.pack and last.stop == place.start:
            spans[-1] = Span(last.pack, last.start, place.start + place.size_bytes)
        else:
            spans.append(Span(place.pack, place.start, place.start + place.size_bytes))
    return spans


def read_spans(store: Store, spans: Iterable[Span]) -> Iterator[bytes]:
    """The bytes of pieces of blobs.

    Raises:
        NotFound: If one is gone.
    """
    for span in spans:
        yield from store.blobs.read(f"sha256:{span.pack.hex()}", span.start, span.stop)


def read_part(store: Store, spans: Sequence[Span], start: int, stop: int) -> Iterator[bytes]:
    """The bytes from `start` to before `stop` of all that the pieces hold."""
    return read_spans(store, _part(spans, start, stop))


def _part(spans: Sequence[Span], start: int, stop: int) -> Iterator[Span]:
    """The pieces that hold the bytes from `start` to before `stop` of all of them."""
    place = 0
    for span in spans:
        size_bytes = span.stop - span.start
        first, last = max(start - place, 0), min(stop - place, size_bytes)
        if first < last:
            yield Span(span.pack, span.start + first, span.start + last)
        place += size_bytes


def _bites(digests: Iterable[bytes]) -> Iterator[list[bytes]]:
    rest = iter(dict.fromkeys(digests))
    while bite := list(islice(rest, _A_BITE)):
        yield bite
