"""Artifacts: versions, who made and used them, and where their chunks lie."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = ("artifact_chunk", "artifact_pack", "artifact_use", "artifact_version", "artifact")


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "artifact",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("next_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "name", name=op.f("pk_artifact")),
    )
    op.create_table(
        "artifact_version",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("added_bytes", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("project_id", "name", "version", name=op.f("pk_artifact_version")),
    )
    op.create_table(
        "artifact_use",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "run_id", "name", "version", "role", name=op.f("pk_artifact_use")
        ),
    )
    op.create_index("artifact_uses_of_version", "artifact_use", ["project_id", "name", "version"])
    op.create_table(
        "artifact_pack",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_pack")),
        sa.UniqueConstraint("digest", name=op.f("uq_artifact_pack_digest")),
    )
    op.create_table(
        "artifact_chunk",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("pack_id", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_artifact_chunk")),
    )
    op.create_index("artifact_chunks_of_pack", "artifact_chunk", ["pack_id"])


def downgrade() -> None:
    """Take it back."""
    for table in _TABLES:
        op.drop_table(table)
