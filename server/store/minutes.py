"""Sums over minutes, hours and days, by what spans are most often grouped by.

Off the acknowledging path: a cursor walks over the spans in the order they arrived and adds each to
its group, in the transaction that moves the cursor, so a crash leaves both or neither.  A span that
was counted and then changes or goes is subtracted as it was and added as it is, in the transaction
that changes it; everything kept is a whole number, so nothing drifts.  Who asks adds the spans
behind the cursor to these sums.
"""

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection

from weave_core.server.normalise import COUNTED_KINDS
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.pacing import StepSize
from weave_core.server.store.sketches import Sketch, bucket_of, pack_sketch, unpack_sketch
from weave_core.server.store.sums import TOKEN_COLUMNS
from weave_core.server.store.text_codes import texts_of

__all__ = ["CURSOR", "DIMENSIONS", "MEASURED", "PICO", "WIDTHS_S", "MinuteRollups", "Sums"]

CURSOR = "minutes"
_VERSION = 1
WIDTHS_S = (60, 3_600, 86_400)
"""Each a multiple of the one before."""
DIMENSIONS = (
    *("kind", "status", "request_model", "model", "op_name", "provider"),
    *("service_name", "environment", "agent_name"),
)
"""Columns of `span` that sums are kept by."""
MEASURED = ("start_ns", "duration_ns", "cost_usd", *TOKEN_COLUMNS, *DIMENSIONS)
"""Columns of `span` that sums are made of, as `Sums.add` and `group_values` read them."""
MAX_GROUPS = 5_000
"""Of a project.  The spans of all further ones go to a rest that only says that it is there."""

_SPANS_A_STEP = 5_000
_NS_PER_S = 1_000_000_000
PICO = 1_000_000_000_000
"""Cost is kept in this part of a US dollar: a whole number, so that it subtracts exactly."""
_MAX_SUM = 2**63 - 1
_KINDS_AT = MEASURED.index("kind")
_STATUS_AT = MEASURED.index("status")
_DIMENSIONS_AT = len(MEASURED) - len(DIMENSIONS)
_REST = b"rest"

_COLUMNS = ", ".join(("id", "project_id", "is_duplicate", *MEASURED))
_BEHIND = f"SELECT {_COLUMNS} FROM span WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608  # Names of our own columns.
_BY_ID = f"SELECT {_COLUMNS} FROM span WHERE id = ?"  # noqa: S608  # As above.
_KEY = ("project_id", "width_s", "start_s", "group_id")
_VALUES = ("count", "error_count", "sums", "sketch")
_FIND = """
SELECT count, error_count, sums, sketch FROM rollup
WHERE project_id = ? AND width_s = ? AND start_s = ? AND group_id = ?
"""
_DELETE = "DELETE FROM rollup WHERE project_id = ? AND width_s = ? AND start_s = ? AND group_id = ?"


@dataclass(slots=True)
class Sums:
    """What is known of some spans together."""

    count: int = 0
    error_count: int = 0
    numbers: list[int] = field(default_factory=lambda: [0] * 16)
    """How many and how much, in turn: durations, cost in 1e-12 USD, each kind of tokens."""
    sketch: Sketch = field(default_factory=dict)

    def add(self, measured: Sequence[Any], sign: int = 1) -> None:
        """Add a span, given by its `MEASURED` columns; -1 takes it out."""
        self.count += sign
        if measured[_STATUS_AT] == "error":
            self.error_count += sign
        duration_ns = measured[1]
        numbers = self.numbers
        if duration_ns is not None:
            numbers[0] += sign
            numbers[1] += sign * duration_ns
            bucket = bucket_of(duration_ns)
            self.sketch[bucket] = self.sketch.get(bucket, 0) + sign
        if measured[_KINDS_AT] not in COUNTED_KINDS:
            return
        cost_usd = measured[2]
        if cost_usd is not None:
            numbers[2] += sign
            numbers[3] += sign * round(cost_usd * PICO)
        for index in range(3, 9):
            tokens = measured[index]
            if tokens is not None:
                numbers[2 * index - 2] += sign
                numbers[2 * index - 1] += sign * tokens

    def merge(self, other: "Sums") -> None:
        """Add all that `other` holds."""
        self.count += other.count
        self.error_count += other.error_count
        self.numbers = [one + two for one, two in zip(self.numbers, other.numbers, strict=True)]
        sketch = self.sketch
        for bucket, count in other.sketch.items():
            sketch[bucket] = sketch.get(bucket, 0) + count

    def row(self) -> tuple[int, int, str, bytes]:
        """The columns of `rollup` behind its key."""
        # A sender's numbers may be absurd; beyond 64 bits JSON would refuse them for good.
        kept = [max(-_MAX_SUM, min(number, _MAX_SUM)) for number in self.numbers]
        return self.count, self.error_count, orjson.dumps(kept).decode(), pack_sketch(self.sketch)

    @classmethod
    def of_row(cls, count: int, error_count: int, numbers: Any, sketch: bytes) -> "Sums":
        """What `row` made."""
        read = orjson.loads(numbers) if isinstance(numbers, str) else list(numbers)
        return cls(count, error_count, read, unpack_sketch(bytes(sketch)))


_Cells = dict[tuple[int, int, tuple[Any, ...]], Sums]
"""By project, minute and group values, as rows hold them."""


