"""Rows of datasets: a page of them, some that are added, and how two versions differ.

A version never changes, so the place of a row is where a page begins.  What is read is bounded by
the blobs that a page touches, however many rows there are.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection

from weave_core.errors import BadRequest, ConfigError, NotFound, Overloaded
from weave_core.model import DatasetRow, NearRow, NewRows, RowChange
from weave_core.row_chunks import appended, count_of, lines_of
from weave_core.row_contents import content_json, row_key
from weave_core.server.store import objects
from weave_core.server.store.blobs import BlobStore, missing_blob
from weave_core.server.store.near_rows import near_rows
from weave_core.server.store.stores import Store
from weave_core.span_rows import ORIGIN

__all__ = ["add_rows", "compare_rows", "list_rows"]

KIND = "dataset"
MAX_PAGE_BYTES = 4 * 1024 * 1024
"""JSON of the rows of one page, unless one row alone has more."""
MAX_SEARCHED_BYTES = 256 * 1024 * 1024
"""JSON of rows that one request searches; the next page goes on where it stopped."""
MAX_COMPARED_BYTES = 128 * 1024 * 1024
"""JSON of a dataset's rows, the newest ones, that added rows are held against for near ones."""
MAX_DIFFERING_BYTES = 128 * 1024 * 1024
"""JSON of the rows of two versions, apart from blobs that both have, that are compared."""
MAX_SHOWN_CHANGES = 200
"""Rows of a comparison of two versions that are told; all of them are counted."""
_MAX_TRIES = 5
_MAX_COLUMNS = 200

Item = dict[str, Any]


@dataclass(frozen=True)
class _Rows:
    """One version of a dataset as it is stored."""

    version: Item
    content: Any
    read: Callable[[str], bytes]

    @property
    def count(self) -> int:
        return count_of(self.content)

    def lines(self, start: int = 0) -> Iterator[tuple[int, list[bytes]]]:
        return lines_of(self.content, self.read, start=start)

    def newest(self, max_bytes: int) -> Iterator[tuple[int, list[bytes]]]:
        """The rows at its end that fit into so many bytes, in blobs as a whole."""
        skipped, size_bytes = 0, self.size_bytes
        for chunk in self.content.get("chunks", ()):
            if size_bytes <= max_bytes:
                break
            skipped += chunk["rows"]
            size_bytes -= chunk["size_bytes"]
        return self.lines(skipped)

    @property
    def size_bytes(self) -> int:
        chunks = self.content.get("chunks")
        return self.version["size_bytes"] if chunks is None else _size(chunks)


def list_rows(
    connection: Connection,
    blobs: BlobStore,
    project: str,
    name: str,
    version: str,
    *,
    search: str | None,
    start: int,
    limit: int,
) -> Item:
    """Rows of a version from one place on, all of them or those with a text in one of their values.

    Args:
        connection: To read from.
        blobs: Where rows of large datasets are.
        project: Its name.
        name: Of the dataset.
        version: An alias, a number, or a digest or its beginning.
        search: A text, case aside; None: all rows.
        start: The first row that is looked at.
        limit: Most rows.

    Raises:
        NotFound: If there is no such version.
        BadRequest: If it is no list of rows.
    """
    rows = _read(connection, blobs, project, name, version)
    items: list[Item] = []
    size_bytes = 0
    next_start: int | None = None
    for index, line in _looked_through(rows, search, start):
        is_full = len(items) == limit or (items and size_bytes + len(line) > MAX_PAGE_BYTES)
        if is_full or not line:
            next_start = index
            break
        size_bytes += len(line)
        items.append(DatasetRow(index=index, row=orjson.loads(line)).model_dump())
    columns = list(dict.fromkeys(key for item in items for key in item["row"]))
    return {
        "version": rows.version,
        "count": rows.count,
        "columns": columns[:_MAX_COLUMNS],
        "items": items,
        "next_start": next_start,
    }


