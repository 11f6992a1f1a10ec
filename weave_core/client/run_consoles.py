"""What runs printed, over HTTP: a page of lines, or all of them one after the other."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.model import ConsoleLine, ConsolePage, ConsoleStream

__all__ = ["FOLLOWED_LINES", "RunConsoleCalls", "followed"]

_PAGE = 5_000
FOLLOWED_LINES = 500
"""Newest lines of a run among which one that follows it sees a line change."""


class RunConsoleCalls(Connection):
    """What runs printed, over HTTP."""

    def read_run_console(
        self,
        project: str,
        run_id: str,
        *,
        text: str | None = None,
        stream: ConsoleStream | None = None,
        rank: int | None = None,
        tail: bool = False,
        limit: int = 1_000,
        from_ns: int | None = None,
        cursor: str | None = None,
        before: str | None = None,
    ) -> ConsolePage:
        """One page of the lines that a run printed, oldest first.

        Args:
            project: Its name.
            run_id: Which run.
            text: Only lines with this in them, small letters or large.
            stream: Only of this one.
            rank: Only of this one.
            tail: The last lines instead of the first.
            limit: Most wanted, up to 5,000.
            from_ns: Lines that began at this time or later.
            cursor: `next_cursor` of a page: lines behind it.
            before: `previous_cursor` of a page: lines before it.

        Raises:
            NotFound: If the project or the run does not exist.
        """
        path = f"{root_of(project)}/runs/{quote(run_id, safe='')}/console"
        query = {"text": text or None, "stream": stream, "rank": rank, "limit": limit}
        query |= {"tail": tail or None, "from_ns": from_ns, "cursor": cursor, "before": before}
        return ConsolePage.model_validate_json(self._read(path, query))

    def run_console(
        self,
        project: str,
        run_id: str,
        *,
        text: str | None = None,
        stream: ConsoleStream | None = None,
        rank: int | None = None,
    ) -> Iterator[ConsoleLine]:
        """All lines that a run printed until now, oldest first.

        Raises:
            NotFound: If the project or the run does not exist.
        """
        cursor, has_more = None, True
        while has_more:
            page = self.read_run_console(
                project, run_id, text=text, stream=stream, rank=rank, limit=_PAGE, cursor=cursor
            )
            yield from page.items
            cursor, has_more = page.next_cursor, page.has_more


def followed(
    read: Callable[..., ConsolePage],
    has_ended: Callable[[], bool],
    *,
    last: int,
    every_s: float = 1.0,
) -> Iterator[ConsoleLine]:
    """The last lines of a run, and what it prints from now on, until it has ended.

    A line comes when it is whole: a progress bar when it is full.

    Args:
        read: Reads a page, with the arguments of `read_run_console`.
        has_ended: Says whether the run has.
        last: Lines to begin with.
        every_s: Seconds from one look to the next.
    """
    waiting: dict[tuple[str, int], ConsoleLine] = {}
    page = read(tail=True, limit=last)
    is_last = False
    while True:
        for line in page.items:
            if line.is_open:
                waiting[line.writer_id, line.number] = line
            else:
                yield line
        if is_last and not page.items:
            yield from waiting.values()
            return
        if not page.has_more:
            # Asked before the next look: what it printed last is there when its end is.
            is_last = has_ended()
            latest = read(tail=True, limit=FOLLOWED_LINES).items if waiting else []
            for line in latest:
                if not line.is_open and (line.writer_id, line.number) in waiting:
                    del waiting[line.writer_id, line.number]
                    yield line
            if not is_last:
                time.sleep(every_s)
        page = read(cursor=page.next_cursor, limit=_PAGE)
