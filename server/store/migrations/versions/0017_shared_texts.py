"""SQLite's rows of spans hold a code in place of a text that many of them share."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_NAMES = ("name", "display_name")
_OTHERS = (
    *("error_type", "service_name", "environment", "op_name", "op_version", "provider"),
    *("model", "request_model", "cost_source", "agent_name"),
)
_COLUMNS = (*_NAMES, *_OTHERS)
_MOST_NAMES, _MOST_OTHERS = 4_000, 10_000
_MIN_CHARS, _MAX_CHARS = 2, 200
_BYTE = 256
_BY_MODEL = "newest_spans_by_model"


def upgrade() -> None:
    """Apply this step."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute(
        "CREATE TABLE shared_text (code BLOB NOT NULL PRIMARY KEY, is_name BOOLEAN NOT NULL,"
        " text VARCHAR NOT NULL, UNIQUE (text, is_name)) WITHOUT ROWID"
    )
    known = _known()
    if known:
        op.get_bind().exec_driver_sql(
            "INSERT INTO shared_text (code, is_name, text) VALUES (?, ?, ?)", known
        )
        _rewrite("SELECT code FROM shared_text WHERE text = span.{name} AND is_name = {is_name:d}")


def downgrade() -> None:
    """Take it back."""
    if op.get_bind().dialect.name == "sqlite":
        _rewrite("SELECT text FROM shared_text WHERE code = span.{name}")
        op.drop_table("shared_text")


def _known() -> list[tuple[bytes, bool, str]]:
    """The texts of the rows that are there; what has none of its own afterwards never gets one."""
    codes: dict[tuple[bool, str], bytes] = {}
    room = {True: _MOST_NAMES, False: _MOST_OTHERS}
    query = f"SELECT DISTINCT {', '.join(_COLUMNS)} FROM span"  # noqa: S608  # Our own columns.
    for row in op.get_bind().exec_driver_sql(query):
        for name, text in zip(_COLUMNS, row, strict=True):
            key = (name in _NAMES, text)
            if text is None or key in codes or not _MIN_CHARS <= len(text) <= _MAX_CHARS:
                continue
            if room[key[0]]:
                room[key[0]] -= 1
                number = len(codes)
                codes[key] = number.to_bytes(1 if number < _BYTE else 2, "big")
        if not any(room.values()):
            break
    return [(code, is_name, text) for (is_name, text), code in codes.items()]


def _rewrite(source: str) -> None:
    """Give the columns of all rows what `source` finds for them."""
    sets = ", ".join(
        f"{name} = COALESCE(({source.format(name=name, is_name=name in _NAMES)}), {name})"
        for name in _COLUMNS
    )
    op.drop_index(_BY_MODEL, "span")
    op.execute(f"UPDATE span SET {sets}")  # noqa: S608  # As above.
    columns = ["project_id", "request_model", "start_ns"]
    where = sa.text("request_model IS NOT NULL")
    op.create_index(_BY_MODEL, "span", columns, sqlite_where=where)
