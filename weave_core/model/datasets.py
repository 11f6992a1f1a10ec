"""Rows of datasets that are stored: a page of them, some that are added, and how two differ."""

from typing import Annotated, Any, Literal

from pydantic import Field

from weave_core.model.objects import ObjectVersion
from weave_core.model.values import Value

__all__ = [
    "MAX_NEW_ROWS",
    "AddedRows",
    "DatasetRow",
    "NearRow",
    "NewRows",
    "RowChange",
    "RowChanges",
    "RowPage",
]

MAX_NEW_ROWS = 1_000
"""Rows that are added to a dataset in one request."""
_MAX_WHO = 200


class DatasetRow(Value):
    """One row."""

    index: int
    """Its place in the version, from 0."""
    row: dict[str, Any]


class RowPage(Value):
    """Some rows of one version of a dataset."""

    version: ObjectVersion
    count: int
    """Rows that the version has in all."""
    columns: list[str] = []
    """Names that any of these rows has, in the order of their appearance."""
    items: list[DatasetRow]
    next_start: int | None = None
    """Where the next page begins; None on the last one."""


class NewRows(Value):
    """What to add to a dataset."""

    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_NEW_ROWS)]
    """`metadata` says where each is from, as `trace_id`, `span_id` and the like."""
    added_by: Annotated[str | None, Field(max_length=_MAX_WHO)] = None
    """Who adds them; kept in each row's `metadata`, with the time."""
    is_trial: bool = False
    """Only say what would be added and what is near; nothing changes."""


class NearRow(Value):
    """A row that says nearly what another one says."""

    index: int
    """Among the rows that were sent, from 0."""
    other_index: int | None = None
    """Of the row in the dataset; None: it is one that was sent as well, before this one."""
    similarity: float
    """Jaccard's of their runs of five letters; 1 where they are equal."""
    is_equal: bool = False
    """Whether the content is the very same: such a row is not added."""
    text: str
    """How the other one begins."""


class AddedRows(Value):
    """What became of rows that were sent."""

    version: ObjectVersion | None = None
    """The latest version of the dataset now; None: there is none yet."""
    count: int
    """Rows that it has."""
    added: int
    """Rows that were added, or would be."""
    near: list[NearRow] = []
    """Rows that stand there already, or nearly so."""


class RowChange(Value):
    """A row that only one of two versions has."""

    op: Literal["added", "removed"]
    index: int
    """In the version that has it."""
    row: dict[str, Any]


class RowChanges(Value):
    """How a version of a dataset differs from another one, by the content of the rows."""

    version: ObjectVersion
    base: ObjectVersion
    """What it is held against."""
    added: int
    removed: int
    same: int
    """Rows that both have."""
    items: list[RowChange] = []
    """The first of them."""
