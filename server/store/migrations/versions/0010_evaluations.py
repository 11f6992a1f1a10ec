"""Evaluations, their items and scores."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "evaluation",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("evaluation_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=True),
        sa.Column("started_ns", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation")),
        sa.UniqueConstraint("project_id", "evaluation_id", name="evaluation_identity"),
    )
    op.create_index("newest_evaluations", "evaluation", ["project_id", "started_ns", "id"])
    op.create_index(
        "newest_evaluations_by_name", "evaluation", ["project_id", "name", "started_ns"]
    )
    op.create_table(
        "evaluation_item",
        sa.Column("evaluation_row_id", _ROW_ID, nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("error_type", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("latency_ms", sa.Float(), nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        sa.Column("cluster", sa.String(), nullable=True),
        sa.Column("slices", sa.JSON(), nullable=False),
        sa.Column("is_cached", sa.Boolean(), nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=False),
        sa.Column("span_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "evaluation_row_id", "item", "epoch", name=op.f("pk_evaluation_item")
        ),
    )
    op.create_index(
        "evaluation_items_in_order", "evaluation_item", ["evaluation_row_id", "position", "epoch"]
    )
    op.create_table(
        "score",
        sa.Column("evaluation_row_id", _ROW_ID, nullable=False),
        sa.Column("scorer", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("is_rate", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("error_type", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint(
            "evaluation_row_id", "scorer", "item", "epoch", name=op.f("pk_score")
        ),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("score")
    op.drop_index("evaluation_items_in_order", "evaluation_item")
    op.drop_table("evaluation_item")
    op.drop_index("newest_evaluations_by_name", "evaluation")
    op.drop_index("newest_evaluations", "evaluation")
    op.drop_table("evaluation")
