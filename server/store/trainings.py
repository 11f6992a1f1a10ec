"""Train a zstd dictionary beside the writer, which takes 200 ms that no sender should wait for.

One at a time, on a thread of its own: zstd gives up the interpreter's lock while it trains, and the
samples come from a reader's snapshot.  The writer takes the outcome and stores it.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import zstandard
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from weave_core.server.store.dialects import Dialect
from weave_core.server.store.payloads import Dictionary, compress
from weave_core.server.store.stored_texts import texts_in

__all__ = ["Trained", "Trainings"]

_log = logging.getLogger(__name__)

_SIZE_BYTES = 64 * 1024
_SAMPLES = 2_000
_SAMPLE_BYTES = 8 * 1024
"""The begin of a payload that is learned from; 2,000 are 16 MiB at most."""
_HELD_OUT = 10
"""Each so many-eth sample judges instead of teaching."""
_GAIN = 0.95
"""A new dictionary must make the judging samples this small, measured by the last one."""

_SAMPLED = "SELECT id FROM span WHERE project_id = ? ORDER BY start_ns DESC, id DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class Trained:
    """How a training ended."""

    project_id: int
    body: bytes | None
    """The dictionary; None where there is none to be had that beats the last one."""


class Trainings:
    """Used by the writer's thread.

    Args:
        dialect: Of the database.
        readers: Where samples are read.
        wake: Tells the writer that one has ended.
    """

    def __init__(self, dialect: Dialect, readers: Engine, wake: Callable[[], None]) -> None:
        self._readers = readers
        self._sampled = dialect.sql(_SAMPLED)
        self._wake = wake
        self._thread: threading.Thread | None = None
        self._ended: Trained | None = None

    @property
    def is_busy(self) -> bool:
        """Whether one goes on, or has ended and was not taken."""
        return self._thread is not None

    @property
    def has_ended(self) -> bool:
        """Whether there is an outcome to take."""
        return self._ended is not None

    def begin(self, project_id: int, current: Dictionary | None) -> None:
        """Train for a project, while none goes on; what comes of it must beat `current`."""
        self._thread = threading.Thread(
            target=self._run, args=(project_id, current), name="weave-core-training", daemon=True
        )
        self._thread.start()

    def take(self) -> Trained | None:
        """The outcome, once; None while there is none."""
        if self._ended is None:
            return None
        self.close()
        ended, self._ended = self._ended, None
        return ended

    def close(self) -> None:
        """Wait for the end of the one that goes on, if any."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, project_id: int, current: Dictionary | None) -> None:
        body = None
        try:
            with self._readers.connect() as connection:
                samples = self._samples(connection, project_id)
            body = _train(samples, current)
        except SQLAlchemyError:  # A database that can't be read now; what is stored stays as it is.
            _log.warning("payloads could not be read to train a dictionary", exc_info=True)
        finally:
            self._ended = Trained(project_id, body)
            self._wake()

    def _samples(
        self, connection: Connection, project_id: int
    ) -> "list[bytes | bytearray | memoryview[int]]":
        found = connection.exec_driver_sql(self._sampled, (project_id, _SAMPLES))
        ids = list(found.scalars())
        return [text[:_SAMPLE_BYTES] for _, text in texts_in(connection).find(ids)]


def _train(
    samples: "list[bytes | bytearray | memoryview[int]]", current: Dictionary | None
) -> bytes | None:
    """A dictionary that beats `current`; None where there is none to be had."""
    judges = samples[::_HELD_OUT]
    teachers = [text for index, text in enumerate(samples) if index % _HELD_OUT]
    try:
        body = zstandard.train_dictionary(_SIZE_BYTES, teachers).as_bytes()
    except zstandard.ZstdError:  # Too little to learn from: tiny or equal payloads.
        return None
    tried = Dictionary(0, zstandard.ZstdCompressionDict(body))
    return body if _size(judges, tried) <= _size(judges, current) * _GAIN else None


def _size(texts: Sequence[Any], dictionary: Dictionary | None) -> int:
    return sum(map(len, compress(texts, dictionary)))
