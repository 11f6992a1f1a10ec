"""The list of an artifact's files as clients write and read it, and as we keep it.

{"version": 1, "contents": {PATH: {"digest": MD5 in base64, "size": BYTES, "ref"?: ADDRESS}}}
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from weave_core.artifacts.manifests import Entry
from weave_core.artifacts.paths import checked_path
from weave_core.errors import BadRequest
from weave_core.server.compat.json_texts import read_object
from weave_core.server.store.artifact_chunks import read_spans
from weave_core.server.store.artifact_sources import find_files, md5s_of
from weave_core.server.store.queries.artifact_files import spans_of_file
from weave_core.server.store.stores import Store

__all__ = ["entries_told", "manifest_digest", "read_manifest", "read_md5", "shown_manifest"]

MAX_MANIFEST_BYTES = 256 * 1024 * 1024
"""JSON of the list of files of a wandb client's artifact."""
_POLICY = {
    "storagePolicy": "wandb-storage-policy-v1",
    "storagePolicyConfig": {"storageLayout": "V2"},
}
_BIRTH = base64.b64encode(b"weave-core").decode()
"""Which artifact a file came with first: nobody asks, and the client wants a text."""
_GZIP = b"\x1f\x8b"
_MD5_BYTES = 16
_MOST_TOLD = 3


def read_md5(text: object) -> bytes:
    """An MD5 in base64, as clients write it.

    Raises:
        BadRequest: If it is none: a client that is told to use another algorithm does not.
    """
    try:
        found = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != _MD5_BYTES:
        raise BadRequest(f"{str(text)[:60]!r} is no MD5 in base64")
    return found


def read_manifest(store: Store, md5: bytes) -> Mapping[str, Any]:
    """The contents of the manifest that a client has put under its MD5.

    Raises:
        BadRequest: If it was not put, or is none.
    """
    entry = find_files(store, [md5]).get(md5)
    if entry is None:
        raise BadRequest("the list of the artifact's files was not put", "log it once more")
    if entry.size_bytes > MAX_MANIFEST_BYTES:
        raise _too_long(entry.size_bytes)
    with store.reading() as connection:
        spans = spans_of_file(connection, entry)
    data = b"".join(read_spans(store, spans))
    if data.startswith(_GZIP):
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        data = unpacking.decompress(data, MAX_MANIFEST_BYTES)
        if not unpacking.eof:
            raise _too_long(MAX_MANIFEST_BYTES)
    contents = read_object(data).get("contents")
    if not isinstance(contents, dict):
        raise BadRequest("the list of the artifact's files has no contents")
    return contents


def _too_long(size_bytes: int) -> BadRequest:
    return BadRequest(
        f"the list of the artifact's files has {size_bytes} bytes or more",
        f"{MAX_MANIFEST_BYTES} may be: pack some files into one",
    )


def entries_told(store: Store, contents: Mapping[str, Any]) -> dict[str, Entry]:
    """What a manifest of a client lists, by path.

    Raises:
        BadRequest: If a file was not put, or can't be kept under its path.
    """
    told = {checked_path(path): each for path, each in contents.items() if isinstance(each, dict)}
    md5s = {
        path: read_md5(each.get("digest")) for path, each in told.items() if not each.get("ref")
    }
    kept = find_files(store, md5s.values())
    missing = [path for path, md5 in md5s.items() if md5 not in kept]
    if missing:
        raise BadRequest(
            f"{len(missing)} files of the artifact were not put, such as "
            f"{', '.join(missing[:_MOST_TOLD])[:500]}",
            "log it once more",
        )
    return {
        path: replace(kept[md5s[path]], path=path) if path in md5s else _reference(path, each)
        for path, each in told.items()
    }


def _reference(path: str, told: Mapping[str, Any]) -> Entry:
    size = told.get("size")
    size_bytes = size if type(size) is int and size > 0 else 0
    return Entry(path, size_bytes, str(told.get("digest") or ""), reference=str(told["ref"]))


def shown_manifest(store: Store, entries: Sequence[Entry]) -> dict[str, Any]:
    """The manifest of files as a client reads it."""
    files = [entry for entry in entries if not entry.is_folder]
    md5s = md5s_of(store, files)
    contents = {entry.path: _shown(entry, md5s) for entry in files}
    return {"version": 1, **_POLICY, "contents": contents}


def _shown(entry: Entry, md5s: Mapping[str, bytes]) -> dict[str, Any]:
    if entry.reference is not None:
        return {"digest": entry.digest, "ref": entry.reference, "size": entry.size_bytes}
    digest = base64.b64encode(md5s[entry.digest]).decode()
    return {"digest": digest, "birthArtifactID": _BIRTH, "size": entry.size_bytes}


def manifest_digest(contents: Mapping[str, Mapping[str, Any]]) -> str:
    """What the client calls the digest of the version that has these files."""
    found = hashlib.md5(b"wandb-artifact-manifest-v1\n", usedforsecurity=False)
    for path in sorted(contents):
        found.update(f"{path}:{contents[path].get('digest')}\n".encode())
    return found.hexdigest()
