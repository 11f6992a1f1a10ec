"""SQLite finds spans by their ids, and by those of replies, through two tables in place of indexes.

See `weave_core.server.store.span_keys`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_COLUMNS = (
    "(key NOT NULL, project_id INTEGER NOT NULL, row_id INTEGER NOT NULL,"
    " PRIMARY KEY (key, project_id, row_id)) WITHOUT ROWID"
)
_DELETE = "DELETE FROM {} WHERE key = {} AND project_id = old.project_id AND row_id = old.id;"
_TABLES = ("span_key", "new_span_key")
_TAKE_SPAN, _TAKE_REPLY = (
    " ".join(_DELETE.format(table, key) for table in _TABLES)
    for key in ("old.span_id", "substr(old.response_id, -8)")
)
_FILL = (
    "INSERT INTO span_key SELECT * FROM ("
    " SELECT span_id AS key, project_id, id FROM span"
    " UNION ALL SELECT substr(response_id, -8), project_id, id FROM span"
    " WHERE response_id IS NOT NULL) ORDER BY 1, 2, 3"
)
_GONE = f"CREATE TRIGGER span_gone AFTER DELETE ON span BEGIN {_TAKE_SPAN} {_TAKE_REPLY} END"
_REPLY_CHANGED = (
    "CREATE TRIGGER span_reply_changed AFTER UPDATE OF response_id ON span"
    f" WHEN new.response_id IS NOT old.response_id BEGIN {_TAKE_REPLY}"
    " INSERT INTO new_span_key SELECT substr(new.response_id, -8), new.project_id, new.id"
    " WHERE new.response_id IS NOT NULL; END"
)
_WHERE = sa.text("response_id IS NOT NULL")


def upgrade() -> None:
    """Apply this step."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("span_by_id", "span")
        op.drop_index("spans_by_reply", "span")
        tables = (f"CREATE TABLE {table} {_COLUMNS}" for table in _TABLES)
        for statement in (*tables, _FILL, _GONE, _REPLY_CHANGED):
            op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Take it back."""
    if op.get_bind().dialect.name == "sqlite":
        for trigger in ("span_gone", "span_reply_changed"):
            op.execute(f"DROP TRIGGER {trigger}")
        for table in _TABLES:
            op.drop_table(table)
        op.create_index("span_by_id", "span", ["project_id", "span_id"])
        end = sa.text("substr(response_id, -8)")
        op.create_index("spans_by_reply", "span", ["project_id", end], sqlite_where=_WHERE)
