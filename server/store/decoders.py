"""A process beside the server's that decodes requests, so that the writer need not.

Python's lock lets one thread work at a time, and half of what a span costs is decoding and
normalising; with a second process both cores work.  It is started by the first load, gets whole
requests once it is up and gives back rows, and never sees the database: when it dies, what it had
is decoded by the writer, so nothing is lost and nothing is stored twice.
"""

import contextlib
import logging
import marshal
import os
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import IO, Any, cast

from weave_core import semconv
from weave_core.server.otlp.requests import EncodedRequest
from weave_core.server.store.decoder_program import ASK, DECODERS, HEAD, LEARN, READY, REPLY
from weave_core.server.store.payloads import Dictionary
from weave_core.server.store.queues import Job, JobQueue

try:
    import fcntl
except ImportError:  # Windows, where pipes are as large as they are.
    fcntl = None  # type: ignore[assignment]

__all__ = ["DecodeProcess", "can_decode"]

_log = logging.getLogger(__name__)

_PROGRAM = "weave_core.server.store.decoder_program"
_PIPE_BYTES = 1024 * 1024
"""Most that Linux lets a pipe hold; with its 64 KiB a request takes twenty turns to pass."""
_IDLE_S = 120.0
"""Without a load for so long the process ends, and its memory is free."""
_RESTART_S = 5.0
"""From one start to the next: one that dies at once must not keep the server busy."""
_MAX_AWAY_S = 30.0
"""The process has this long for a request before it counts as hung."""
_END_S = 5.0
"""How long the process may take to end before it is killed."""
_MAX_TAUGHT = 256
_STEPS = semconv.RUN_POINTS.encode()
_LOOKED_AT = 64 * 1024
"""Bytes of a request; spans of steps are large, so the first of them begins within these."""


def can_decode(request: EncodedRequest[Any]) -> bool:
    """Whether the process could decode it, and should: steps are quicker read than passed on."""
    return request.decode in DECODERS and _STEPS not in request.body[:_LOOKED_AT]


