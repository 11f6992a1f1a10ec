"""Runs out of their spans, in the transaction that stores the spans.

A run is what its writers' spans say of it, in whatever order they come: that one has begun or
ended, and the steps that were logged between.  Points only go to `run_tail` here, as they came;
`run_packing` makes chunks of them later.
"""

import logging
import re
import time
from collections.abc import Iterable
from itertools import islice, pairwise
from operator import itemgetter
from typing import Any

import orjson
from pydantic import ValidationError
from sqlalchemy import Connection

from weave_core.flat_keys import flattened
from weave_core.model import RUN_ID_PATTERN, RunRecord
from weave_core.server.store.batches import Batch
from weave_core.server.store.code_objects import CodePublisher
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.identities import Identities
from weave_core.server.store.point_batches import Contents, contents_of
from weave_core.server.store.rows import cleaned_value, json_text
from weave_core.server.store.run_consoles import ConsoleInserter
from weave_core.server.store.run_files import FileInserter
from weave_core.server.store.run_media import MediaInserter
from weave_core.server.store.run_packing import summarize_anew
from weave_core.server.store.run_words import RunWord

__all__ = ["MAX_CONFIG_KEYS", "MAX_ENVIRONMENT_BYTES", "MAX_PROBLEMS", "RunInserter"]

_log = logging.getLogger(__name__)

MAX_PROBLEMS = 100
"""Keys of a run of which is kept why something of them was left out."""
MAX_CONFIG_KEYS = 1_000
"""Keys of a run's config, nested ones counted, that filters can look at; all of it is kept."""
MAX_ENVIRONMENT_BYTES = 512 * 1024
"""What a writer may say of what it runs with; more of it is not kept."""
_SHARED = (
    "two programs wrote as one rank side by side: of two values at one step the later one stays;"
    " give each a rank of its own"
)
_MAX_TEXT = 4_000
_MAX_NAME = 200
_RUN_ID = re.compile(RUN_ID_PATTERN)
_WRITER_ID = re.compile(r"[!-~]{1,64}$")

_TOLD = (
    *("name", "group_name", "job_type", "state", "started_ns", "ended_ns", "error", "tags"),
    *(
        "notes",
        "config",
        "config_flat",
        "summary",
        "metrics",
        "problems",
        "parent_run_id",
        "parent_step",
    ),
)
_JSON = ("tags", "config", "config_flat", "summary", "metrics", "problems")
_NEW = ("project_id", "run_id", "heartbeat_ns", "seen_ns", "stop_requested", "trace_id", *_TOLD)
_WRITER = ("rank", "state", "started_ns", "ended_ns", "heartbeat_ns", "told_ns")
_WRITER_TOLD = ("error", "host", "pid")
_TAIL = ("run_row_id", "span_id", "rank", "points", "received_ns", "rewind_to", "body")

_FIND = "SELECT id FROM run WHERE project_id = ? AND run_id = ?"
_READ = f"SELECT {', '.join(_TOLD)} FROM run WHERE id = ?"  # noqa: S608  # Names of our own table.
_WRITERS = """
SELECT writer_id, rank, state, started_ns, ended_ns, error, told_ns FROM run_writer
WHERE run_row_id = ?
"""
_ENVIRONMENT = "UPDATE run_writer SET environment = ? WHERE run_row_id = ? AND writer_id = ?"
_SEEN = """
UPDATE run SET seen_ns = ?,
heartbeat_ns = CASE WHEN heartbeat_ns < ? THEN ? ELSE heartbeat_ns END,
last_step = CASE WHEN last_step IS NULL OR last_step < ? THEN ? ELSE last_step END
WHERE id = ?
"""
_BEAT = """
UPDATE run_writer SET heartbeat_ns = ? WHERE run_row_id = ? AND writer_id = ? AND heartbeat_ns < ?
"""


