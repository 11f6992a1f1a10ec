"""Annotation queues, and which queue feedback comes from."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OF_QUEUE = sa.text("queue_id IS NOT NULL")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "annotation_queue",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("label_set", sa.String(), nullable=False),
        sa.Column("label_version", sa.Integer(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("overlap", sa.Integer(), nullable=False),
        sa.Column("lease_s", sa.Integer(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotation_queue")),
        sa.UniqueConstraint("project_id", "queue_id", name="annotation_queue_identity"),
    )
    op.create_table(
        "annotation_item",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("queue_row_id", _ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=False),
        sa.Column("span_id", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotation_item")),
        sa.UniqueConstraint("queue_row_id", "number", name="annotation_item_identity"),
    )
    op.create_index("annotation_items_of_trace", "annotation_item", ["project_id", "trace_id"])
    op.create_table(
        "annotation_review",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("queue_row_id", _ROW_ID, nullable=False),
        sa.Column("item_id", _ROW_ID, nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=True),
        sa.Column("done_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotation_review")),
        sa.UniqueConstraint("item_id", "reviewer", name="annotation_review_identity"),
    )
    op.create_index(
        "annotation_reviews_of_queue", "annotation_review", ["queue_row_id", "reviewer", "state"]
    )
    op.add_column("feedback", sa.Column("queue_id", sa.String(), nullable=True))
    op.create_index(
        "feedback_of_queue",
        "feedback",
        ["project_id", "queue_id", "name"],
        sqlite_where=_OF_QUEUE,
        postgresql_where=_OF_QUEUE,
    )


def downgrade() -> None:
    """Take them back."""
    op.drop_index("feedback_of_queue", table_name="feedback")
    op.drop_column("feedback", "queue_id")
    for table in ("annotation_review", "annotation_item", "annotation_queue"):
        op.drop_table(table)
