"""A worker of alerts: measures those that are due, and sends what is to be told.

Like one of monitors it holds nothing that would be lost with it.
"""

import asyncio
import os
import secrets
import socket
from dataclasses import dataclass, field

from weave_core.client import Client
from weave_core.errors import WeaveError
from weave_core.evals.alert_channels import AlertPost
from weave_core.evals.alert_measures import measure
from weave_core.evals.retries import pause_before
from weave_core.model import (
    AlertItem,
    AlertResult,
    AlertSending,
    AlertSent,
    AlertTake,
    AlertTellings,
)
from weave_core.model.alerts import MAX_ALERT_TEXT
from weave_core.tracing.failures import logger

__all__ = ["AlertWorker"]

MAX_AT_ONCE = 4
"""Alerts that are measured, and messages that are sent, at a time."""
_MAX_WAIT_S = 30.0


@dataclass
class AlertWorker:
    """Watches the alerts of a server until it is told to stop."""

    client: Client
    post: AlertPost
    lease_s: float = 60.0
    projects: list[str] | None = None
    """Only those of these; None: all."""
    name: str = field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    )

    async def run(self, stop: asyncio.Event, *, until_idle: bool = False) -> None:
        """Work until `stop` is set; `until_idle`: or until nothing is due."""
        self._places = asyncio.Semaphore(MAX_AT_ONCE)
        failures = 0
        while not stop.is_set():
            try:
                wait_s = await self._turn()
                failures = 0
            except WeaveError as error:
                if not failures:
                    logger.warning("alerts: %s; trying again", error)
                failures += 1
                wait_s = min(pause_before(failures) + 0.2, _MAX_WAIT_S)
            if wait_s > 0:
                if until_idle and not failures:
                    return
                try:
                    await asyncio.wait_for(stop.wait(), wait_s)
                except TimeoutError:
                    continue

    async def _turn(self) -> float:
        """Do what is due; how long to wait then."""
        asked = AlertTake(worker=self.name, lease_s=self.lease_s, projects=self.projects)
        claim = await asyncio.to_thread(self.client.take_alerts, asked)
        results = await asyncio.gather(*(self._measured(item) for item in claim.items))
        sent = await asyncio.gather(*(self._sent(each) for each in claim.sendings))
        if results or sent:
            told = AlertTellings(results=results, sent=sent)
            await asyncio.to_thread(self.client.tell_alerts, told)
        return claim.wait_s

    async def _measured(self, item: AlertItem) -> AlertResult:
        async with self._places:
            try:
                found = await asyncio.to_thread(measure, self.client, item.project, item.rule)
            except WeaveError as error:
                return AlertResult(token=item.token, problem=str(error)[:MAX_ALERT_TEXT])
            except Exception as error:  # noqa: BLE001  # One alert must not end the watch of the others.
                logger.warning("alert %s can't be measured", item.name, exc_info=error)
                return AlertResult(token=item.token, problem=repr(error)[:MAX_ALERT_TEXT])
        return AlertResult(token=item.token, measurement=found)

    async def _sent(self, sending: AlertSending) -> AlertSent:
        async with self._places:
            try:
                return await asyncio.to_thread(self.post.send, sending)
            except Exception as error:  # noqa: BLE001  # As above.
                logger.warning("a message can't be sent", exc_info=error)
                return AlertSent(token=sending.token, error=repr(error)[:MAX_ALERT_TEXT])