@dataclass(slots=True)
class _Link:
    """One life of the process."""

    process: "subprocess.Popen[bytes]"
    away: deque[Job] = field(default_factory=deque)
    taught: dict[str, int] = field(default_factory=dict)
    """Project to the dictionary that this process uses for it."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_ready: bool = False
    """Whether it has come up; what was lent to it before would wait for that."""
    is_dead: bool = False
    receiver: threading.Thread | None = None


class DecodeProcess:
    """Borrows from `queue` and gives back rows.

    Args:
        queue: The writer's.
        max_away_s: A request is away this long at most; then the process hangs, and is killed.
    """

    def __init__(self, queue: JobQueue, *, max_away_s: float = _MAX_AWAY_S) -> None:
        self._queue = queue
        self._max_away_s = max_away_s
        self._link: _Link | None = None
        self._started_at = -_RESTART_S
        self._dictionaries: dict[str, Dictionary] = {}
        self._thread = threading.Thread(target=self._run, name="weave-core-decoder", daemon=True)

    def start(self) -> None:
        """Begin to borrow; the process itself starts when there is a load."""
        self._thread.start()

    def learn(self, project: str, dictionary: Dictionary) -> None:
        """Compress `project` with `dictionary` from now on, which is committed."""
        known = self._dictionaries.get(project)
        if known is None or known.id != dictionary.id:
            if len(self._dictionaries) >= _MAX_TAUGHT:
                self._dictionaries = {}
            self._dictionaries[project] = dictionary

    def dictionary_of(self, project: str) -> Dictionary | None:
        """What was learned last."""
        return self._dictionaries.get(project)

    def check(self) -> None:
        """Kill the process if it hangs."""
        link = self._link
        if link is not None and self._queue.longest_lent_s() > self._max_away_s:
            _log.warning("the decode process does not answer; it is started anew")
            link.process.kill()

    def close(self) -> None:
        """End the process; the queue is closed and nothing is away."""
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            job = self._queue.lend(_IDLE_S)
            if job is None:
                self._end()
                if self._queue.is_closing:
                    return
                continue
            link = self._living()
            if link is None or not link.is_ready or not self._send(link, job):
                self._queue.give_back(job, None)

    def _living(self) -> _Link | None:
        """The process, started if need be; None while it may not be."""
        if self._link is not None and self._link.is_dead:
            self._end()
        if self._link is None and time.monotonic() - self._started_at >= _RESTART_S:
            self._started_at = time.monotonic()
            try:
                process = subprocess.Popen(  # noqa: S603  # Our own Python and module.
                    # -P: the folder that the server was started in holds no modules of ours.
                    [sys.executable, "-P", "-m", _PROGRAM],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    bufsize=0,
                )
            except OSError as error:
                _log.warning("the decode process can't be started: %s", error)
                return None
            for pipe in (process.stdin, process.stdout):
                _widen(cast("IO[bytes]", pipe))
            self._link = link = _Link(process)
            link.receiver = threading.Thread(target=self._receive, args=(link,), daemon=True)
            link.receiver.start()
        return self._link

    def _send(self, link: _Link, job: Job) -> bool:
        """Whether it is on its way; if so it comes back through `_receive`, also when all ends."""
        request = cast("EncodedRequest[Any]", job.produce)
        try:
            for project, dictionary in self._dictionaries.items():
                if link.taught.get(project) != dictionary.id:
                    values = marshal.dumps((project, dictionary.id))
                    _write(link, LEARN, values, dictionary.data.as_bytes())
                    link.taught[project] = dictionary.id
            with link.lock:
                if link.is_dead:
                    return False
                link.away.append(job)
        except OSError:
            return False
        decoder = DECODERS.index(request.decode)
        values = marshal.dumps((decoder, request.header_project, tuple(job.lent)))
        with contextlib.suppress(OSError):  # `_receive` meets its end and gives all back.
            _write(link, ASK, values, request.body)
        self._queue.note_sent(job)
        return True

    def _receive(self, link: _Link) -> None:
        """Give back what comes, until the process ends; then all that it still had."""
        answers = cast("IO[bytes]", link.process.stdout)
        if _read(answers, len(READY)) == READY:
            link.is_ready = self._queue.has_helper = True
        while head := _read(answers, REPLY.size):
            is_done, size_bytes = REPLY.unpack(head)
            answer = _read(answers, size_bytes)
            if len(answer) < size_bytes:
                break
            with link.lock:
                job = link.away.popleft()
            self._queue.give_back(job, answer if is_done else None)
        self._queue.lose_helper()
        with link.lock:
            link.is_dead = True
            lost = list(link.away)
            link.away.clear()
        for job in lost:
            self._queue.give_back(job, None)

    def _end(self) -> None:
        """Let the process finish what it has, and wait for its end."""
        link, self._link = self._link, None
        if link is None:
            return
        with contextlib.suppress(OSError):
            cast("IO[bytes]", link.process.stdin).close()
        try:
            link.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            link.process.kill()
            link.process.wait()
        if link.receiver is not None:
            link.receiver.join()
        cast("IO[bytes]", link.process.stdout).close()


def _widen(pipe: IO[bytes]) -> None:
    if fcntl is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _write(link: _Link, kind: int, values: bytes, body: bytes) -> None:
    pipe = cast("IO[bytes]", link.process.stdin).fileno()
    head = HEAD.pack(kind, len(values), len(body)) + values
    for part in (head, body):
        left = memoryview(part)
        while left:
            left = left[os.write(pipe, left) :]


def _read(pipe: IO[bytes], size_bytes: int) -> bytes:
    """So many bytes; fewer, or none, at the end."""
    parts: list[bytes] = []
    while size_bytes and (part := pipe.read(min(size_bytes, _PIPE_BYTES))):
        parts.append(part)
        size_bytes -= len(part)
    return b"".join(parts)
