"""What runs print, in chunks of lines."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "run_console",
        sa.Column("run_row_id", _ROW_ID, nullable=False),
        sa.Column("writer_id", sa.String(), nullable=False),
        sa.Column("first_line", sa.BigInteger(), nullable=False),
        sa.Column("last_line", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("first_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_ns", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "run_row_id", "writer_id", "first_line", name=op.f("pk_run_console")
        ),
    )
    op.create_index("run_consoles_by_time", "run_console", ["run_row_id", "first_ns"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("run_consoles_by_time", "run_console")
    op.drop_table("run_console")
