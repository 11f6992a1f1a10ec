"""Log records, spans that wait for theirs, and metric points."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply this step."""
    _create_log_record()
    _create_span_dirty()
    _create_metric_series()
    _create_metric_point()


def downgrade() -> None:
    """Take it back."""
    op.drop_table("metric_point")
    op.drop_table("metric_series")
    op.drop_table("span_dirty")
    op.drop_table("log_record")


def _create_log_record() -> None:
    op.create_table(
        "log_record",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=True),
        sa.Column("span_id", sa.LargeBinary(), nullable=True),
        sa.Column("response_id", sa.String(), nullable=True),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("severity_number", sa.Integer(), nullable=False),
        sa.Column("event_name", sa.String(), nullable=True),
        sa.Column("is_event", sa.Boolean(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_record")),
        sa.UniqueConstraint("project_id", "digest", name="log_record_identity"),
    )
    op.create_index("newest_logs", "log_record", ["project_id", "time_ns", "id"], unique=False)
    op.create_index(
        "logs_of_span",
        "log_record",
        ["project_id", "trace_id", "span_id"],
        unique=False,
        sqlite_where=sa.text("trace_id IS NOT NULL"),
        postgresql_where=sa.text("trace_id IS NOT NULL"),
    )
    op.create_index(
        "logs_by_response",
        "log_record",
        ["project_id", "response_id"],
        unique=False,
        sqlite_where=sa.text("response_id IS NOT NULL"),
        postgresql_where=sa.text("response_id IS NOT NULL"),
    )


def _create_span_dirty() -> None:
    op.create_table(
        "span_dirty",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("trace_id", sa.LargeBinary(), nullable=False),
        sa.Column("span_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "trace_id", "span_id", name=op.f("pk_span_dirty")),
    )


def _create_metric_series() -> None:
    op.create_table(
        "metric_series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("temporality", sa.String(), nullable=False),
        sa.Column("is_monotonic", sa.Boolean(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metric_series")),
        sa.UniqueConstraint("project_id", "digest", name="metric_series_identity"),
    )
    op.create_index("series_by_name", "metric_series", ["project_id", "name"], unique=False)


def _create_metric_point() -> None:
    op.create_table(
        "metric_point",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=True),
        sa.Column("sum", sa.Float(), nullable=True),
        sa.Column("min", sa.Float(), nullable=True),
        sa.Column("max", sa.Float(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("series_id", "time_ns", name=op.f("pk_metric_point")),
    )
