"""SQLite's index of reply ids has their ends alone, which takes half of what it took."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_WHERE = sa.text("response_id IS NOT NULL")


def upgrade() -> None:
    """Apply this step."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("spans_by_response", "span")
        end = sa.text("substr(response_id, -8)")
        op.create_index("spans_by_reply", "span", ["project_id", end], sqlite_where=_WHERE)


def downgrade() -> None:
    """Take it back."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("spans_by_reply", "span")
        columns = ["project_id", "response_id"]
        op.create_index("spans_by_response", "span", columns, sqlite_where=_WHERE)
