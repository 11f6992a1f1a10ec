"""What neptune-exporter wrote of Neptune's runs: Parquet files of attributes, in parts for a run.

A row is an attribute, or a point of a series.  Steps may have fractions there; all of a run are
taken as thousandths where any has one.  Files lie beside the Parquet files, or in a folder `files`
beside their folder, as the exporter puts them.

Source: neptune-exporter's README, "Parquet schema" and "Data layout on disk".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from weave_core.errors import ConfigError, MissingExtra
from weave_core.foreign_runs.records import ForeignMedium, ForeignRun, checked_id, ns_of

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
_KINDS = {
    "image": ("png", "jpg", "jpeg", "gif", "bmp", "webp"),
    "audio": ("wav", "mp3", "ogg", "flac"),
    "video": ("mp4", "webm", "mov"),
    "html": ("html", "htm"),
    "markdown": ("md",),
}
_STREAMS = {"stdout": 0, "stderr": 1}
_FILE_LEVELS = 4
"""Folders above the Parquet files that may have the folder of files."""


@dataclass(slots=True)
class _Reading:
    """A run while its rows are read; steps are known when all are."""

    run: ForeignRun
    points: list[tuple[str, Any, int, float]] = field(default_factory=list)
    media: list[tuple[str, Any, int, ForeignMedium]] = field(default_factory=list)
    texts: dict[str, list[list[Any]]] = field(default_factory=dict)

    def done(self) -> ForeignRun:
        """The run, whole."""
        steps = [each[1] for each in (*self.points, *self.media)]
        factor = _FRACTIONS if any(step != int(step) for step in steps) else 1
        if factor != 1:
            self.run.problems["*"] = "steps have fractions there: they are told as thousandths"
        for key, step, time_ns, value in self.points:
            self.run.add({key: value}, int(step * factor), time_ns)
        for key, step, time_ns, medium in self.media:
            self.run.show(key, int(step * factor), time_ns, [medium])
        for key, rows in self.texts.items():
            options = {"columns": ["step", "time", "text"]}
            at_ns = self.run.times()[1]
            self.run.show(key, 0, at_ns, [ForeignMedium("table", rows, options)])
        return self.run


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
    runs: dict[str, _Reading] = {}
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
    for reading in runs.values():
        yield reading.done()


def _take(runs: dict[str, _Reading], source: Path, row: dict[str, Any]) -> None:
    run_id = str(row["run_id"])
    if run_id not in runs:
        run = ForeignRun("neptune", str(source), checked_id(run_id), name=run_id, state="finished")
        runs[run_id] = _Reading(run)
    reading, key, kind = runs[run_id], str(row["attribute_path"]), row["attribute_type"]
    step, time_ns = row["step"] or 0, _ns(row["timestamp"])
    if kind == "float_series":
        if row["float_value"] is not None:
            reading.points.append((key, step, time_ns, row["float_value"]))
    elif kind in _PLAIN:
        _take_attribute(reading.run, key, row.get(_PLAIN[kind]))
    elif kind == "string_series":
        _take_text(reading, key, step, row)
    elif (medium := _medium(source, row)) is not None:
        reading.media.append((key, step, time_ns, medium))
    else:
        told = "whose file is not beside the export" if row.get("file_value") else "left out"
        reading.run.problems.setdefault(key, f"a {kind} of Neptune's: {told}")


def _take_text(reading: _Reading, key: str, step: Any, row: dict[str, Any]) -> None:
    """A line that was printed, or one of a series of texts, which are a table."""
    text, time_ns = row.get("string_value") or "", _ns(row["timestamp"])
    stream = _STREAMS.get(key.rpartition("/")[2])
    if stream is not None:
        reading.run.console.append((stream, time_ns, text if text.endswith("\n") else f"{text}\n"))
        return
    moment = row["timestamp"].isoformat() if row["timestamp"] else None
    reading.texts.setdefault(key, []).append([float(step), moment, text])


def _medium(source: Path, row: dict[str, Any]) -> ForeignMedium | None:
    histogram, file = row.get("histogram_value"), row.get("file_value")
    if histogram:
        options = {"counts": histogram["values"], "edges": histogram["edges"]}
        return ForeignMedium("histogram", None, options)
    path = _file(source, file["path"]) if file and file.get("path") else None
    if path is None:
        return None
    ending = path.suffix[1:].lower()
    return ForeignMedium(next((each for each in _KINDS if ending in _KINDS[each]), "file"), path)


def _file(source: Path, name: str) -> Path | None:
    folder = source.parent if source.is_file() else source
    for above in [folder, *folder.resolve().parents[:_FILE_LEVELS]]:
        for root in (above, above / "files"):
            path = (root / name).resolve()
            if path.is_relative_to(root.resolve()) and path.is_file():
                return path
    return None


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
