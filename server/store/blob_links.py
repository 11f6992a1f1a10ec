"""Which traces, runs and artifacts name which blobs, and the end of blobs that none names any more.

Only a blob that something deleted named, or that came for an artifact, is ever looked at: what was
stored for an object, as an operation's code, or by hand, is nobody's to collect.  An hour passes
between the last deletion and the end, and whoever asks for a blob or stores it again within that
hour begins it anew.
"""

import re
import time
from collections.abc import Iterator, Sequence

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    LargeBinary,
    delete,
    insert,
    literal,
    select,
)
from sqlmodel import Field, Index

from weave_core import semconv
from weave_core.server.otlp.records import RawSpan
from weave_core.server.store.blobs import BlobStore
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.tables import Row, table_of

__all__ = [
    "LINK",
    "BlobLinkRow",
    "BlobOrphanRow",
    "collect",
    "digests_in",
    "orphan",
    "orphan_all",
    "orphan_one",
    "orphans",
]

_GRACE_S = 3_600.0
_A_BITE = 200
_MARK = b"sha256:"
_DIGEST = re.compile(rb"sha256:([0-9a-f]{64})")
MAX_LINKS = 1_000
"""Blobs of one span that are remembered as its trace's."""

LINK = ("project_id", "trace_id", "digest")
"""Columns of a link, in the order in which they are inserted."""

_ORPHAN = """
INSERT INTO blob_orphan (digest, since_ns)
SELECT digest, ? FROM blob_link WHERE project_id = ? AND trace_id = ?
ON CONFLICT (digest) DO UPDATE SET since_ns = excluded.since_ns
"""
_IS_NAMED = "SELECT 1 FROM blob_link WHERE digest = ? LIMIT 1"
_FORGET = "DELETE FROM blob_orphan WHERE digest = ?"
_FORGET_CHUNKS = """
DELETE FROM artifact_chunk WHERE pack_id IN (SELECT id FROM artifact_pack WHERE digest = ?)
"""
_FORGET_FILES = """
DELETE FROM artifact_file WHERE pack_id IN (SELECT id FROM artifact_pack WHERE digest = ?)
"""
_FORGET_PACK = "DELETE FROM artifact_pack WHERE digest = ?"


class BlobLinkRow(Row, table=True):
    """A trace that names a blob; or a run, or a version of an object.

    Their ids here are `run_media.media_owner`, `run_files.files_owner`, `code_objects.code_owner`,
    `artifacts.pack_owner`.
    """

    __tablename__ = "blob_link"
    __table_args__ = (Index("blob_links_by_digest", "digest"),)

    project_id: int = Field(primary_key=True)
    trace_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    """32 bytes."""


class BlobOrphanRow(Row, table=True):
    """A blob that a deleted trace named; whether another one does is yet to be asked."""

    __tablename__ = "blob_orphan"

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    since_ns: int = Field(sa_type=BigInteger)


def digests_in(raw: RawSpan, text: bytes) -> Iterator[bytes]:
    """The blobs that a span names, apart from its own code's, which is kept for good.

    Args:
        raw: The span.
        text: Its payload, which is quicker to look through.
    """
    version = raw.attributes.get(semconv.OP_VERSION)
    own = version.encode() if isinstance(version, str) else b""
    # Nearly all name none, or their version alone.
    if text.count(_MARK) > (1 if own.startswith(_MARK) else 0):
        found = {digest for digest in _DIGEST.findall(text) if _MARK + digest != own}
        yield from (bytes.fromhex(digest.decode()) for digest in sorted(found)[:MAX_LINKS])


def orphan(connection: Connection, dialect: Dialect, project_id: int, trace_id: bytes) -> None:
    """Mark what a trace names, before its links are deleted."""
    values = (time.time_ns(), project_id, trace_id)
    connection.exec_driver_sql(dialect.sql(_ORPHAN), values)


def orphan_all(connection: Connection, project_id: int, owner: bytes) -> None:
    """Mark what `owner` names, and delete its links."""
    link, mark = table_of(BlobLinkRow), table_of(BlobOrphanRow)
    of_owner = (link.c.project_id == project_id, link.c.trace_id == owner)
    digests = select(link.c.digest).where(*of_owner)
    connection.execute(delete(mark).where(mark.c.digest.in_(digests)))
    marks = select(link.c.digest, literal(time.time_ns(), BigInteger)).where(*of_owner)
    connection.execute(insert(mark).from_select(["digest", "since_ns"], marks))
    connection.execute(delete(link).where(*of_owner))


def orphan_one(connection: Connection, owner: bytes, digest: bytes) -> None:
    """Mark one blob that `owner`, which no other project has, names no longer."""
    link, mark = table_of(BlobLinkRow), table_of(BlobOrphanRow)
    connection.execute(delete(link).where(link.c.trace_id == owner, link.c.digest == digest))
    connection.execute(delete(mark).where(mark.c.digest == digest))
    connection.execute(insert(mark).values(digest=digest, since_ns=time.time_ns()))


def orphans(readers: Engine) -> list[bytes]:
    """Some of those that have been marked for long enough."""
    table = table_of(BlobOrphanRow)
    before_ns = time.time_ns() - int(_GRACE_S * 1e9)
    query = select(table.c.digest).where(table.c.since_ns < before_ns).limit(_A_BITE)
    with readers.connect() as connection:
        return list(connection.scalars(query))


def collect(
    connection: Connection, *, dialect: Dialect, blobs: BlobStore, digests: Sequence[bytes]
) -> int:
    """Delete the ones of `digests` that nothing names; how many that were.

    In the writer's thread, so that no trace can come to name one meanwhile; the file goes before
    the mark, so that a crash between them leaves the mark, and the next round finishes it.
    """
    deleted = 0
    for digest in digests:
        name = f"sha256:{digest.hex()}"
        is_named = connection.exec_driver_sql(dialect.sql(_IS_NAMED), (digest,)).first()
        age_s = None if is_named else blobs.find_age_s(name)
        if age_s is not None and age_s < _GRACE_S:
            continue  # Somebody is about to name it; a later round looks again.
        if age_s is not None:
            blobs.delete(name)
            deleted += 1
        gone = (_FORGET_FILES, _FORGET_CHUNKS, _FORGET_PACK)
        forget = (_FORGET,) if is_named else (*gone, _FORGET)
        for statement in forget:
            connection.exec_driver_sql(dialect.sql(statement), (digest,))
    return deleted
