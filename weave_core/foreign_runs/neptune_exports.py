"""What neptune-exporter wrote of Neptune's runs: Parquet files of attributes, in parts for a run.

A row is an attribute, or a point of a series.  Steps may have fractions there; they are taken as
thousandths where any of a file does.

Source: neptune-exporter's README, "Parquet schema".
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from weave_core.errors import ConfigError, MissingExtra
from weave_core.foreign_runs.records import ForeignRun, checked_id, ns_of

__all__ = ["find", "read"]

_NEEDED = {"run_id", "attribute_path", "attribute_type", "step", "timestamp", "float_value"}
_FRACTIONS = 1000
_PLAIN = {
    "float": "float_value",
    "int": "int_value",
    "string": "string_value",
    "bool": "bool_value",
    "datetime": "datetime_value",
    "string_set": "string_set_value",
}


def find(path: Path) -> list[Path]:
    """The folders with Parquet files at or below `path`, or the file itself."""
    if path.is_file():
        return [path] if path.suffix == ".parquet" else []
    return sorted({file.parent for file in path.rglob("*.parquet")})


def read(source: Path, _root: Path) -> Iterator[ForeignRun]:
    """The runs of a folder of parts, or of one file.

    Raises:
        ConfigError: If a file is none of the exporter's.
        MissingExtra: If pyarrow is not installed.
    """
    try:
        from pyarrow import ArrowInvalid, parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtra(
            "reading Parquet files needs pyarrow", 'pip install "weave-core[data]"'
        ) from error
    runs: dict[str, ForeignRun] = {}
    for file in [source] if source.is_file() else sorted(source.glob("*.parquet")):
        try:
            table = parquet.ParquetFile(file)
        except ArrowInvalid as error:
            raise ConfigError(f"{str(file)!r} is no Parquet file: {error}", "") from error
        if not set(table.schema_arrow.names) >= _NEEDED:
            raise ConfigError(
                f"{str(file)!r} has not the columns of neptune-exporter",
                f"it has {', '.join(table.schema_arrow.names[:10])}",
            )
        for batch in table.iter_batches():
            for row in batch.to_pylist():
                _take(runs, source, row)
    yield from runs.values()


def _take(runs: dict[str, ForeignRun], source: Path, row: dict[str, Any]) -> None:
    run_id = str(row["run_id"])
    if run_id not in runs:
        runs[run_id] = ForeignRun(
            "neptune", str(source), checked_id(run_id), name=run_id, state="finished"
        )
    run, key, kind = runs[run_id], str(row["attribute_path"]), row["attribute_type"]
    if kind == "float_series":
        time_ns = _ns(row["timestamp"])
        step = row["step"] or 0
        if step != int(step):
            run.problems.setdefault(key, "steps with fractions are told as thousandths")
            step *= _FRACTIONS
        run.add({key: row["float_value"]}, int(step), time_ns)
    elif kind in _PLAIN:
        _take_attribute(run, key, row.get(_PLAIN[kind]))
    else:
        run.problems.setdefault(key, f"a {kind} of Neptune's is left out")


def _take_attribute(run: ForeignRun, key: str, value: Any) -> None:
    if key == "sys/name" and value:
        run.name = str(value)
    elif key == "sys/tags":
        run.tags = [str(tag) for tag in value or ()]
    elif key == "sys/description":
        run.notes = value or None
    elif key == "sys/creation_time":
        run.started_ns = _ns(value)
    elif key == "sys/modification_time":
        run.ended_ns = _ns(value)
    elif key == "sys/failed":
        run.state = "failed" if value else run.state
    elif key == "sys/group_tags" and value:
        run.group = str(min(value))
    elif not key.startswith("sys/"):
        run.config[key] = value.isoformat() if isinstance(value, datetime) else value


def _ns(value: Any) -> int:
    if not isinstance(value, datetime):
        return 0
    return ns_of((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
