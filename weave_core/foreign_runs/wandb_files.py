"""Offline runs of W&B: `run-ID.wandb`, a log of records in protocol buffers.

Media are files in the folder `files` beside the log.

Records lie in blocks of 32 KiB as in LevelDB's log, behind a head of seven bytes.  A run that is
still going on, or was killed, ends anywhere; what is whole is read.

Source: LevelDB's log_format.md; field numbers of `wandb_internal.proto`, as wandb 0.31 writes them.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from weave_core.errors import ConfigError
from weave_core.flat_keys import flattened
from weave_core.foreign_runs.records import (
    ForeignMedium,
    ForeignRun,
    checked_id,
    ns_of,
    numbers_in,
)
from weave_core.foreign_runs.wandb_charts import TABLE_ENDING, charts_told
from weave_core.foreign_runs.wandb_facts import environment_of, left_out
from weave_core.foreign_runs.wandb_media import files_in, is_series, media_in, nested
from weave_core.foreign_runs.wandb_metrics import definition_of_options
from weave_core.foreign_runs.wandb_summaries import summary_values
from weave_core.foreign_runs.wire import Fields, fields_of, signed, text
from weave_core.points import SYSTEM_PREFIX

__all__ = ["find", "read"]

_HEAD = struct.Struct("<4sHB")
_PART = struct.Struct("<IHB")
_BLOCK_BYTES = 32 * 1024
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_HISTORY, _SUMMARY, _CONFIG, _STATS, _METRIC, _PRINTED, _RUN, _EXIT = 2, 3, 5, 7, 12, 13, 17, 18
_ARTIFACT, _ENVIRONMENT = 8, 26
_STDOUT = 1
_MEDIA = frozenset({"media"})
"""The folder of what is taken by its records."""


def find(path: Path) -> list[Path]:
    """The files of runs at or below `path`."""
    if path.is_file():
        return [path] if path.suffix == ".wandb" else []
    return sorted(path.rglob("*.wandb"))


def read(path: Path, _root: Path) -> Iterator[ForeignRun]:
    """The run of a file.

    Raises:
        ConfigError: If it is none of W&B's.
    """
    run = ForeignRun("wandb", str(path), checked_id(path.stem.removeprefix("run-")))
    # Offline, W&B writes another file for each program that goes on with a run.
    others = sorted(path.parent.parent.glob(f"offline-run-*/{path.name}"))
    run.part = path.parent.name if path in others[1:] else ""
    body = path.read_bytes()
    if len(body) < _HEAD.size or _HEAD.unpack_from(body)[:2] != (b":W&B", 0xBEE1):
        raise ConfigError(f"{str(path)!r} is no run of W&B: its first bytes are others", "")
    count = 0
    try:
        for record in _records(body):
            _take(run, fields_of(record))
            count += 1
    except ValueError as error:
        run.problems["*"] = f"{path.name}: behind record {count}: {error}; the rest is missing"
    run.keep_folder(path.parent / "files", but=_MEDIA)
    _draw(run)
    yield run


def _records(body: bytes) -> Iterator[bytes]:
    place, parts = _HEAD.size, b""
    while place + _PART.size <= len(body):
        left = _BLOCK_BYTES - place % _BLOCK_BYTES
        if left < _PART.size:
            place += left
            continue
        checksum, size, kind = _PART.unpack_from(body, place)
        if kind == 0 and size == 0:
            return  # Room that was made and not written to.
        begin = place + _PART.size
        data = body[begin : begin + size]
        if len(data) < size:
            raise ValueError(f"the record at byte {place} is cut off")
        if zlib.crc32(data, zlib.crc32(bytes([kind]))) != checksum:
            raise ValueError(f"the record at byte {place} has another checksum")
        place = begin + size
        parts = data if kind in (_WHOLE, _FIRST) else parts + data
        if kind in (_WHOLE, _LAST):
            yield parts
    if place < len(body):
        raise ValueError(f"the record at byte {place} is cut off")


def _take(run: ForeignRun, record: Fields) -> None:
    for number, take in _TAKERS.items():
        for body in record.get(number, ()):
            if isinstance(body, bytes):
                take(run, fields_of(body))


def _take_run(run: ForeignRun, told: Fields) -> None:
    run.run_id = checked_id(text(told, 1) or run.run_id)
    run.name = text(told, 8) or run.name
    run.group = text(told, 6) or run.group or text(told, 12) or None  # Or its sweep.
    run.job_type = text(told, 7) or run.job_type
    run.notes = text(told, 9) or run.notes
    run.host = text(told, 13) or run.host
    run.tags = [
        tag.decode("utf-8", "replace") for tag in told.get(10, ()) if isinstance(tag, bytes)
    ]
    for config in told.get(4, ()):
        if isinstance(config, bytes):
            _take_config(run, fields_of(config))
    for stamp in told.get(17, ()):
        if isinstance(stamp, bytes):
            run.started_ns = _timestamp(fields_of(stamp))


def _timestamp(told: Fields) -> int:
    return signed(told, 1) * 1_000_000_000 + signed(told, 2)


def _take_config(run: ForeignRun, told: Fields) -> None:
    items = list(_items(told.get(1, ())))
    nested([(keys, value) for keys, value in items if keys[0] != "_wandb"], run.config)
    run.charts |= charts_told(
        {".".join(keys[2:]): value for keys, value in items if keys[:2] == ["_wandb", "visualize"]}
    )


def _draw(run: ForeignRun) -> None:
    """Let tables of charts be those charts, under the keys that they were logged under."""
    for place, (key, step, time_ns, items) in enumerate(run.media):
        chart = run.charts.get(key.removesuffix(TABLE_ENDING))
        if chart is None or not key.endswith(TABLE_ENDING):
            continue
        drawn = [replace(each, options={**each.options, "chart": chart}) for each in items]
        run.media[place] = (key.removesuffix(TABLE_ENDING), step, time_ns, drawn)


def _items(items: list[int | bytes] | tuple[()]) -> Iterator[tuple[list[str], Any]]:
    """Keys from the outside in, and the value, of `ConfigItem`s and their like."""
    for body in items:
        if not isinstance(body, bytes):
            continue
        told = fields_of(body)
        nested = [
            key.decode("utf-8", "replace") for key in told.get(2, ()) if isinstance(key, bytes)
        ]
        keys = nested or [text(told, 1)]
        given = text(told, 16)
        if given:
            yield keys, json.loads(given)


def _take_history(run: ForeignRun, told: Fields) -> None:
    values = nested(_items(told.get(1, ())))
    step = values.get("_step")
    if told.get(2) and isinstance(told[2][-1], bytes):
        step = signed(fields_of(told[2][-1]), 1)
    number, time_ns = int(step or 0), ns_of(float(values.get("_timestamp", 0)))
    kept = {key: value for key, value in values.items() if not key.startswith("_")}
    find = files_in(Path(run.path).parent / "files")
    for key, items in media_in(kept, find, run.problems.setdefault):
        run.show(key, number, time_ns, items)
    found: dict[str, Any] = {}
    for key, value in flattened(kept):
        if is_series(value):  # As a short array was logged; a long one is a histogram there, too.
            run.show(key, number, time_ns, [ForeignMedium("histogram", value)])
        else:
            found[key] = value
    run.add(found, number, time_ns)


def _take_printed(run: ForeignRun, told: Fields) -> None:
    """What the program has printed; it is told as it was written, lines are made later."""
    stamps = told.get(2, ())
    if stamps and isinstance(stamps[-1], bytes):
        stream = 0 if signed(told, 1) == _STDOUT else 1
        run.console.append((stream, _timestamp(fields_of(stamps[-1])), text(told, 3)))


def _take_summary(run: ForeignRun, told: Fields) -> None:
    run.summary |= summary_values(nested(_items(told.get(1, ()))))


def _take_stats(run: ForeignRun, told: Fields) -> None:
    """What W&B measured of the machine; its steps are milliseconds, as those of ours."""
    stamps = told.get(2, ())
    if not stamps or not isinstance(stamps[-1], bytes):
        return
    time_ns = _timestamp(fields_of(stamps[-1]))
    values = {f"{SYSTEM_PREFIX}{'.'.join(keys)}": value for keys, value in _items(told.get(3, ()))}
    numbers = numbers_in(values, {})
    if numbers:
        run.rows.append((tuple(numbers), time_ns // 1_000_000, time_ns, tuple(numbers.values())))


def _take_metric(run: ForeignRun, told: Fields) -> None:
    key = text(told, 1) or text(told, 2)
    bodies = [fields_of(body) for body in told.get(7, ()) if isinstance(body, bytes)]
    summaries = [number for body in bodies for number in body if signed(body, number)]
    definition = definition_of_options(text(told, 4), summaries, signed(told, 8))
    if key and not key.startswith("_"):
        run.metrics[key] = definition


def _take_exit(run: ForeignRun, told: Fields) -> None:
    code = signed(told, 1)
    run.state = "finished" if code == 0 else "failed"
    if run.started_ns is not None and signed(told, 2):
        logged = max((row[2] for row in run.rows), default=0)
        run.ended_ns = max(run.started_ns + signed(told, 2) * 1_000_000_000, logged)


def _take_artifact(run: ForeignRun, told: Fields) -> None:
    if problem := left_out(told):
        run.problems.setdefault(*problem)


def _take_environment(run: ForeignRun, told: Fields) -> None:
    run.environment |= environment_of(told)


_TAKERS = {
    _RUN: _take_run,
    _CONFIG: _take_config,
    _HISTORY: _take_history,
    _SUMMARY: _take_summary,
    _STATS: _take_stats,
    _METRIC: _take_metric,
    _PRINTED: _take_printed,
    _EXIT: _take_exit,
    _ARTIFACT: _take_artifact,
    _ENVIRONMENT: _take_environment,
}
