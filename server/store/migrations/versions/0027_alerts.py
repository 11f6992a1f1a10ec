"""Alerts, their history, and the messages that tell of them."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "alert",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since_ns", sa.BigInteger(), nullable=False),
        sa.Column("clear_ns", sa.BigInteger(), nullable=True),
        sa.Column("told_ns", sa.BigInteger(), nullable=True),
        sa.Column("muted_until_ns", sa.BigInteger(), nullable=True),
        sa.Column("due_ns", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("last", sa.JSON(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("project_id", "name", name="alert_identity"),
    )
    op.create_index("alerts_by_time", "alert", ["is_paused", "due_ns"])
    op.create_table(
        "alert_event",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("alert_row_id", _ROW_ID, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("is_muted", sa.Boolean(), nullable=False),
        sa.Column("is_reminder", sa.Boolean(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("measurement", sa.JSON(), nullable=False),
        sa.UniqueConstraint("event_id", name=op.f("uq_alert_event_event_id")),
    )
    op.create_index("alert_events_by_time", "alert_event", ["alert_row_id", "at_ns", "id"])
    op.create_table(
        "alert_delivery",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("alert_row_id", _ROW_ID, nullable=False),
        sa.Column("event_row_id", _ROW_ID, nullable=False),
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("channel", sa.JSON(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_ns", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("sent_ns", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_alert_delivery_delivery_id")),
    )
    op.create_index("alert_deliveries_by_time", "alert_delivery", ["state", "due_ns"])
    op.create_index("alert_deliveries_of_event", "alert_delivery", ["event_row_id"])
    op.create_index("alert_deliveries_of_alert", "alert_delivery", ["alert_row_id", "state"])


def downgrade() -> None:
    """Take it back."""
    op.drop_table("alert_delivery")
    op.drop_table("alert_event")
    op.drop_table("alert")
