"""wandb's files of a run, which are kept with the run of ours: saved, read back, put in place."""

import os
from pathlib import Path
from typing import IO, Any

from weave_core.client import Client
from weave_core.client.run_files import StoredFile
from weave_core.errors import ConfigError
from weave_core.model import RunFile
from weave_core.settings import DEFAULT_ENDPOINT, OFFLINE
from weave_core.tracing.lifecycle import settings_in_force

__all__ = ["File", "find_file", "restored"]


class File:
    """A file of a run; `run.file` and `wandb.restore` find it."""

    def __init__(self, info: RunFile) -> None:
        self._info = info
        self.name = info.name
        """Its name, with its folders."""
        self.size = info.size_bytes

    def download(
        self,
        root: str | os.PathLike[str] = ".",
        replace: bool = False,  # noqa: FBT001, FBT002  # As wandb has it.
        exist_ok: bool = False,  # noqa: FBT001, FBT002
    ) -> IO[str]:
        """Write it below `root`; gives it opened to read.

        Args:
            root: Where to.
            replace: Whether a file that is there may be replaced.
            exist_ok: Whether one that is there is good as it is.

        Raises:
            ConfigError: If one is there, and neither was said.
        """
        path = Path(root) / self.name
        if path.exists() and not (replace or exist_ok):
            raise ConfigError(
                f"the file {str(path)!r} is there", "give replace=True, or exist_ok=True to keep it"
            )
        with _client(self.name) as client:
            stored = StoredFile(client, self._info)
            return stored.download(os.fspath(root), replace=replace).open(encoding="utf-8")


def find_file(project: str, run_id: str, name: str) -> File:
    """The file of a run.

    Raises:
        NotFound: If there is no such project, run or file.
        ConfigError: If nothing is sent to a server.
    """
    with _client(name) as client:
        return File(client.get_run_file(project, run_id, name))


def restored(project: str, run_id: str, name: str, **given: Any) -> IO[str]:
    """What `wandb.restore` gives: the file, in place and opened; one that is there is kept."""
    root, replace = given["root"], bool(given["replace"])
    return find_file(project, run_id, name).download(root, replace, exist_ok=not replace)


def _client(name: str) -> Client:
    settings = settings_in_force()
    endpoint = settings.endpoint or DEFAULT_ENDPOINT
    if endpoint == OFFLINE:
        raise ConfigError(
            f"the file {name!r} would come from a server, and the endpoint is {endpoint!r}",
            "files of runs that are offline are where they were saved from",
        )
    return Client(endpoint, api_key=settings.api_key)
