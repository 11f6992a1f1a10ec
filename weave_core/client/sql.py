"""SQL over HTTP, as rows or as a data frame."""

from typing import TYPE_CHECKING

from weave_core.client.connection import Connection, root_of
from weave_core.errors import MissingExtra
from weave_core.model import SqlResult, SqlTables

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # It ships no types.

__all__ = ["SqlCalls"]


class SqlCalls(Connection):
    """SQL over HTTP, as rows or as a data frame."""

    def sql(self, project: str, query: str, *, limit: int = 10_000) -> "pd.DataFrame":
        """Rows of one SELECT over `project`, as a data frame.

        Example:
            >>> client.sql("support", "select model, sum(cost_usd) from spans group by model")

        Args:
            project: Its name.
            query: One SELECT over `spans`, `traces`, `logs` and `metrics`; `list_sql_tables` tells
                their columns.
            limit: Most rows wanted, up to 100,000; `frame.attrs["truncated"]` says whether there
                are more.

        Raises:
            NotFound: If the project does not exist.
            BadRequest: If the query is wrong or takes too long; `position` says where.
            MissingExtra: If pandas is not installed.
        """
        try:
            import pandas as pd  # The client does without; only this needs it.
        except ImportError as error:
            raise MissingExtra(
                "`Client.sql` gives a pandas.DataFrame, and pandas is not installed",
                'pip install "weave-core[data]"; `Client.run_sql` gives plain rows',
            ) from error
        result = self.run_sql(project, query, limit=limit)
        names = [column.name for column in result.columns]
        frame = pd.DataFrame(result.rows, columns=names)
        frame.attrs["truncated"] = result.truncated
        return frame

    def run_sql(self, project: str, query: str, *, limit: int = 1_000) -> SqlResult:
        """The same as plain rows, with the type of each column; arguments as in `sql`."""
        body = {"query": query, "limit": limit}
        return SqlResult.model_validate_json(
            self._send("POST", f"{root_of(project)}/sql", json=body).content
        )

    def list_sql_tables(self, project: str) -> SqlTables:
        """The tables and functions that `sql` knows.

        Raises:
            NotFound: If the project does not exist.
        """
        return SqlTables.model_validate(self._get(f"{root_of(project)}/sql/tables"))
