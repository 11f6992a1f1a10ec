"""Artifacts of clients that know files by their MD5: which files are stored, drafts, digests."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "artifact_file",
        sa.Column("md5", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("md5", name=op.f("pk_artifact_file")),
    )
    op.create_index("artifact_files_by_digest", "artifact_file", ["digest"])
    op.create_index("artifact_files_of_pack", "artifact_file", ["pack_id"])
    op.create_table(
        "artifact_draft",
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_artifact_draft")),
    )
    op.create_index("artifact_drafts_of_client", "artifact_draft", ["client_id"])
    op.create_index("oldest_artifact_drafts", "artifact_draft", ["created_ns"])
    op.add_column("artifact_version", sa.Column("md5", sa.String(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("artifact_version", "md5")
    for table in ("artifact_draft", "artifact_file"):
        op.drop_table(table)
