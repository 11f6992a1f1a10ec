"""Which traces name which blobs, and the blobs that none names any more."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "blob_link",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "trace_id", "digest", name=op.f("pk_blob_link")),
    )
    op.create_index("blob_links_by_digest", "blob_link", ["digest"])
    op.create_table(
        "blob_orphan",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("since_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_blob_orphan")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("blob_orphan")
    op.drop_table("blob_link")
