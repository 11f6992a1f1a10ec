"""The store of one server: its database, opened once, with the thread that writes to it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, Engine

from weave_core.errors import WeaveError
from weave_core.server.measures import Measures
from weave_core.server.otlp.records import RawSpan
from weave_core.server.otlp.requests import TraceRequest
from weave_core.server.store.blobs import (
    BlobDraft,
    BlobStore,
    open_blobs,
    remove_stale_drafts,
)
from weave_core.server.store.deletions import TraceDeleter
from weave_core.server.store.dialects import Dialect, Engines, connect
from weave_core.server.store.locks import FileLock
from weave_core.server.store.queries.lags import count_behind
from weave_core.server.store.queries.settling import count_unpacked, count_unsettled
from weave_core.server.store.retention import Retention
from weave_core.server.store.schemas import upgrade
from weave_core.server.store.text_functions import teach_text_functions
from weave_core.server.store.writer import Produce, R, T, Work, Writer
from weave_core.settings import Settings

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Store"]

_SPAN_BYTES = 4096
"""What a span that comes as a value is taken to weigh."""
_SETTLE_S = 0.3
"""Longest wait of a list for its sums; they take some milliseconds where nothing else is done."""
_WORTH_WAITING = 100
"""Traces or runs behind; more are the sign of a load under which a wait would come to nothing."""


class Store:
    """Spans in, rows out.  Use `open`; `close` when done."""

    def __init__(
        self,
        engines: Engines,
        writer: Writer,
        lock: FileLock,
        settings: Settings,
        measures: Measures,
    ) -> None:
        self.blobs: BlobStore = open_blobs(settings)
        """Bytes by digest."""
        self._drafts = settings.home / "blobs" / "incoming"
        self._max_blob_bytes = settings.max_blob_bytes
        self._engines = engines
        self._writer = writer
        self._lock = lock
        self._retention = Retention(engines, writer, self.blobs)
        self.measures = measures
        self.measures.watch(self._backlog)

    @classmethod
    def open(cls, settings: Settings, *, has_decode_process: bool = False) -> Self:
        """Open the database that `settings` name, at its newest tables; make it if there is none.

        Args:
            settings: What the process was told.
            has_decode_process: Whether it may start a process of its own under load.

        Raises:
            ConfigError: If the database URL is wrong.
            StoreError: If another process has the folder, it can't be written, or the database is
                of a newer version.
        """
        lock = FileLock(settings.home / "server.lock")
        lock.acquire()
        engines: Engines | None = None
        try:
            engines = connect(settings.store_url)
            upgrade(engines.writer)
            if engines.dialect.name == "sqlite":
                teach_text_functions(engines.readers)
            measures = Measures()
            writer = Writer(
                engines,
                max_queue_bytes=settings.max_queue_bytes,
                keep=lambda content: store.add_blob(content),  # noqa: PLW0108  # It is there before the writer begins.
                timed=measures.timed,
                has_decode_process=has_decode_process,
            )
            store = cls(engines, writer, lock, settings, measures)
            remove_stale_drafts(store._drafts)
            writer.start()
            store._retention.start()
        except BaseException:
            if engines is not None:
                engines.dispose()
            lock.release()
            raise
        return store

    @property
    def engine(self) -> Engine:
        """For readers: a pool of connections that can't write; a transaction is one snapshot."""
        return self._engines.readers

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection of `engine` for somebody who waits for what is read."""
        self._writer.note_reader()
        with self.engine.connect() as connection:
            yield connection

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engines.dialect.name

    @property
    def sql_dialect(self) -> Dialect:
        """What its database wants otherwise than others."""
        return self._engines.dialect

    def add_spans(
        self, project: str, spans: Sequence[RawSpan], *, size_bytes: int = 0
    ) -> "Future[TraceRequest]":
        """Queue `spans` for `project`; the future is resolved after the commit.

        Args:
            project: Its name.
            spans: In the order in which they are stored.
            size_bytes: What they weigh in the queue, if more than spans do.

        Raises:
            Overloaded: If too much is waiting already.
            StoreError: If the store is closed.
        """
        request = TraceRequest(spans={project: list(spans)})
        return self.add_request(
            lambda: request, size_bytes=max(size_bytes, len(spans) * _SPAN_BYTES)
        )

    def add_request(self, produce: Produce[R], *, size_bytes: int) -> "Future[R]":
        """The same for a request of any signal that is yet to be decoded, on the writer's thread.

        The request says afterwards what was refused.
        """
        try:
            future = self._writer.submit(produce, size_bytes)
        except WeaveError as error:
            self.measures.count_refusal(error)
            raise
        self.measures.follow(future)
        return future

    def _backlog(self) -> Iterator[tuple[str, str, float]]:
        queued_bytes, max_bytes = self._writer.load
        yield "queue_bytes", "Bytes of requests that wait to be stored.", queued_bytes
        yield "queue_max_bytes", "Bytes from which on senders are told to come back.", max_bytes
        with self.engine.connect() as connection:
            traces, texts = count_behind(connection)
        yield "traces_behind", "Traces whose sums are not current.", traces
        yield "text_index_spans_behind", "Spans that wait for the full-text index.", texts

    def run(self, work: Work[T]) -> "Future[T]":
        """Queue a change that is no telemetry; it gets a short transaction of its own.

        Raises:
            StoreError: If the store is closed.
        """
        return self._writer.run(work)

    def new_blob(self, *, is_hashed: bool = True) -> BlobDraft:
        """A blob that is about to come in; its digest is made of its bytes, or given at its end."""
        return BlobDraft(self._drafts, max_bytes=self._max_blob_bytes, is_hashed=is_hashed)

    def add_blob(self, content: bytes) -> str:
        """Store bytes that are here already; gives their digest.

        Raises:
            StoreError: If the disk does not take them.
        """
        with self.new_blob() as draft:
            draft.write(content)
            return draft.keep_in(self.blobs)

    def settle(self, project: str | None) -> None:
        """Wait a moment until the sums of a project's traces are current, where it is worth it.

        So a list holds what was acknowledged just before.  Where many traces are behind, which is
        under load, a list is about a second late and nobody waits.  None: of all projects.
        """
        self._settle(count_unsettled, project)

    def settle_runs(self, project: str | None) -> None:
        """As `settle`, for what the points of a project's ended runs come to."""
        self._settle(count_unpacked, project)

    def _settle(self, count: Callable[..., int], project: str | None) -> None:
        deadline = time.monotonic() + _SETTLE_S
        while (left_s := deadline - time.monotonic()) > 0:
            seen = self._writer.sums_steps
            with self.engine.connect() as connection:
                behind = count(connection, project, most=_WORTH_WAITING + 1)
            if not 0 < behind <= _WORTH_WAITING:
                return
            self._writer.hasten(seen, left_s)

    @property
    def deleter(self) -> TraceDeleter:
        """Deletes traces."""
        return TraceDeleter(self._engines.dialect, self._engines.readers, self._writer)

    def wake_retention(self) -> None:
        """Let the background look at once for what has become too old."""
        self._retention.wake()

    def close(self) -> None:
        """Store what is queued and give the database back; safe to call twice."""
        self._retention.close()
        self._writer.close()
        self._engines.dispose()
        self._writer.release()
        self._lock.release()
