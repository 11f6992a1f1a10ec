"""Everything that waits on disk on this machine, and `sync`, which sends it."""

import time
from dataclasses import dataclass
from pathlib import Path

from weave_core.artifacts.outboxes import ArtifactOutbox
from weave_core.client import Client
from weave_core.errors import WeaveError
from weave_core.settings import DEFAULT_ENDPOINT, OFFLINE, Settings
from weave_core.tracing.couriers import Courier
from weave_core.tracing.journals import Journal, folder_of, left_behind, stems
from weave_core.tracing.outboxes import Outbox
from weave_core.tracing.rescues import rescue
from weave_core.tracing.run_artifacts import ship_artifacts
from weave_core.tracing.shipping import ALSO_TO
from weave_core.tracing.transports import Transport

__all__ = ["SyncReport", "sync"]

_ATTEMPTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What `sync` did."""

    endpoint: str
    sent_spans: int
    """Span records that the server took; some it may have known already."""
    refused_spans: int
    """Set aside in `spool/dead`."""
    left_bytes: int
    """What still waits on disk, compressed."""
    busy_processes: int
    """Running programs that send theirs by themselves."""
    failure: str
    """Why not all could be sent; empty where all was."""
    sent_artifacts: int = 0
    """Artifacts that the server took."""


def sync(
    endpoint: str | None = None,
    *,
    home: Path | None = None,
    api_key: str | None = None,
    only_offline: bool = False,
) -> SyncReport:
    """Send what waits in the spool: of programs that ended, and of running ones that are offline.

    What is for another endpoint (`init(also_to=...)`) waits for a program that sends there.

    Runs in the calling thread; sending twice does no harm.

    Args:
        endpoint: The server; default: `WEAVE_CORE_ENDPOINT`, else the local one.
        home: Default: `WEAVE_CORE_HOME`, else `~/.weave_core`.
        api_key: Default: `WEAVE_CORE_API_KEY`.
        only_offline: Leave alone what was meant for a server of its own.

    Raises:
        ConfigError: If a setting can't be used.
    """
    settings = Settings.from_env(endpoint=endpoint, home=home, api_key=api_key)
    target = settings.endpoint or DEFAULT_ENDPOINT
    target = DEFAULT_ENDPOINT if target == OFFLINE else target.rstrip("/")  # An `embedded` stays.
    folder = folder_of(settings.home)
    work = _Sync(target, settings, folder)
    try:
        for name in (OFFLINE, target):
            work.send_blobs(Outbox(folder, name))
            work.send_artifacts(name)
        rescue(settings.home)
        found = set()
        for journal in left_behind(folder):
            found.add(journal.stem)
            journal_target = journal.target()
            # What is for another backend waits for a program that sends there again.
            is_ours = not journal_target.startswith(ALSO_TO)
            if is_ours and (not only_offline or journal_target in (OFFLINE, target)):
                work.send(journal)
                if not work.failure:
                    journal.remove()
            journal.close()
        for stem in set(stems(folder)) - found:
            running = Journal(folder, stem)
            running.resume()
            if running.target() == OFFLINE:
                work.send(running)
            else:
                work.busy += 1
            running.close()
    finally:
        work.transport.close()
    return SyncReport(
        endpoint=target,
        sent_spans=work.sent,
        refused_spans=work.refused,
        left_bytes=sum(Journal(folder, stem).size_bytes() for stem in stems(folder)),
        busy_processes=work.busy,
        failure=work.failure,
        sent_artifacts=work.artifacts,
    )


class _Sync:
    def __init__(self, endpoint: str, settings: Settings, folder: Path) -> None:
        self.transport = Transport(endpoint, settings.api_key, settings=settings)
        self._courier = Courier(self.transport, folder / "dead", _wait, max_attempts=_ATTEMPTS)
        self._settings = settings
        self.sent = self.refused = self.busy = self.artifacts = 0
        self.failure = ""

    def send_blobs(self, outbox: Outbox) -> None:
        """Send the files that wait, before the spans that name them."""
        if not self.failure and not self._courier.deliver_blobs(outbox):
            self.failure = self._courier.last_reason

    def send_artifacts(self, target: str) -> None:
        """Send the artifacts that wait for a target."""
        settings = self._settings
        outbox = ArtifactOutbox(settings.home, target, max_bytes=settings.max_artifact_spool_bytes)
        if self.failure or outbox.is_empty():
            return
        try:
            with Client(self.transport.endpoint, api_key=settings.api_key) as client:
                self.artifacts += ship_artifacts(outbox, client)
        except WeaveError as error:
            self.failure = str(error)

    def send(self, journal: Journal) -> None:
        """Send all of `journal`, unless sending has failed before."""
        while not self.failure and (batch := journal.next_batch()) is not None:
            outcome = self._courier.deliver(batch.body)
            if outcome == "given_up":
                self.failure = self._courier.last_reason
                return
            self.sent += batch.spans if outcome == "taken" else 0
            self.refused += batch.spans if outcome == "refused" else 0
            journal.done(batch)


def _wait(seconds: float, _may_end: bool) -> bool:  # noqa: FBT001  # A courier's words.
    time.sleep(min(seconds, 2.0))
    return False