class MinuteRollups:
    """Keeps the sums; used by one thread at a time, `flush` before each commit."""

    def __init__(self, dialect: Dialect) -> None:
        self._behind = dialect.sql(_BEHIND)
        self._by_id = dialect.sql(_BY_ID)
        self._find = dialect.sql(_FIND)
        self._delete = dialect.sql(_DELETE)
        self._upsert = dialect.upsert("rollup", (*_KEY, *_VALUES), _KEY)
        self._save = dialect.upsert("background_cursor", ("name", "position", "version"), ("name",))
        self._position = dialect.sql(
            "SELECT position FROM background_cursor WHERE name = ? AND version = ?"
        )
        self._insert_group = dialect.insert(
            "rollup_group",
            ("project_id", "digest", *DIMENSIONS, "is_rest"),
            on_conflict="ON CONFLICT DO NOTHING",
        )
        self._find_group = dialect.sql(
            "SELECT id FROM rollup_group WHERE project_id = ? AND digest = ?"
        )
        self._count_groups = dialect.sql("SELECT COUNT(*) FROM rollup_group WHERE project_id = ?")
        self._size = StepSize(1_000, least=500, most=_SPANS_A_STEP)
        self._cursor: int | None = None
        self._cells: _Cells = {}
        self._groups: dict[tuple[int, tuple[Any, ...]], int] = {}

    def forget(self) -> None:
        """Drop what is remembered, after a transaction that was rolled back."""
        self._cursor = None
        self._cells = {}
        self._groups.clear()

    def step(self, connection: Connection, turn_s: float) -> bool:
        """Add some spans behind the cursor, in the caller's transaction; whether more wait."""
        began = time.perf_counter()
        limit = self._size.of(turn_s)
        cursor = self._read_cursor(connection)
        rows = connection.exec_driver_sql(self._behind, (cursor, limit)).all()
        if not rows:
            return False
        self._collect(rows, 1)
        self.flush(connection)
        self._cursor = rows[-1][0]
        connection.exec_driver_sql(self._save, (CURSOR, self._cursor, _VERSION))
        self._size.learn(len(rows), time.perf_counter() - began)
        return len(rows) == limit

    def subtract(self, connection: Connection, row_ids: Iterable[int]) -> None:
        """Take out spans as they are stored now, before they are changed or deleted."""
        self._collect(self._counted(connection, row_ids), -1)

    def add(self, connection: Connection, row_ids: Iterable[int]) -> None:
        """Put in spans that were subtracted, as they are stored now."""
        self._collect(self._counted(connection, row_ids), 1)

    def flush(self, connection: Connection) -> None:
        """Write what was collected."""
        cells, self._cells = self._cells, {}
        changed: dict[tuple[int, int, int, int], Sums] = {}
        for (project_id, minute, values), sums in cells.items():
            group_id = self._group_id(connection, project_id, values)
            start_s = minute * WIDTHS_S[0]
            for width_s in WIDTHS_S:
                key = (project_id, width_s, start_s - start_s % width_s, group_id)
                found = changed.get(key)
                if found is None:
                    found = changed[key] = self._stored(connection, key)
                found.merge(sums)
        kept = [(*key, *sums.row()) for key, sums in changed.items() if sums.count > 0]
        gone = [key for key, sums in changed.items() if sums.count <= 0]
        if kept:
            connection.exec_driver_sql(self._upsert, kept)
        if gone:
            connection.exec_driver_sql(self._delete, gone)

    def _read_cursor(self, connection: Connection) -> int:
        if self._cursor is None:
            found = connection.exec_driver_sql(self._position, (CURSOR, _VERSION)).scalar()
            if found is None:  # The first time, or the rules have changed.
                connection.exec_driver_sql("DELETE FROM rollup")
                connection.exec_driver_sql("DELETE FROM rollup_group")
                connection.exec_driver_sql(self._save, (CURSOR, 0, _VERSION))
            self._cursor = int(found or 0)
        return self._cursor

    def _counted(self, connection: Connection, row_ids: Iterable[int]) -> list[Any]:
        cursor = self._read_cursor(connection)
        return [
            row
            for row_id in row_ids
            if row_id <= cursor
            for row in connection.exec_driver_sql(self._by_id, (row_id,))
        ]

    def _collect(self, rows: Iterable[Any], sign: int) -> None:
        cells = self._cells
        minute_ns = WIDTHS_S[0] * _NS_PER_S
        for row in rows:
            if row[2]:  # A duplicate counts nowhere.
                continue
            measured = row[3:]
            key = (row[1], measured[0] // minute_ns, measured[_DIMENSIONS_AT:])
            sums = cells.get(key)
            if sums is None:
                sums = cells[key] = Sums()
            sums.add(measured, sign)

    def _stored(self, connection: Connection, key: tuple[int, int, int, int]) -> Sums:
        row = connection.exec_driver_sql(self._find, key).first()
        return Sums() if row is None else Sums.of_row(*row)

    def _group_id(self, connection: Connection, project_id: int, values: tuple[Any, ...]) -> int:
        found = self._groups.get((project_id, values))
        if found is None:
            texts = texts_of(connection, values)
            digest = _digest(texts)
            found = connection.exec_driver_sql(self._find_group, (project_id, digest)).scalar()
            if found is None:
                found = self._new_group(connection, project_id, digest, texts)
            if len(self._groups) >= 2 * MAX_GROUPS:
                self._groups.clear()
            self._groups[project_id, values] = found
        return int(found)

    def _new_group(
        self, connection: Connection, project_id: int, digest: bytes, values: tuple[Any, ...]
    ) -> int:
        count = connection.exec_driver_sql(self._count_groups, (project_id,)).scalar_one()
        is_rest = count >= MAX_GROUPS
        if is_rest:
            digest, values = _REST, (None,) * len(DIMENSIONS)
        row = (project_id, digest, *values, is_rest)
        connection.exec_driver_sql(self._insert_group, row)
        return int(connection.exec_driver_sql(self._find_group, (project_id, digest)).scalar_one())


@lru_cache(maxsize=MAX_GROUPS)
def _digest(values: tuple[Any, ...]) -> bytes:
    return hashlib.sha256(orjson.dumps(values)).digest()[:16]
