"""Saved views of the app."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "saved_view",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("view_id", sa.String(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "view_id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("project_id", "page", "name", name="saved_view_name"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("saved_view")
