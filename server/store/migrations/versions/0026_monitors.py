"""Monitors, the spans that they score, and what was said of these."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "monitor",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("cursor_row_id", sa.BigInteger(), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("backfill", sa.JSON(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("project_id", "name", name="monitor_identity"),
    )
    op.create_table(
        "monitor_item",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("monitor_row_id", _ROW_ID, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=False),
        sa.Column("span_id", sa.LargeBinary(), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("is_backfill", sa.Boolean(), nullable=False),
        sa.Column("due_ns", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("lease_until_ns", sa.BigInteger(), nullable=True),
        sa.Column("claimed_ns", sa.BigInteger(), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        sa.UniqueConstraint("monitor_row_id", "trace_id", "span_id", name="monitor_item_identity"),
    )
    for name, columns in (
        ("monitor_items_by_state", ["monitor_row_id", "state", "is_backfill", "due_ns"]),
        ("monitor_items_by_time", ["monitor_row_id", "claimed_ns"]),
        ("monitor_items_of_trace", ["project_id", "trace_id"]),
        ("monitor_items_by_token", ["token"]),
        ("monitor_items_by_worker", ["worker"]),
    ):
        op.create_index(name, "monitor_item", columns)
    op.create_table(
        "monitor_score",
        sa.Column("monitor_row_id", _ROW_ID, nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=False),
        sa.Column("span_id", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("is_rate", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("error_type", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("scorer_version", sa.String(), nullable=True),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("scored_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "monitor_row_id", "trace_id", "span_id", "name", name=op.f("pk_monitor_score")
        ),
    )
    for name, columns in (
        ("monitor_scores_of_span", ["project_id", "trace_id", "span_id"]),
        ("monitor_scores_by_time", ["monitor_row_id", "name", "start_ns"]),
        ("monitor_scores_by_value", ["monitor_row_id", "name", "value"]),
    ):
        op.create_index(name, "monitor_score", columns)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("monitor_score")
    op.drop_table("monitor_item")
    op.drop_table("monitor")
