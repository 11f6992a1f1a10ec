"""Questions about what runs print: a page of lines by time, from a place on or back from it.

Several programs of a run print side by side; their chunks overlap in time, so lines are given once
no later chunk can hold an earlier one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, func, select

from weave_core.ansi import without_ansi
from weave_core.model import CONSOLE_STREAMS
from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.store.console_chunks import Line, OpenedChunk
from weave_core.server.store.queries.runs import find_run
from weave_core.server.store.run_tables import RunConsoleRow
from weave_core.server.store.tables import table_of

__all__ = ["MAX_CONSOLE_PAGE", "MAX_CONSOLE_WORDS", "ConsoleFilter", "read_console"]

MAX_CONSOLE_PAGE = 5_000
"""Printed lines of one answer."""
MAX_CONSOLE_WORDS = 500
"""Characters of what is looked for in printed lines."""
MAX_OPENED_CHUNKS = 2_000
"""Chunks of printed lines that one answer looks through, two million lines; its cursor goes on."""

_CHUNK = table_of(RunConsoleRow)
_META = (
    *(_CHUNK.c.writer_id, _CHUNK.c.first_line, _CHUNK.c.rank),
    *(_CHUNK.c.first_ns, _CHUNK.c.last_ns),
)
_LIST = "printed lines"
_MAX_NS = 2**63 - 1

_Key = tuple[int, str, int]
"""Time, writer, number: the order of lines."""
_Entry = tuple[_Key, int, Line]
"""With the rank between."""


@dataclass(frozen=True, slots=True)
class ConsoleFilter:
    """Which lines."""

    text: str | None = None
    """In the line without its colours, small letters or large."""
    stream: str | None = None
    rank: int | None = None


def read_console(
    connection: Connection,
    project: str,
    run_id: str,
    *,
    wanted: ConsoleFilter,
    limit: int,
    cursor: str | None = None,
    before: str | None = None,
    from_ns: int | None = None,
    is_tail: bool = False,
) -> dict[str, Any]:
    """A page of lines, oldest first.

    Args:
        connection: To read from.
        project: Its name.
        run_id: Which run.
        wanted: Which lines.
        limit: Most of them.
        cursor: Only lines behind this place; the first of them.
        before: Only lines before this place; the last of them.
        from_ns: Only lines that began at this time or later; the first of them.
        is_tail: The last lines, where no place is given.

    Raises:
        NotFound: If there is no such project or run.
        BadCursor: If a place is none of this run.
    """
    row_id = find_run(connection, project, run_id).id
    of_run = _CHUNK.c.run_row_id == row_id
    total = connection.scalar(select(func.sum(_CHUNK.c.line_count)).where(of_run)) or 0

    def load(meta: Any) -> list[_Entry]:
        query = select(_CHUNK.c.body).where(
            of_run, _CHUNK.c.writer_id == meta.writer_id, _CHUNK.c.first_line == meta.first_line
        )
        return _entries(meta, bytes(connection.scalar(query) or b""), wanted)

    metas = select(*_META).where(of_run)
    if wanted.rank is not None:
        metas = metas.where(_CHUNK.c.rank == wanted.rank)
    if before is not None or (is_tail and cursor is None and from_ns is None):
        end = _read_place(before, run_id) if before is not None else (_MAX_NS, "~", 0)
        query = metas.where(_CHUNK.c.first_ns <= end[0]).order_by(_CHUNK.c.last_ns.desc())
        walk = _Walk(connection.execute(query).all(), load, is_back=True)
        found = list(islice((each for each in walk if each[0] < end), limit + 1))
        has_older = len(found) > limit or walk.stopped_at is not None
        items = found[:limit][::-1]
        has_newer = False
    else:
        start = _read_place(cursor, run_id) if cursor is not None else (from_ns or 0, "", -1)
        order = (_CHUNK.c.first_ns, _CHUNK.c.first_line)
        query = metas.where(_CHUNK.c.last_ns >= start[0]).order_by(*order)
        walk = _Walk(connection.execute(query).all(), load, is_back=False)
        found = list(islice((each for each in walk if each[0] > start), limit + 1))
        has_newer = len(found) > limit or walk.stopped_at is not None
        items = found[:limit]
        has_older = cursor is not None or from_ns is not None
    last = items[-1][0] if items else None
    if not before and walk.stopped_at is not None and len(found) <= limit:
        last = walk.stopped_at
    first = walk.stopped_at if has_older and not items else items[0][0] if items else None
    return {
        "items": [_shape(each) for each in items],
        "total": int(total),
        "has_more": has_newer,
        "next_cursor": cursor if last is None else _place(last, run_id),
        "previous_cursor": _place(first, run_id) if has_older and first is not None else None,
    }


class _Walk:
    """Lines in their order, or backwards, chunk by chunk; stops after very many chunks."""

    def __init__(
        self, metas: Sequence[Any], load: Callable[[Any], list[_Entry]], *, is_back: bool
    ) -> None:
        self._metas = metas
        self._load = load
        self._is_back = is_back
        self.stopped_at: _Key | None = None
        """Where there was too much to look through."""

    def __iter__(self) -> Iterator[_Entry]:
        waiting: list[_Entry] = []
        for place, meta in enumerate(self._metas):
            if place >= MAX_OPENED_CHUNKS:
                self.stopped_at = (meta.last_ns + 1 if self._is_back else meta.first_ns, "", -1)
                return
            waiting += self._load(meta)
            waiting.sort(reverse=self._is_back)
            if place == len(self._metas) - 1:
                yield from waiting
                return
            following = self._metas[place + 1]
            if self._is_back:
                ready = sum(each[0][0] > following.last_ns for each in waiting)
            else:
                ready = sum(each[0][0] < following.first_ns for each in waiting)
            yield from waiting[:ready]
            waiting = waiting[ready:]


def _entries(meta: Any, body: bytes, wanted: ConsoleFilter) -> list[_Entry]:
    chunk = OpenedChunk(body)
    text = wanted.text.casefold() if wanted.text else ""
    if text and text not in without_ansi(chunk.text).casefold():
        return []
    lines = chunk.lines()
    if text:
        lines = [line for line in lines if text in without_ansi(line.text).casefold()]
    if wanted.stream is not None:
        number = CONSOLE_STREAMS.index(wanted.stream)
        lines = [line for line in lines if line.stream == number]
    return [((line.time_ns, meta.writer_id, line.number), meta.rank, line) for line in lines]


def _shape(entry: _Entry) -> dict[str, Any]:
    (time_ns, writer_id, number), rank, line = entry
    return {
        "writer_id": writer_id,
        "rank": rank,
        "number": number,
        "stream": CONSOLE_STREAMS[line.stream],
        "time_ns": time_ns,
        "text": line.text,
        "is_open": line.is_open,
    }


def _place(key: _Key, run_id: str) -> str:
    time_ns, writer_id, number = key
    return encode_cursor(_LIST, run_id, Place(time_ns, f"{number}:{writer_id}"))


def _read_place(text: str, run_id: str) -> _Key:
    place = decode_cursor(text, _LIST, run_id, types=(int,), tie_type=str)
    number, _, writer_id = str(place.tie).partition(":")
    is_number = number.lstrip("-").isdigit() and len(number) < 19  # noqa: PLR2004  # Of 64 bits.
    return int(place.value or 0), writer_id, int(number) if is_number else 0
