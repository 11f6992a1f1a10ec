"""A writer of a run keeps what it runs with."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.add_column("run_writer", sa.Column("environment", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("run_writer", "environment")
