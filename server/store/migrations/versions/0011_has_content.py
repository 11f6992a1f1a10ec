"""Spans say whether they have content: in SQLite their previews are read from the payload."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.add_column("span", sa.Column("has_content", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Take it back; spans that came meanwhile have no previews then."""
    op.drop_column("span", "has_content")
