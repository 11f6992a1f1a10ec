"""Sweeps: what is searched, what was tried, and how far trials were at each rung."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "sweep",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("sweep_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("run_cap", sa.BigInteger(), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.Column("resumed_ns", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("project_id", "sweep_id", name="sweep_identity"),
    )
    op.create_index("newest_sweeps", "sweep", ["project_id", "created_ns", "id"])
    op.create_table(
        "trial",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("sweep_row_id", _ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(), nullable=True),
        sa.Column("host", sa.String(), nullable=True),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("ask_key", sa.String(), nullable=True),
        sa.Column("lease_s", sa.Float(), nullable=False),
        sa.Column("lease_until_ns", sa.BigInteger(), nullable=True),
        sa.Column("started_ns", sa.BigInteger(), nullable=True),
        sa.Column("ended_ns", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.UniqueConstraint("sweep_row_id", "number", name="trial_identity"),
    )
    op.create_index("trials_by_state", "trial", ["sweep_row_id", "state", "number"])
    op.create_index("trials_by_run", "trial", ["run_id"])
    op.create_table(
        "trial_report",
        sa.Column("trial_row_id", _ROW_ID, nullable=False),
        sa.Column("rung", sa.BigInteger(), nullable=False),
        sa.Column("sweep_row_id", _ROW_ID, nullable=False),
        sa.Column("best", sa.Float(), nullable=False),
        sa.Column("mean", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("trial_row_id", "rung", name=op.f("pk_trial_report")),
    )
    op.create_index("reports_of_sweep", "trial_report", ["sweep_row_id", "rung"])


def downgrade() -> None:
    """Take it back."""
    op.drop_table("trial_report")
    op.drop_table("trial")
    op.drop_table("sweep")
