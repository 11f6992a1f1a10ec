"""SQLite's index of the newest spans has the row id once, at the end of each row."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_NAME = "newest_spans"
_COLUMNS = ["project_id", "start_ns"]


def upgrade() -> None:
    """Apply this step."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(_NAME, "span")
        op.create_index(_NAME, "span", _COLUMNS)


def downgrade() -> None:
    """Take it back."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(_NAME, "span")
        op.create_index(_NAME, "span", [*_COLUMNS, "id"])
