"""Files that runs keep, over HTTP."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from weave_core.client.blobs import BlobCalls
from weave_core.client.connection import root_of
from weave_core.errors import BadRequest
from weave_core.model import Page, RunFile

__all__ = ["RunFileCalls", "StoredFile"]

_PAGE = 5_000


class StoredFile:
    """One file of a run, as the server has it.

    Example:
        >>> client.run("a1b2c3").file("checkpoints/last.pt").download("restored")
        PosixPath('restored/checkpoints/last.pt')
    """

    def __init__(self, calls: "RunFileCalls", info: RunFile) -> None:
        self._calls = calls
        self.info = info
        """Name, size, digest, and when it was saved."""

    @property
    def name(self) -> str:
        """Its name, with its folders."""
        return self.info.name

    @property
    def size_bytes(self) -> int:
        """How large it is."""
        return self.info.size_bytes

    def read(self) -> bytes:
        """All of its bytes.

        Raises:
            NotFound: If they have not come yet, or were not kept.
        """
        return self._calls.get_blob(self.info.digest)

    def download(self, folder: str | Path = ".", *, replace: bool = True) -> Path:
        """Write it below `folder`, piece by piece; gives its path.

        Args:
            folder: Where to; folders of its name are made there.
            replace: Whether a file that is there is replaced; False: it is taken as it is.

        Raises:
            NotFound: As for `read`.
            BadRequest: If its name would lead out of `folder`.
        """
        parts = PurePosixPath(self.name).parts
        if ".." in parts or PurePosixPath(self.name).is_absolute():
            raise BadRequest(
                f"the file {self.name[:300]!r} would be written outside of {str(folder)!r}",
                "read() gives its bytes",
            )
        path = Path(folder, *parts)
        if replace or not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._calls.save_blob(self.info.digest, path)
        return path

    def __repr__(self) -> str:
        return f"<file {self.name!r} of {self.size_bytes:,} bytes>"


class RunFileCalls(BlobCalls):
    """Files that runs keep, over HTTP."""

    def list_run_files(
        self,
        project: str,
        run_id: str,
        *,
        prefix: str = "",
        limit: int = 1_000,
        cursor: str | None = None,
    ) -> Page[RunFile]:
        """One page of the files of a run, by name.

        Args:
            project: Its name.
            run_id: Which run.
            prefix: Only names that begin so.
            limit: Most wanted, up to 5,000.
            cursor: `next_cursor` of the page before.

        Raises:
            NotFound: If the project or the run does not exist.
        """
        query: dict[str, Any] = {"prefix": prefix or None, "limit": limit, "cursor": cursor}
        return self._page(RunFile, _path(project, run_id), query)

    def get_run_file(self, project: str, run_id: str, name: str) -> RunFile:
        """One file of a run.

        Raises:
            NotFound: If the project, the run or the file does not exist.
        """
        path = f"{_path(project, run_id)}/{quote(name)}"
        return RunFile.model_validate_json(self._read(path))

    def run_files(self, project: str, run_id: str, prefix: str = "") -> Iterator[StoredFile]:
        """All files of a run, page after page.

        Raises:
            NotFound: If the project or the run does not exist.
        """
        cursor = None
        while True:
            page = self.list_run_files(project, run_id, prefix=prefix, limit=_PAGE, cursor=cursor)
            yield from (StoredFile(self, each) for each in page.items)
            cursor = page.next_cursor
            if cursor is None:
                return


def _path(project: str, run_id: str) -> str:
    return f"{root_of(project)}/runs/{quote(run_id, safe='')}/files"