class RunInserter:
    """Writes rows of runs; used by the writer's thread."""

    def __init__(self, dialect: Dialect, identities: Identities) -> None:
        self._dialect = dialect
        self._identities = identities
        self._insert = dialect.insert("run", _NEW)
        self._update = dialect.update("run", _TOLD, "id")
        self._upsert_writer = dialect.upsert(
            "run_writer",
            ("run_row_id", "writer_id", *_WRITER, *_WRITER_TOLD),
            ("run_row_id", "writer_id"),
        )
        self._consoles = ConsoleInserter(dialect)
        self._media = MediaInserter(dialect)
        self._files = FileInserter(dialect)
        self._codes = CodePublisher(dialect, identities)
        self._insert_tail = dialect.insert("run_tail", _TAIL, on_conflict="ON CONFLICT DO NOTHING")

    def write(self, connection: Connection, batches: Iterable[Batch]) -> bool:
        """Store what spans say of runs; whether points wait to be packed."""
        has_points = False
        for batch in batches:
            for word in batch.run_words:
                if not _is_sound(word):
                    _log.warning("a span tells of the run %r, which is no id", word.run_id[:200])
                    continue
                has_points = self._take(connection, batch.project, word) or has_points
        return has_points

    def _take(self, connection: Connection, project: str, word: RunWord) -> bool:
        now_ns = time.time_ns()
        row_id = self._row_id(connection, project, word, now_ns)
        record = _read_record(word)
        rewind_to = None
        if record is not None:
            rewind_to = self._told(connection, project, row_id, word, record)
        contents = _read_points(word)
        last_step = None if contents is None else contents.last_step
        if rewind_to is not None:
            self._media.rewind(connection, row_id, rewind_to)
        media_step = self._media.write(connection, row_id, word)
        if media_step is not None:
            last_step = media_step if last_step is None else max(last_step, media_step)
        beat_ns = max(word.start_ns, word.end_ns)
        self._run(connection, _SEEN, (now_ns, beat_ns, beat_ns, last_step, last_step, row_id))
        self._consoles.write(connection, row_id, word)
        self._files.write(connection, row_id, word, project=project)
        if record is None:
            self._run(connection, _BEAT, (beat_ns, row_id, word.writer_id, beat_ns))
        if rewind_to is None and (contents is None or not contents.points):
            return False
        points, body = (0, b"") if contents is None else (contents.points, word.points)
        row = (row_id, word.span_id, word.rank, points, now_ns, rewind_to, body)
        connection.exec_driver_sql(self._insert_tail, row)
        return True

    def _row_id(self, connection: Connection, project: str, word: RunWord, now_ns: int) -> int:
        """The row of a run; made where nothing of it has come yet."""
        key = (self._identities.project_id(connection, project), word.run_id)
        found = self._run(connection, _FIND, key).scalar()
        if found is None:
            empty: dict[str, Any] = dict.fromkeys(_TOLD)
            empty |= {"name": word.run_id, "state": "running", "started_ns": word.start_ns}
            empty |= {name: "[]" if name == "tags" else "{}" for name in _JSON}
            beat_ns = max(word.start_ns, word.end_ns)
            told = (beat_ns, now_ns, False, word.trace_id)
            connection.exec_driver_sql(
                self._insert, (*key, *told, *(empty[name] for name in _TOLD))
            )
            found = self._run(connection, _FIND, key).scalar_one()
        return int(found)

    def _told(
        self, connection: Connection, project: str, row_id: int, word: RunWord, record: RunRecord
    ) -> int | None:
        """Write what a writer says of the run; gives the step it goes back to, the first time."""
        writers = {row[0]: row for row in self._run(connection, _WRITERS, (row_id,))}
        known = writers.get(word.writer_id)
        is_news = known is None or known[6] <= record.told_ns
        if record.state is not None and is_news:
            started_ns = record.started_ns or word.start_ns
            beat_ns = max(word.start_ns, word.end_ns)
            told = (word.rank, record.state, started_ns, record.ended_ns, beat_ns, record.told_ns)
            error = None if record.error is None else record.error[:_MAX_TEXT]
            said = (cleaned_value(error), cleaned_value(record.host), record.pid)
            row = (row_id, word.writer_id, *told, *said)
            connection.exec_driver_sql(self._upsert_writer, row)
            writers[word.writer_id] = (word.writer_id, *told[:4], error, record.told_ns)
        if record.environment is not None:
            known_code = self._codes.published(connection, project, record.environment)
            environment = orjson.dumps(known_code).decode()
            if len(environment) <= MAX_ENVIRONMENT_BYTES:
                self._run(connection, _ENVIRONMENT, (environment, row_id, word.writer_id))
        if is_news:
            stored = dict(self._run(connection, _READ, (row_id,)).one()._mapping)  # noqa: SLF001  # SQLAlchemy's public name.
            others = [each for each in writers.values() if each[0] != word.writer_id]
            changed = _with_record(stored, record) | _outcome(list(writers.values()))
            if record.config is not None:
                is_again = known is None and any(each[1] == word.rank for each in others)
                is_first = all(each[1] >= word.rank for each in others)
                changed |= _with_config(changed, record, is_first=is_first, is_again=is_again)
            if record.state is not None and _overlap(writers.values(), word.rank):
                changed["problems"] = {**changed["problems"], f"(rank {word.rank})": _SHARED}
            if record.metrics is not None:
                summarize_anew(connection, self._dialect, row_id, changed["metrics"])
            values = tuple(
                json_text(changed[name]) if name in _JSON else cleaned_value(changed[name])
                for name in _TOLD
            )
            connection.exec_driver_sql(self._update, (*values, row_id))
        return record.rewind_to if known is None else None

    def _run(self, connection: Connection, text: str, values: tuple[Any, ...]) -> Any:
        return connection.exec_driver_sql(self._dialect.sql(text), values)


