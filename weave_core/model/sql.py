"""What an SQL query gives, and the tables that it may read."""

from typing import Any

from weave_core.model.values import Value

__all__ = ["SqlColumn", "SqlResult", "SqlTable", "SqlTables"]


class SqlColumn(Value):
    """One column of a result or of a table."""

    name: str
    type: str
    """`text`, `integer`, `number`, `boolean`, `json`; `null` where a result has no value."""
    description: str = ""


class SqlResult(Value):
    """Rows, each a list in the order of `columns`."""

    columns: list[SqlColumn]
    rows: list[list[Any]]
    truncated: bool
    """There are more rows than were asked for, or than one answer holds."""


class SqlTable(Value):
    """A table that queries may read."""

    name: str
    description: str = ""
    columns: list[SqlColumn]


class SqlTables(Value):
    """All of them, and the functions besides."""

    tables: list[SqlTable]
    functions: list[str]
