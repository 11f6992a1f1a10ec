"""What runs logged that is no number, over HTTP: pictures, sounds, tables, histograms."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from weave_core.client.blobs import BlobCalls
from weave_core.client.connection import listed, root_of
from weave_core.errors import MissingExtra, NotFound
from weave_core.model import LoggedMedia, MediaKeys, Page

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # As in `sql`.
    import pyarrow as pa  # type: ignore[import-untyped]  # It ships no types.

__all__ = ["RunMediaCalls", "StoredMedium"]

_PAGE = 500


class StoredMedium:
    """One picture, sound, table or the like of a run, as the server has it.

    Example:
        >>> for medium in client.run("a1b2c3").media("mistakes"):
        ...     print(medium.step, medium.to_pandas())
    """

    def __init__(self, calls: "RunMediaCalls", logged: LoggedMedia, item: dict[str, Any]) -> None:
        self._calls = calls
        self.key = logged.key
        self.step = logged.step
        self.rank = logged.rank
        self.info = item
        """What there is to say of it: `mime_type`, `digest`, `caption`, `width`, `edges`, ..."""

    @property
    def kind(self) -> str:
        """`image`, `audio`, `video`, `html`, `table`, `histogram` and so on."""
        return str(self.info.get("kind"))

    @property
    def caption(self) -> str | None:
        """What it is shown with."""
        caption = self.info.get("caption")
        return None if caption is None else str(caption)

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            NotFound: If it has none, as a histogram, or they were not kept.
        """
        return self._calls.get_blob(self._digest())

    def save(self, file: str | Path) -> None:
        """Write its bytes to a file.

        Raises:
            NotFound: As for `read`.
        """
        self._calls.save_blob(self._digest(), Path(file))

    def to_rows(self) -> list[dict[str, Any]]:
        """The rows of a table; cells that are media say so and have a `digest`.

        Raises:
            NotFound: If it is no table.
        """
        columns, rows = self._table()
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def to_pandas(self) -> "pd.DataFrame":
        """A table as a pandas data frame.

        Raises:
            NotFound: If it is no table.
            MissingExtra: If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtra(
                "pandas is not installed", 'pip install "weave-core[data]"'
            ) from error
        columns, rows = self._table()
        return pd.DataFrame(rows, columns=columns)

    def to_arrow(self) -> "pa.Table":
        """A table as an Arrow table; a column whose values do not go together is one of texts.

        Raises:
            NotFound: If it is no table.
            MissingExtra: If pyarrow is not installed.
        """
        try:
            import pyarrow as pa
        except ImportError as error:
            raise MissingExtra(
                "pyarrow is not installed", 'pip install "weave-core[data]"'
            ) from error
        columns, rows = self._table()
        by_column = zip(*rows, strict=True) if rows else ([] for _ in columns)
        arrays = []
        for cells in by_column:
            try:
                arrays.append(pa.array(cells))
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                arrays.append(pa.array([_text(cell) for cell in cells], pa.string()))
        return pa.table(arrays, names=columns)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.key!r} at step {self.step}>"

    def _digest(self) -> str:
        digest = str(self.info.get("digest") or "")
        if not digest.startswith("sha256:"):
            raise NotFound(
                f"{self!r} has no bytes", digest or "a histogram has its numbers in `info`"
            )
        return digest

    def _table(self) -> tuple[list[str], list[list[Any]]]:
        if self.kind != "table":
            raise NotFound(f"{self!r} is no table", "read() gives its bytes")
        told = json.loads(self.read())
        return told["columns"], told["data"]


class RunMediaCalls(BlobCalls):
    """What runs logged that is no number, over HTTP."""

    def list_media_keys(self, project: str, run_id: str) -> MediaKeys:
        """The keys of a run under which media were logged, and the steps that have some.

        Raises:
            NotFound: If the project or the run does not exist.
        """
        return MediaKeys.model_validate_json(self._read(f"{_path(project, run_id)}/media-keys"))

    def list_media(
        self,
        project: str,
        run_id: str,
        keys: Sequence[str] = (),
        *,
        at: int | None = None,
        after: int | None = None,
        limit: int = 100,
        sample: bool = False,
    ) -> Page[LoggedMedia]:
        """What a run logged that is no number, by step.

        Args:
            project: Its name.
            run_id: Which run.
            keys: Which keys; none: all.
            at: Of each key only the last at this step or before it.
            after: Only behind this step.
            limit: Most wanted, up to 1,000.
            sample: Evenly chosen steps, where one key has more than `limit`.

        Raises:
            NotFound: If the project or the run does not exist.
        """
        query: dict[str, Any] = {"at": at, "after": after, "limit": limit}
        query |= {"keys": listed(keys), "sample": sample or None}
        return self._page(LoggedMedia, f"{_path(project, run_id)}/media", query)

    def run_media(self, project: str, run_id: str, key: str) -> Iterator[StoredMedium]:
        """All media of one key of a run, by step.

        Raises:
            NotFound: If the project or the run does not exist.
        """
        after = None
        while True:
            items = self.list_media(project, run_id, [key], after=after, limit=_PAGE).items
            is_last = len(items) < _PAGE
            if not is_last and items[0].step != items[-1].step:
                # Its other ranks may be on the next page.
                items = [each for each in items if each.step != items[-1].step]
            for logged in items:
                yield from (StoredMedium(self, logged, item) for item in logged.items)
            if is_last:
                return
            after = items[-1].step


def _path(project: str, run_id: str) -> str:
    return f"{root_of(project)}/runs/{quote(run_id, safe='')}"


def _text(cell: Any) -> str | None:
    return cell if cell is None or isinstance(cell, str) else json.dumps(cell)
