"""Payloads of many spans in one block; those that lie alone are moved there in the background."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "payload_block",
        sa.Column(
            "first_row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("span_count", sa.Integer(), nullable=False),
        sa.Column("encoding", sa.Integer(), nullable=False),
        sa.Column("dictionary_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("first_row_id", name=op.f("pk_payload_block")),
    )


def downgrade() -> None:
    """Take it back, as far as it goes: what lies in blocks is read by this version only."""
    op.drop_table("payload_block")
