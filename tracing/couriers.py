"""Bringing one batch to a server: wait and retry, split what is too large, set aside the refused.

Which batches there are is the business of `journals` and `exporting`.
"""

import random
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Literal

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from weave_core.tracing.failures import logger, warn_once
from weave_core.tracing.outboxes import Outbox
from weave_core.tracing.transports import Delivery, Transport

__all__ = ["Courier", "Outcome"]

Outcome = Literal["taken", "refused", "given_up"]

_FIRST_WAIT_S = 0.25
_MAX_WAIT_S = 30.0
_MAX_FAULTS = 10
"""Answers of 500 to the same bytes after which the bytes are taken to be the cause."""
_MAX_DEAD_BYTES = 64 * 1024 * 1024


class Courier:
    """Delivers batches through one transport.

    Args:
        transport: The connection.
        dead: Folder for what a server refuses; bounded, the newest is left out when it is full.
        wait: Sleeps that many seconds, maybe not so long where the second argument allows it; True
            when it is time to stop.
        max_attempts: Give up after so many; None: never.
    """

    def __init__(
        self,
        transport: Transport,
        dead: Path,
        wait: Callable[[float, bool], bool],
        max_attempts: int | None = None,
    ) -> None:
        self._transport = transport
        self._dead = dead
        self._wait = wait
        self._max_attempts = max_attempts
        self.last_reason = ""
        """Why the last request that failed did."""
        self._unanswered_s: float | None = None

    def deliver(self, body: bytes) -> Outcome:
        """Bring one `ExportTraceServiceRequest`; blocks until it is taken, refused or given up."""
        attempt = faults = 0
        while True:
            delivery = self._listened(partial(self._transport.send, body))
            if delivery.outcome == "taken":
                self._note_rejected(delivery)
                return "taken"
            self.last_reason = delivery.reason
            if delivery.outcome == "refused" or faults >= _MAX_FAULTS:
                return self._refused(body, delivery)
            attempt += 1
            faults += delivery.is_fault
            warn_once(
                f"later {self._transport.endpoint}",
                "spans can't be sent to %s now and are kept: %s",
                self._transport.endpoint,
                delivery.reason,
            )
            if self._max_attempts is not None and attempt >= self._max_attempts:
                return "given_up"
            pause_s = _pause_s(attempt, delivery.retry_after_s)
            if self._wait(pause_s, delivery.retry_after_s is None):
                return "given_up"

    @property
    def silent_s(self) -> float:
        """For how long every request has gone without an answer; may be asked by any thread."""
        began_s = self._unanswered_s
        return 0.0 if began_s is None else time.monotonic() - began_s

    def _listened(self, send: Callable[[], Delivery]) -> Delivery:
        if self._unanswered_s is None:
            self._unanswered_s = time.monotonic()
        delivery = send()
        if not delivery.is_silent:
            self._unanswered_s = None
        return delivery

    def deliver_blobs(self, outbox: Outbox) -> bool:
        """Bring what waits in `outbox`, each once; False where something has to wait."""
        for digest, path in outbox.waiting():
            delivery = self._listened(partial(self._transport.send_blob, digest, path))
            if delivery.outcome == "later":
                self.last_reason = delivery.reason
                warn_once(
                    "blobs later", "files can't be sent now and are kept: %s", delivery.reason
                )
                return False
            if delivery.outcome == "refused":
                warn_once(
                    "blob refused",
                    "%s refused a file (%s); what it refuses is kept in %s",
                    self._transport.endpoint,
                    delivery.reason,
                    self._dead,
                )
                with suppress(OSError):
                    self._set_aside(path.read_bytes(), ".blob")
            with suppress(FileNotFoundError):  # Another process was quicker.
                path.unlink()
        return True

    def _refused(self, body: bytes, delivery: Delivery) -> Outcome:
        halves = _halves(body) if delivery.is_too_large else []
        if halves:
            outcomes = [self.deliver(half) for half in halves]
            return "given_up" if "given_up" in outcomes else "taken"
        warn_once(
            "refused",
            "%s refused spans (%s); what it refuses is kept in %s",
            self._transport.endpoint,
            delivery.reason,
            self._dead,
        )
        try:
            self._set_aside(body)
        except OSError as error:
            warn_once("dead", "refused spans could not be kept: %s", error)
        return "refused"

    def _set_aside(self, body: bytes, ending: str = ".otlp") -> None:
        self._dead.mkdir(parents=True, exist_ok=True, mode=0o700)
        used = sum(path.stat().st_size for path in self._dead.iterdir())
        if used + len(body) <= _MAX_DEAD_BYTES:
            name = f"{time.time_ns()}-{secrets.token_hex(4)}{ending}"
            (self._dead / name).write_bytes(body)

    def _note_rejected(self, delivery: Delivery) -> None:
        if delivery.rejected_spans:
            logger.warning(
                "%s did not keep %d spans: %s",
                self._transport.endpoint,
                delivery.rejected_spans,
                delivery.reason,
            )


def _pause_s(attempt: int, asked_s: float | None) -> float:
    """Doubling up to half a minute, with jitter so that many programs do not come at once."""
    backoff_s = min(_MAX_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(attempt, 10))
    return max(asked_s or 0.0, backoff_s * random.uniform(0.5, 1.0))  # noqa: S311  # No secret.


def _halves(body: bytes) -> list[bytes]:
    """The same spans as two requests; empty where there is one span only."""
    request = ExportTraceServiceRequest.FromString(body)
    flat = [
        (group, scope, span)
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]
    if len(flat) < 2:  # noqa: PLR2004
        return []
    middle = len(flat) // 2
    halves = []
    for part in (flat[:middle], flat[middle:]):
        half = ExportTraceServiceRequest()
        for group, scope, span in part:
            added = half.resource_spans.add(schema_url=group.schema_url)
            added.resource.CopyFrom(group.resource)
            scoped = added.scope_spans.add(schema_url=scope.schema_url)
            scoped.scope.CopyFrom(scope.scope)
            scoped.spans.append(span)
        halves.append(bytes(half.SerializeToString()))
    return halves
