"""What is brought up to date after the commit that a sender waits for, a small step at a time.

Each step works off marks or a cursor that lie in the database, in the transaction of what it does:
doing it twice changes nothing, a crash loses nothing.  The urgent ones are what lists and sums are
read from; the patient ones may lie far behind, and readers know how to do without.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from weave_core.server.store.dialects import Dialect
from weave_core.server.store.dictionaries import Dictionaries
from weave_core.server.store.free_pages import FreePages
from weave_core.server.store.minutes import MinuteRollups
from weave_core.server.store.packing import PayloadPacker
from weave_core.server.store.rejoins import SpanRejoins
from weave_core.server.store.rollups import TraceRollups
from weave_core.server.store.run_packing import RunPacker
from weave_core.server.store.span_keys import SpanKeys
from weave_core.server.store.statistics import Statistics
from weave_core.server.store.text_codes import TextCodes
from weave_core.server.store.text_merges import TextMerges
from weave_core.server.store.texts import TextIndex

__all__ = ["Background"]

_OWN_SHARE = 0.7
"""Of a step of sums, that one kind of them aims at; what it leaves is for the other one."""


@dataclass(slots=True)
class _Sums:
    """One kind of sums."""

    step: Callable[[Connection, float], bool]
    """Brings it further for about so many seconds; whether more waits."""
    waits: bool = True
    """Whether something may wait that its last step did not see to."""


class Background:
    """All steps; used by the writer's thread."""

    def __init__(
        self,
        dialect: Dialect,
        *,
        minutes: MinuteRollups,
        codes: TextCodes,
        dictionaries: Dictionaries,
        keys: SpanKeys,
        texts: TextIndex,
    ) -> None:
        self._keys = keys
        self._minutes = minutes
        self._dictionaries = dictionaries
        self._texts = texts
        self._statistics = Statistics(dialect)
        self._merges = TextMerges(dialect)
        self._free_pages = FreePages(dialect)
        self._packer = PayloadPacker(dialect, dictionaries)
        self._rejoins = SpanRejoins(dialect, codes=codes, minutes=minutes, texts=texts)
        self._rollups = TraceRollups(dialect, minutes, dictionaries)
        self._runs = RunPacker(dialect)
        self._sums = [_Sums(self._sum_traces), _Sums(self._sum_others)]
        """Whose turn it is comes first."""

    @property
    def due_s(self) -> float | None:
        """When there is something to do that can wait until then, by the monotonic clock."""
        return self._runs.due_s

    def forget(self) -> None:
        """Drop what is remembered, after a transaction that was rolled back."""
        self._rollups.forget()
        self._expect_sums()

    def note(self, changed: Collection[tuple[int, bytes]] | None) -> None:
        """Hear of spans that were stored, by project and trace; None: anything was changed."""
        self._rollups.note(changed)
        self._expect_sums()

    def _expect_sums(self) -> None:
        for kind in self._sums:
            kind.waits = True

    @property
    def has_come(self) -> bool:
        """Whether something has come that a patient step has to store."""
        return self._dictionaries.has_trained

    def urgent_step(self, connection: Connection, turn_s: float) -> bool:
        """Bring sums a step further, in the caller's transaction; whether more waits.

        Args:
            connection: In a transaction.
            turn_s: About how long it may take.
        """
        # A sender that comes meanwhile waits for all of a step: where one kind of sums has taken
        # most of the turn, the other one waits, and goes first in the next.  Where none is known
        # to wait, what is due by the clock may.
        began, given_s = time.perf_counter(), turn_s * _OWN_SHARE
        turns = [kind for kind in self._sums if kind.waits] or list(self._sums)
        self._sums.sort(key=lambda kind: kind is turns[0])
        for kind in turns:
            kind.waits = kind.step(connection, given_s)
            given_s = turn_s - (time.perf_counter() - began)
            if given_s <= turn_s * (1 - _OWN_SHARE):
                break
        # Both change what minutes count, of which a part is in memory until now.
        self._minutes.flush(connection)
        return any(kind.waits for kind in self._sums)

    def _sum_traces(self, connection: Connection, turn_s: float) -> bool:
        # In this order: a span that was read anew makes its trace's sums stale.
        rejoined = self._rejoins.step(connection)
        self._rollups.note(rejoined.traces)
        return self._rollups.step(connection, turn_s) or rejoined.has_more

    def _sum_others(self, connection: Connection, turn_s: float) -> bool:
        has_minutes = self._minutes.step(connection, turn_s)
        has_points = self._runs.step(connection)
        has_keys = self._keys.step(connection)
        return has_minutes or has_points or has_keys

    def learn(self, took_s: float) -> None:
        """The last patient step took so long with its commit."""
        self._texts.learn(took_s)

    def patient_step(self, connection: Connection, turn_s: float) -> bool:
        """Do a step of what can wait, in the same way; whether more waits."""
        self._dictionaries.step(connection)
        has_texts = self._texts.step(connection, turn_s)
        self._statistics.step(connection)
        if has_texts:
            return True
        if self._dictionaries.is_training:
            return False  # What is packed now would never be packed with it.
        # The dearest comes last: it costs no reader anything that a load finds it behind.
        return (
            self._merges.step(connection, turn_s)
            or self._packer.step(connection, turn_s)
            or self._free_pages.step(connection)
        )
