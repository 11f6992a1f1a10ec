"""Feedback on traces, spans, runs and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "feedback",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("feedback_id", sa.String(), nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=True),
        sa.Column("span_id", sa.LargeBinary(), nullable=True),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("project_id", "feedback_id", name="feedback_identity"),
    )
    op.create_index("newest_feedback", "feedback", ["project_id", "created_ns", "id"])
    op.create_index("feedback_by_name", "feedback", ["project_id", "name", "value"])
    for target in ("trace", "run", "session"):
        condition = sa.text(f"{target}_id IS NOT NULL")
        op.create_index(
            f"feedback_of_{target}",
            "feedback",
            ["project_id", f"{target}_id", "name"],
            sqlite_where=condition,
            postgresql_where=condition,
        )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("feedback")
