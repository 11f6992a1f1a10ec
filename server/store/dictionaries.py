"""Trained zstd dictionaries: payloads that name one can be read only with it.

What an application sends repeats itself: prompts, tool definitions, keys.  A dictionary per project
is trained from its newest payloads (`trainings`), after `_FIRST_AFTER` of them and again when there
is much more to learn from or the payloads got harder to compress.  A newer one is kept only where
it beats the last, and none is ever deleted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from weave_core.server.store.blocks import Block, Item, cut, packed
from weave_core.server.store.payloads import Dictionary, read_dictionary
from weave_core.server.store.tables import PayloadDictionaryRow, table_of
from weave_core.server.store.trainings import Trained, Trainings

__all__ = ["Dictionaries"]

_FIRST_AFTER = 2_000
"""Payloads of a project before its first dictionary."""
_GROWTH = 16
"""A project that has this many times the payloads it had at the last training is tried again."""
_WORSE = 1.3
"""So is one whose payloads take this much more of their size than just after the training."""
_WINDOW = 20_000
"""Payloads over which the ratio is taken."""
_MAX_OF_PROJECT = 64

_TABLE = table_of(PayloadDictionaryRow)


def _find_dictionary(connection: Connection, dictionary_id: int | None) -> Dictionary | None:
    """The dictionary of `span_payload.dictionary_id`; None for null, which means none was used."""
    if dictionary_id is None:
        return None
    query = select(_TABLE.c.body).where(_TABLE.c.id == dictionary_id)
    return read_dictionary(dictionary_id, connection.execute(query).scalar_one())


@dataclass(slots=True)
class _Progress:
    """What is known of one project's payloads since the server started."""

    current: Dictionary | None
    due_at: int
    """A training is tried when so many were stored."""
    count: int = 0
    window_count: int = 0
    window_sent: int = 0
    window_stored: int = 0
    good_ratio: float | None = None
    """Stored to sent bytes in the first window after a training."""
    is_done: bool = False
    """The project has as many dictionaries as it may."""


class Dictionaries:
    """Knows each project's current dictionary and has the next trained; for the writer's thread."""

    def __init__(self, trainings: Trainings) -> None:
        self._trainings = trainings
        self._known: dict[int, _Progress] = {}
        self._due: set[int] = set()

    def forget(self) -> None:
        """Drop what is remembered, after a transaction that was rolled back."""
        self._known.clear()
        self._due.clear()

    @property
    def is_training(self) -> bool:
        """Whether a better dictionary may be there in a moment."""
        return self._trainings.is_busy

    @property
    def has_trained(self) -> bool:
        """Whether `step` has the outcome of a training to store."""
        return self._trainings.has_ended

    def pack(
        self, connection: Connection, project_id: int, items: Sequence[Item]
    ) -> tuple[int | None, list[Block]]:
        """Id of the dictionary in use, and `items` in blocks compressed with it."""
        current = self.current(connection, project_id)
        blocks = packed(list(cut(items)), current)
        self.count(connection, project_id, blocks, sent_bytes=sum(len(text) for _, text in items))
        return (current.id if current else None), blocks

    def current(self, connection: Connection, project_id: int) -> Dictionary | None:
        """The dictionary in use."""
        return self._progress(connection, project_id).current

    def known(self, project_id: int) -> Dictionary | None:
        """The same without a look at the database: None where it was not asked before."""
        progress = self._known.get(project_id)
        return progress.current if progress else None

    def step(self, connection: Connection) -> None:
        """Store what a training came to, and begin the next where a project is due."""
        ended = self._trainings.take()
        if ended is not None:
            self._keep(connection, ended)
        if self._due and not self._trainings.is_busy:
            project_id = self._due.pop()
            progress = self._progress(connection, project_id)
            self._trainings.begin(project_id, progress.current)
            progress.due_at = max(progress.count * _GROWTH, _FIRST_AFTER)

    def close(self) -> None:
        """Wait for a training that goes on."""
        self._trainings.close()

    def _keep(self, connection: Connection, ended: Trained) -> None:
        progress = self._progress(connection, ended.project_id)
        if ended.body is not None:
            query = _TABLE.insert().values(project_id=ended.project_id, body=ended.body)
            key = connection.execute(query).inserted_primary_key
            if key:
                progress.current = read_dictionary(int(key[0]), ended.body)
                progress.good_ratio = None
        progress.window_count = progress.window_sent = progress.window_stored = 0

    def _progress(self, connection: Connection, project_id: int) -> _Progress:
        found = self._known.get(project_id)
        if found is None:
            query = select(_TABLE.c.id).where(_TABLE.c.project_id == project_id)
            ids = sorted(connection.execute(query).scalars())
            current = _find_dictionary(connection, ids[-1]) if ids else None
            found = _Progress(current, due_at=_FIRST_AFTER * (_GROWTH if ids else 1))
            found.is_done = len(ids) >= _MAX_OF_PROJECT
            self._known[project_id] = found
        return found

    def count(
        self, connection: Connection, project_id: int, blocks: Sequence[Block], *, sent_bytes: int
    ) -> None:
        """Learn how well payloads compress, which says when a training is due.

        Args:
            connection: In the caller's transaction.
            project_id: Whose they are.
            blocks: The payloads as they are stored.
            sent_bytes: What they were before.
        """
        progress = self._progress(connection, project_id)
        count = sum(block.span_count for block in blocks)
        progress.count += count
        progress.window_count += count
        progress.window_sent += sent_bytes
        progress.window_stored += sum(len(block.body) for block in blocks)
        is_worse = False
        if progress.window_count >= _WINDOW:
            ratio = progress.window_stored / max(progress.window_sent, 1)
            if progress.good_ratio is None:
                progress.good_ratio = ratio
            is_worse = ratio > progress.good_ratio * _WORSE
            progress.window_count = progress.window_sent = progress.window_stored = 0
        if (is_worse or progress.count >= progress.due_at) and not progress.is_done:
            self._due.add(project_id)
