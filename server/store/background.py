"""What is brought up to date after the commit that a sender waits for, a small step at a time.

Each step works off marks or a cursor that lie in the database, in the transaction of what it does:
doing it twice changes nothing, a crash loses nothing.  The urgent ones are what lists and sums are
read from; the patient ones may lie far behind, and readers know how to do without.
"""

import time
from collections.abc import Collection

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

_TRACES_SHARE = 0.7
"""Of a step of sums, that those of traces take; the rest is for those of minutes."""


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

    @property
    def due_s(self) -> float | None:
        """When there is something to do that can wait until then, by the monotonic clock."""
        return self._runs.due_s

    def forget(self) -> None:
        """Drop what is remembered, after a transaction that was rolled back."""
        self._rollups.forget()

    def note(self, changed: Collection[tuple[int, bytes]] | None) -> None:
        """Hear of spans that were stored, by project and trace; None: anything was changed."""
        self._rollups.note(changed)

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
        # In this order: a span that was read anew makes its trace's sums stale, and a trace's sums
        # find duplicates, which then need not be counted first and taken out again.
        began = time.perf_counter()
        rejoined = self._rejoins.step(connection)
        self._rollups.note(rejoined.traces)
        has_traces = self._rollups.step(connection, turn_s * _TRACES_SHARE)
        left_s = turn_s - (time.perf_counter() - began)
        has_minutes = self._minutes.step(connection, max(left_s, turn_s * (1 - _TRACES_SHARE)))
        self._minutes.flush(connection)
        has_points = self._runs.step(connection)
        has_keys = self._keys.step(connection)
        return rejoined.has_more or has_traces or has_minutes or has_points or has_keys

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