def _is_sound(word: RunWord) -> bool:
    return _RUN_ID.match(word.run_id) is not None and _WRITER_ID.match(word.writer_id) is not None


def _read_record(word: RunWord) -> RunRecord | None:
    if word.record is None:
        return None
    try:
        return RunRecord.model_validate_json(word.record)
    except ValidationError as error:
        _log.warning("the run %s is told wrongly: %s", word.run_id, error)
        return None


def _read_points(word: RunWord) -> Contents | None:
    if not word.points:
        return None
    try:
        return contents_of(word.points)
    except (ValueError, KeyError, TypeError) as error:
        _log.warning("points of the run %s can't be read: %s", word.run_id, error)
        return None


def _with_record(stored: dict[str, Any], record: RunRecord) -> dict[str, Any]:
    """`stored` with what `record` says; JSON columns are decoded."""
    changed = dict(stored)
    for name in _JSON:
        if isinstance(changed[name], str):
            changed[name] = orjson.loads(changed[name])
    given = record.model_dump(exclude_none=True)
    for name, limit in (("name", _MAX_NAME), ("job_type", _MAX_NAME), ("notes", _MAX_TEXT)):
        if name in given:
            changed[name] = given[name][:limit]
    if record.group is not None:
        changed["group_name"] = record.group[:_MAX_NAME]
    if record.tags is not None:
        changed["tags"] = record.tags
    # A program that goes on with a run need not say again what was said before.
    changed["metrics"] = changed["metrics"] | given.get("metrics", {})
    changed["summary"] = changed["summary"] | (record.summary or {})
    problems = changed["problems"] | (record.problems or {})
    changed["problems"] = dict(list(problems.items())[:MAX_PROBLEMS])
    if record.forked_from is not None:
        changed["parent_run_id"] = record.forked_from.run_id
        changed["parent_step"] = record.forked_from.step
    return changed


def _with_config(
    stored: dict[str, Any], record: RunRecord, *, is_first: bool, is_again: bool
) -> dict[str, Any]:
    """What a writer's config makes of the run's; keys that it does not name stay.

    Args:
        stored: The run, its JSON decoded.
        record: With a config.
        is_first: Whether no other writer has a lower rank, whose values stay.
        is_again: Whether it is the first word of a program that goes on with the run: what was
            another value until then is noted, so that the record is not taken for all of it.
    """
    old, new = stored["config"], record.config or {}
    merged = {**old, **new} if is_first else {**new, **old}
    changed = [key for key, value in old.items() if is_again and merged[key] != value]
    notes = {
        f"config[{key!r}]"[:_MAX_NAME]: f"it was {old[key]!r:.200} until the run was gone on with"
        for key in changed
    }
    return {
        "config": merged,
        "config_flat": dict(islice(flattened(merged), MAX_CONFIG_KEYS)),
        "problems": dict(list((stored["problems"] | notes).items())[:MAX_PROBLEMS]),
    }


def _overlap(writers: Iterable[Any], rank: int) -> bool:
    """Whether two programs wrote as one rank side by side, as far as their ends are known."""
    times = [(each[3], each[4]) for each in writers if each[1] == rank and each[3] is not None]
    times.sort(key=itemgetter(0))
    return any(
        ended_ns is not None and ended_ns > next_ns
        for (_, ended_ns), (next_ns, _) in pairwise(times)
    )


def _outcome(writers: list[Any]) -> dict[str, Any]:
    """State, times and error of the run: the first rank's, unless another one has failed before."""
    if not writers:
        return {}
    latest: dict[int, Any] = {}
    for each in sorted(writers, key=itemgetter(3)):
        latest[each[1]] = each
    first = latest[min(latest)]
    _, rank, state, started_ns, ended_ns, error, _ = first
    failed = [each for each in latest.values() if each[2] == "failed" and each[4] is not None]
    # A rank that has failed before the first one was started again is no part of this any more.
    failed = [each for each in failed if each[4] >= started_ns]
    if failed and state != "running":
        # The others are killed for it, or miss it.
        cause = min(failed, key=itemgetter(4))
        told = "" if cause[1] == rank else f"rank {cause[1]}: "
        state, error = "failed", f"{told}{cause[5] or 'it has failed'}"[:_MAX_TEXT]
    return {
        "state": state,
        "started_ns": min(each[3] for each in writers),
        "ended_ns": ended_ns,
        "error": error,
    }
