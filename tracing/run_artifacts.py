"""Artifacts of a run: what it makes is stored as a version, what it uses is noted.

Files are read when the artifact is logged, so what happens to them later does no harm.  Where no
server answers, they wait on disk and are sent by this program later, or by `weave-core sync`.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weave_core.errors import ConfigError, Overloaded, ServerUnreachable, WeaveError
from weave_core.settings import DEFAULT_ENDPOINT, OFFLINE
from weave_core.tracing import lifecycle
from weave_core.tracing.failures import warn_once
from weave_core.tracing.used_objects import note_used

if TYPE_CHECKING:
    import os

    from weave_core.artifacts.outboxes import ArtifactOutbox
    from weave_core.artifacts.versions import Artifact
    from weave_core.client import Client

__all__ = ["RunArtifacts", "artifact_client", "ship_artifacts"]

_MAX_PAUSE_S = 60.0
_PING_S = 3.0
"""How long a server is waited for before an artifact goes to the disk instead."""


class RunArtifacts:
    """What a run can do with artifacts; a part of `Run`."""

    id: str
    project: str

    def log_artifact(
        self,
        artifact: "Artifact | str | os.PathLike[str]",
        name: str | None = None,
        type: str | None = None,  # noqa: A002  # What everybody calls it.
        *,
        aliases: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> "Artifact":
        """Store an artifact that this run has made; the same files are the version that has them.

        Its files are read before this returns.  Where no server answers they are kept on disk
        until one does, and the artifact has no version yet.

        Example:
            >>> model = weave_core.Artifact("digits-cnn", type="model")
            >>> model.add_file("model.pt")
            >>> run.log_artifact(model, aliases=["best"])

        Args:
            artifact: What to store; or the path of a file or folder.
            name: Of a path: what it is called; default: `run-ID-` and the name of the file.
            type: Of a path: what it is; default: `file`.
            aliases: Names that lead to this version from now on; `latest` always does.
            tags: Added to those that the version has.

        Raises:
            ConfigError: If a file can't be read, is changed while it is, or may not wait on disk.
            BadRequest: If the artifact is of another type than its versions so far.
        """
        from weave_core.artifacts.versions import Artifact  # Late: it cuts and hashes.

        if not isinstance(artifact, Artifact):
            artifact = _of_path(artifact, name or f"run-{self.id}-{Path(artifact).name}", type)
        _Way().store(artifact, self.project, self.id, aliases=aliases, tags=tags)
        if not artifact.is_draft():
            note_used(artifact.ref)
        return artifact

    def use_artifact(
        self,
        artifact: "Artifact | str",
        type: str | None = None,  # noqa: A002  # What everybody calls it.
    ) -> "Artifact":
        """An artifact that this run uses, which is noted on both sides.

        Example:
            >>> folder = run.use_artifact("digits:clean", type="dataset").download()

        Args:
            artifact: `NAME:VERSION`, `PROJECT/NAME:VERSION` or `registry/NAME:VERSION`; or one
                that is stored.
            type: What it has to be.

        Raises:
            NotFound: If there is no such version.
            ConfigError: If it is of another type, or there is no server to ask.
            ServerUnreachable: If the server does not answer.
        """
        client = artifact_client(wanted_for="reads artifacts")
        found = (
            client.artifact(artifact, project=self.project)
            if isinstance(artifact, str)
            else artifact
        )
        if type is not None and found.type != type:
            raise ConfigError(f"artifact {found.name!r} is of type {found.type!r}, not {type!r}")
        if found.project == self.project:
            client.use_artifact(found.project, found.name, found.version, run_id=self.id)
        if found.registered_as is not None:
            name, number = found.registered_as
            client.use_registered(name, f"v{number}", project=self.project, run_id=self.id)
        note_used(found.ref)
        return found


def _of_path(path: "str | os.PathLike[str]", name: str, kind: str | None) -> "Artifact":
    from weave_core.artifacts.versions import Artifact

    made = Artifact(name, kind or "file")
    if Path(path).is_dir():
        made.add_dir(path)
    else:
        made.add_file(path)
    return made


def artifact_client(*, wanted_for: str) -> "Client":
    """A client of the server that tracing was told.

    Raises:
        ConfigError: If there is none.
    """
    from weave_core.client import Client  # Late: a program that logs no artifact needs none.

    settings = lifecycle.settings_in_force()
    endpoint = settings.endpoint or DEFAULT_ENDPOINT
    if endpoint == OFFLINE:
        raise ConfigError(
            f"only a server {wanted_for}, and the endpoint is {OFFLINE!r}",
            "start one with `weave-core up`, or give client=Client(URL)",
        )
    # An artifact that was logged is read by it later, and nobody closes it.
    return Client(endpoint, api_key=settings.api_key, keep_alive=False)


class _Way:
    """The way of an artifact to the server, or to the disk where that does not answer."""

    def __init__(self) -> None:
        from weave_core.artifacts.outboxes import ArtifactOutbox

        settings = lifecycle.settings_in_force()
        self._endpoint = settings.endpoint or DEFAULT_ENDPOINT
        self._client: Client | None = None
        if self._endpoint != OFFLINE:
            self._client = artifact_client(wanted_for="")
        self._outbox = ArtifactOutbox(
            settings.home, self._endpoint, max_bytes=settings.max_artifact_spool_bytes
        )

    def store(
        self,
        artifact: "Artifact",
        project: str,
        run_id: str,
        **options: Any,
    ) -> None:
        """Store it, or keep it."""
        from weave_core.artifacts.uploads import store_artifact

        if self._client is not None:
            try:
                self._client.ping(_PING_S)
                # In the order in which they were logged: versions are numbered so.
                self._outbox.ship(self._client)
                store_artifact(self._client, artifact, project, run_id=run_id, **options)
            except (ServerUnreachable, Overloaded) as error:
                warn_once(
                    "artifacts later",
                    "artifacts can't be sent to %s now and are kept: %s",
                    self._endpoint,
                    error,
                )
            else:
                return
        store_artifact(self._client, artifact, project, run_id=run_id, sink=self._outbox, **options)
        if self._client is not None:
            _SHIPPER.start(self._outbox)


class _Shipper:
    """A thread that sends what waits, as soon as the server answers again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, outbox: "ArtifactOutbox") -> None:
        """Begin, unless it runs already."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, args=(outbox,), name="weave-core artifacts", daemon=True
                )
                self._thread.start()

    def _run(self, outbox: "ArtifactOutbox") -> None:
        pause_s = 1.0
        while not outbox.is_empty():
            threading.Event().wait(pause_s)
            pause_s = min(_MAX_PAUSE_S, 2 * pause_s)
            try:
                ship_artifacts(outbox, artifact_client(wanted_for="keeps artifacts"))
            except WeaveError:
                continue  # It is still away, or tracing goes elsewhere now.


_SHIPPER = _Shipper()


def ship_artifacts(outbox: "ArtifactOutbox", client: "Client") -> int:
    """Send what waits in an outbox; gives how many artifacts a server has taken.

    Raises:
        ServerUnreachable: If it does not answer.
    """
    shipped = outbox.ship(client)
    for reason in shipped.refused:
        warn_once(f"artifact {reason}", "%s did not take an artifact: %s", "the server", reason)
    return shipped.artifacts