def add_rows(store: Store, project: str, name: str, new: NewRows) -> Item:
    """Add rows at the end of a dataset, as a new version; which of them stand there, or nearly so.

    Rows whose content is there already are left out.  The dataset is made where there is none.

    Raises:
        BadRequest: If what is published under that name is no list of rows, or `metadata` of a row
            no mapping.
        Overloaded: If others publish it again and again meanwhile.
    """
    stamp: Item = {"added_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    if new.added_by:
        stamp["added_by"] = new.added_by
    stamped = [_stamped(row, stamp) for row in new.rows]
    for _ in range(_MAX_TRIES):
        with store.engine.connect() as connection:
            rows = _find(connection, store.blobs, project, name)
        stored = rows.newest(MAX_COMPARED_BYTES) if rows else iter(())
        near = near_rows(stamped, stored)
        equal = {each.index for each in near if each.is_equal}
        kept = [row for index, row in enumerate(stamped) if index not in equal]
        if new.is_trial or not kept:
            count = rows.count if rows else 0
            return _added(rows.version if rows else None, count, len(kept), near)
        content = rows.content if rows else {"rows": []}
        longer, parts = appended(content, kept, _reader(store.blobs))
        for part in parts:
            store.add_blob(part)
        work = partial(
            _publish,
            project=project,
            name=name,
            content=longer,
            base=rows.version["digest"] if rows else None,
        )
        version = store.run(work).result()
        if version is not None:
            return _added(version, count_of(longer), len(kept), near)
    raise Overloaded(
        f"dataset {name!r} was published by others {_MAX_TRIES} times meanwhile", "try again", 1
    )


def compare_rows(
    connection: Connection, blobs: BlobStore, project: str, name: str, *, version: str, base: str
) -> Item:
    """How a version differs from another one of the same dataset, by the content of the rows.

    Blobs that both have are not read.

    Raises:
        NotFound: If one of them is not stored.
        BadRequest: If one is no list of rows, or too much of them differs.
    """
    new = _read(connection, blobs, project, name, version)
    old = _read(connection, blobs, project, name, base)
    shared = _digests(new) & _digests(old)
    parts = (_apart(new, shared), _apart(old, shared))
    if sum(map(_size, parts)) > MAX_DIFFERING_BYTES:
        raise BadRequest(
            f"versions {version!r} and {base!r} of {name!r} differ in more than"
            f" {MAX_DIFFERING_BYTES} bytes of rows",
            "get both by weave_core.get and compare them in Python",
        )
    here, there = ([*_keyed(rows, shared)] for rows in (new, old))
    added = _without(here, Counter(key for key, *_ in there))
    removed = _without(there, Counter(key for key, *_ in here))
    shown = [
        RowChange(op=op, index=index, row=orjson.loads(line)).model_dump()
        for op, changes in (("added", added), ("removed", removed))
        for _, index, line in changes[:MAX_SHOWN_CHANGES]
    ]
    return {
        "version": new.version,
        "base": old.version,
        "added": len(added),
        "removed": len(removed),
        "same": new.count - len(added),
        "items": shown[:MAX_SHOWN_CHANGES],
    }


def _looked_through(rows: _Rows, search: str | None, start: int) -> Iterator[tuple[int, bytes]]:
    """Rows with their places; an empty line says that enough was searched, and where to go on."""
    if not search:
        for first, lines in rows.lines(start):
            yield from enumerate(lines, first)
        return
    sought = search.casefold()
    # As JSON tells it, so that a blob is looked through as one text.
    told = orjson.dumps(sought).decode()[1:-1]
    left = MAX_SEARCHED_BYTES
    for first, lines in rows.lines(start):
        if left <= 0:
            yield first, b""
            return
        left -= sum(map(len, lines))
        folded = b"\n".join(lines).decode().casefold()
        if told not in folded:
            continue
        for place, text in enumerate(folded.split("\n")):
            # The text may stand in the name of a column, which says nothing of the row.
            if told in text and _says(orjson.loads(lines[place]), sought, told):
                yield first + place, lines[place]


def _says(row: Item, sought: str, told: str) -> bool:
    return any(
        sought in value.casefold()
        if isinstance(value, str)
        else told in orjson.dumps(value).decode().casefold()
        for value in row.values()
    )


def _read(connection: Connection, blobs: BlobStore, project: str, name: str, version: str) -> _Rows:
    found, text = objects.get_content(connection, project, KIND, name, version)
    content = orjson.loads(text)
    rows = _Rows(found, content, _reader(blobs))
    try:
        count_of(content)
    except ConfigError as error:
        raise BadRequest(f"dataset {name!r}: {error.message}", error.hint) from error
    return rows


def _find(connection: Connection, blobs: BlobStore, project: str, name: str) -> _Rows | None:
    """The latest version; None where there is none yet."""
    try:
        return _read(connection, blobs, project, name, objects.LATEST)
    except NotFound:
        return None


def _reader(blobs: BlobStore) -> Callable[[str], bytes]:
    def read(digest: str) -> bytes:
        size_bytes = blobs.find_size(digest)
        if size_bytes is None:
            raise missing_blob(digest)
        return b"".join(blobs.read(digest, 0, size_bytes))

    return read


def _publish(
    connection: Connection, *, project: str, name: str, content: Any, base: str | None
) -> Item | None:
    """Publish a version that was made of the latest one; None where that is another one by now."""
    try:
        latest = objects.get_version(connection, project, KIND, name, objects.LATEST)["digest"]
    except NotFound:
        latest = None
    if latest != base:
        return None
    return objects.add_object(
        connection, project=project, kind=KIND, name=name, content=content, aliases=(), tags=()
    )


def _added(version: Item | None, count: int, added: int, near: Sequence[NearRow]) -> Item:
    told = [each.model_dump() for each in near]
    return {"version": version, "count": count, "added": added, "near": told}


def _stamped(row: Item, stamp: Item) -> Item:
    origin = row.get(ORIGIN) or {}
    if not isinstance(origin, dict):
        raise BadRequest(
            f"{ORIGIN!r} of a row is {origin!r:.100}", "it is a mapping: where the row is from"
        )
    return {**row, ORIGIN: {**origin, **stamp}}


def _digests(rows: _Rows) -> set[str]:
    return {chunk["digest"] for chunk in rows.content.get("chunks", ())}


def _apart(rows: _Rows, shared: set[str]) -> list[Item]:
    return [chunk for chunk in rows.content.get("chunks", ()) if chunk["digest"] not in shared]


def _size(chunks: Sequence[Item]) -> int:
    return sum(chunk["size_bytes"] for chunk in chunks)


def _keyed(rows: _Rows, shared: set[str]) -> Iterator[tuple[str, int, bytes]]:
    """Key, place and line of each row that is in no shared blob."""
    first = 0
    for chunk in rows.content.get("chunks") or [{"digest": "", "rows": rows.count}]:
        if chunk["digest"] not in shared:
            _, lines = next(rows.lines(first), (0, []))
            for place, line in enumerate(lines[: chunk["rows"]], first):
                yield row_key(content_json(orjson.loads(line))), place, line
        first += chunk["rows"]


def _without(
    rows: Sequence[tuple[str, int, bytes]], others: Counter[str]
) -> list[tuple[str, int, bytes]]:
    """Those that the others have not, as often as they stand there."""
    left = others.copy()
    kept = []
    for row in rows:
        if left[row[0]] > 0:
            left[row[0]] -= 1
        else:
            kept.append(row)
    return kept
