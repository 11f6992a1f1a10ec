"""Questions about the files of an artifact's version: a folder, one file, how two versions differ.

A manifest is read in parts; only those that a folder reaches into are.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from weave_core.artifacts.manifests import Entry, entries_of
from weave_core.errors import NotFound
from weave_core.server.store.artifact_chunks import Span, locate, read_spans, spans_of
from weave_core.server.store.blobs import missing_blob
from weave_core.server.store.queries.artifacts import get_parts, get_version
from weave_core.server.store.stores import Store

__all__ = ["compare_versions", "get_entry", "list_entries", "list_folder", "spans_of_file"]

MAX_SHOWN_FILES = 500
"""Files that differ between two versions and are told; all of them are counted."""

Item = dict[str, Any]


def list_folder(
    store: Store,
    connection: Connection,
    project: str,
    name: str,
    version: str,
    *,
    under: str,
    after: str,
    limit: int,
) -> Item:
    """What lies in a folder of a version: files, and folders with all that is below them.

    Args:
        store: Where parts of manifests are.
        connection: To read from.
        project: Its name.
        name: Of the artifact.
        version: An alias, a number, or a digest or its beginning.
        under: The folder; empty: the artifact's own.
        after: Where the page before ended; empty: from the beginning.
        limit: Most items.

    Raises:
        NotFound: If there is no such version.
    """
    _, parts = get_parts(connection, project, name, version)
    prefix = f"{under.strip('/')}/" if under.strip("/") else ""
    items: list[Item] = []
    seen = after
    for entry in _entries(store, connection, parts, prefix, after):
        rest = entry.path[len(prefix) :]
        head, slash, _ = rest.partition("/")
        is_folder = bool(slash) or entry.is_folder
        if items and items[-1]["is_folder"] and items[-1]["name"] == head:
            items[-1]["size_bytes"] += entry.size_bytes
            items[-1]["file_count"] += not entry.is_folder
        elif len(items) == limit:
            return {"items": items, "next_cursor": seen}
        else:
            items.append(_item(entry, prefix + head, head, is_folder=is_folder))
        seen = entry.path
    return {"items": items, "next_cursor": None}


def _item(entry: Entry, path: str, name: str, *, is_folder: bool) -> Item:
    return {
        "name": name,
        "path": path,
        "is_folder": is_folder,
        "size_bytes": entry.size_bytes,
        "file_count": 0 if entry.is_folder else 1,
        "digest": "" if is_folder else entry.digest,
        "reference": None if is_folder else entry.reference,
    }


def _entries(
    store: Store, connection: Connection, parts: Sequence[Item], prefix: str, after: str
) -> Iterator[Entry]:
    """The entries that begin with `prefix` and come behind `after`, in order."""
    wanted = [
        part
        for part in parts
        if part["last"] > after
        and part["last"] >= prefix
        and (part["first"] < prefix or part["first"].startswith(prefix))
    ]
    for entry in _read(store, connection, wanted):
        if entry.path.startswith(prefix) and entry.path > after:
            yield entry


def _read(store: Store, connection: Connection, parts: Iterable[Item]) -> Iterator[Entry]:
    digests = [bytes.fromhex(part["digest"]) for part in parts]
    found = locate(connection, digests)
    for digest in digests:
        yield from entries_of(b"".join(read_spans(store, spans_of([found[digest]]))))


def list_entries(
    store: Store, connection: Connection, project: str, name: str, version: str
) -> Iterator[Entry]:
    """All files of a version, by path.

    Raises:
        NotFound: If there is no such version.
    """
    _, parts = get_parts(connection, project, name, version)
    return _read(store, connection, parts)


def get_entry(
    store: Store, connection: Connection, project: str, name: str, version: str, *, path: str
) -> Entry:
    """One file of a version.

    Raises:
        NotFound: If there is no such version or file.
    """
    _, parts = get_parts(connection, project, name, version)
    holding = [part for part in parts if part["first"] <= path <= part["last"]]
    for entry in _read(store, connection, holding):
        if entry.path == path and not entry.is_folder:
            return entry
    raise NotFound(
        f"artifact {name!r}, version {version!r}, has no file {path[:200]!r}",
        "list its files to see what there is",
    )


def spans_of_file(connection: Connection, entry: Entry) -> list[Span]:
    """Where the bytes of a file lie, in order.

    Raises:
        NotFound: If it is kept elsewhere, or a chunk is gone.
    """
    if entry.reference is not None:
        raise NotFound(
            f"{entry.path!r} is a reference: its bytes are not here", f"see {entry.reference}"
        )
    found = locate(connection, [chunk.digest for chunk in entry.chunks])
    for chunk in entry.chunks:
        if chunk.digest not in found:
            raise missing_blob(chunk.digest.hex())
    return spans_of(found[chunk.digest] for chunk in entry.chunks)


def compare_versions(
    store: Store, connection: Connection, project: str, name: str, *, version: str, base: str
) -> Item:
    """Which files of a version are others than those of another version of the artifact.

    Parts of the manifest that both have are not read.

    Raises:
        NotFound: If one of them is not stored.
    """
    new, old = (get_version(connection, project, name, each) for each in (version, base))
    shared = {part["digest"] for part in new["parts"]} & {part["digest"] for part in old["parts"]}
    here, there = (
        {
            entry.path: entry
            for entry in _read(
                store, connection, [part for part in each["parts"] if part["digest"] not in shared]
            )
            if not entry.is_folder
        }
        for each in (new, old)
    )
    changes: list[Item] = []
    for path in sorted(here.keys() | there.keys()):
        one, other = here.get(path), there.get(path)
        if one is not None and other is not None and one.digest == other.digest:
            continue
        op = "changed" if one and other else "added" if one else "removed"
        sizes = {
            "size_bytes": one and one.size_bytes,
            "base_size_bytes": other and other.size_bytes,
        }
        changes.append({"op": op, "path": path, **sizes})
    counts = {
        op: sum(each["op"] == op for each in changes) for op in ("added", "removed", "changed")
    }
    same = new["file_count"] - counts["added"] - counts["changed"]
    return {
        "version": new,
        "base": old,
        **counts,
        "same": same,
        "items": changes[:MAX_SHOWN_FILES],
    }
