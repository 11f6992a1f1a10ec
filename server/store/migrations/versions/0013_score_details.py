"""Scores keep what stands behind them, and the label that would have been right."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.add_column("score", sa.Column("expected", sa.String(), nullable=True))
    op.add_column("score", sa.Column("detail", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("score", "detail")
    op.drop_column("score", "expected")
