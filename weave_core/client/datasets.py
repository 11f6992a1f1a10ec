"""Rows of datasets over HTTP."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.digests import canonical_json
from weave_core.errors import BadRequest
from weave_core.model import AddedRows, NearRow, RowChanges, RowPage
from weave_core.model.datasets import MAX_NEW_ROWS

__all__ = ["DatasetCalls"]

_LONG_S = 120.0
"""For datasets of many rows, against which new ones are held."""


class DatasetCalls(Connection):
    """Rows of datasets over HTTP."""

    def add_rows(
        self,
        project: str,
        name: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        added_by: str | None = None,
        is_trial: bool = False,
    ) -> AddedRows:
        """Add rows at the end of a dataset, as a new version; the dataset is made if it is new.

        Rows whose content stands there already are left out; such rows and near ones are told.

        Example:
            >>> wrong = Dataset.from_traces(client, "support", filter="status = 'error'")
            >>> print(client.add_rows("support", "regressions", wrong, added_by="ada").near)

        Args:
            project: Where.
            name: Of the dataset.
            rows: Mappings of columns; `metadata` says where each is from.
            added_by: Who adds them, which `metadata` keeps with the time.
            is_trial: Only say what would be added and what is near.

        Raises:
            BadRequest: If there is no row, or one is no JSON.
        """
        left = iter(rows)
        done: AddedRows | None = None
        sent = added = 0
        near: list[NearRow] = []
        while part := [dict(row) for row in islice(left, MAX_NEW_ROWS)]:
            done = self._add_rows(project, name, part, added_by, is_trial=is_trial)
            near += [each.model_copy(update={"index": each.index + sent}) for each in done.near]
            sent, added = sent + len(part), added + done.added
        if done is None:
            raise BadRequest(f"no row was given to add to {name!r}", "give one at least")
        return done.model_copy(update={"added": added, "near": near})

    def list_rows(
        self,
        project: str,
        name: str,
        version: str = "latest",
        *,
        search: str | None = None,
        start: int = 0,
        limit: int = 100,
    ) -> RowPage:
        """Rows of one version of a dataset, in their order.

        Args:
            project: Its name.
            name: Of the dataset.
            version: An alias, a number, or a `sha256:` digest or its beginning.
            search: Only rows with this text in a value, case aside.
            start: The first row to look at; `next_start` of the page before.
            limit: Most wanted, up to 500.

        Raises:
            NotFound: If it is not stored.
            BadRequest: If what was published is no list of rows.
        """
        query = {"search": search, "start": start, "limit": limit}
        return RowPage.model_validate(self._get(f"{_path(project, name, version)}/rows", query))

    def compare_rows(self, project: str, name: str, version: str, base: str) -> RowChanges:
        """How a version differs from `base`, another one of the dataset, by what the rows say.

        Raises:
            NotFound: If one of them is not stored.
            BadRequest: If one is no list of rows, or too much of them differs.
        """
        path = f"{_path(project, name, version)}/changes"
        answer = self._send("GET", path, {"base": base}, timeout_s=_LONG_S)
        return RowChanges.model_validate_json(answer.content)

    def _add_rows(
        self,
        project: str,
        name: str,
        rows: list[dict[str, Any]],
        added_by: str | None,
        *,
        is_trial: bool,
    ) -> AddedRows:
        try:
            body = canonical_json({"rows": rows, "added_by": added_by, "is_trial": is_trial})
        except (TypeError, ValueError) as error:
            raise BadRequest(
                f"a row for dataset {name!r} can't be kept: {error}",
                "make it of dict, list, text, number, bool and None",
            ) from error
        headers = {"content-type": "application/json"}
        path = f"{_path(project, name)}/rows"
        answer = self._send("POST", path, content=body, headers=headers, timeout_s=_LONG_S)
        return AddedRows.model_validate_json(answer.content)


def _path(project: str, *parts: str) -> str:
    return "/".join([root_of(project), "datasets", *(quote(part, safe="") for part in parts)])
