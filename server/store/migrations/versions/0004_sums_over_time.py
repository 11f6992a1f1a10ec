"""Sums over minutes, hours and days; cursors of the background; an index of tagged spans."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_DIMENSIONS = (
    *("kind", "status", "request_model", "model", "op_name", "provider"),
    *("service_name", "environment", "agent_name"),
)


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "background_cursor",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_background_cursor")),
    )
    op.create_table(
        "rollup_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in _DIMENSIONS),
        sa.Column("is_rest", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollup_group")),
        sa.UniqueConstraint("project_id", "digest", name="rollup_group_identity"),
    )
    op.create_table(
        "rollup",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("width_s", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("error_count", sa.BigInteger(), nullable=False),
        sa.Column("sums", sa.JSON(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "width_s", "start_s", "group_id", name=op.f("pk_rollup")
        ),
    )
    op.create_index(
        "newest_tagged_spans",
        "span",
        ["project_id", "start_ns"],
        unique=False,
        sqlite_where=sa.text("tags IS NOT NULL"),
        postgresql_where=sa.text("tags IS NOT NULL"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("newest_tagged_spans", table_name="span")
    op.drop_table("rollup")
    op.drop_table("rollup_group")
    op.drop_table("background_cursor")
