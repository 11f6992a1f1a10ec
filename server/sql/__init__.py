"""Read-only SQL over a project: SELECT on documented views, nothing else.

`views` says which tables there are, `checking` lets through what is allowed by name and writes the
statement anew from the syntax tree, `running` asks the database within bounds of time, rows and
bytes.  No text of a user reaches a database: what it runs is generated.
"""

from weave_core.server.sql.checking import KNOWN_FUNCTIONS, Statement, read_statement
from weave_core.server.sql.running import DEFAULT_ROWS, MAX_ROWS, run_statement
from weave_core.server.sql.views import list_tables

__all__ = [
    "DEFAULT_ROWS",
    "KNOWN_FUNCTIONS",
    "MAX_ROWS",
    "Statement",
    "list_tables",
    "read_statement",
    "run_statement",
]
