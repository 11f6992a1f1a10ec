"""MLflow's stores: a folder `mlruns` of small files, or a SQLite database.

Experiments become groups, tags of one's own become words `key=value`; MLflow's own tags are read
for what they mean.  Parameters are texts in MLflow: what it has made of a number or a truth value
is one again.  Artifacts that lie on this machine become files.  Deleted runs are left out.

Source: mlflow 3's file_store.py and dbmodels/models.py.
"""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from weave_core.errors import ConfigError
from weave_core.foreign_runs.records import ForeignRun, checked_id

__all__ = ["find", "read"]

State = Literal["running", "finished", "failed", "killed"]
_STATES: dict[str, State] = {
    **dict.fromkeys(("3", "FINISHED"), "finished"),
    **dict.fromkeys(("4", "FAILED"), "failed"),
    **dict.fromkeys(("5", "KILLED"), "killed"),
}
_SQLITE = b"SQLite format 3\0"
_LARGEST = 1.7976931348623157e308
"""What MLflow's databases have instead of infinity."""
_META = "meta.yaml"
_DIGITS = 1_000
"""Python reads no longer number."""
_DATABASE = "mlflow.db"
"""What MLflow 3 writes where nothing else is said, with `mlruns` beside it."""


def find(path: Path) -> list[Path]:
    """The database, or the folders of runs at or below `path`."""
    if path.is_file():
        with path.open("rb") as file:
            return [path] if file.read(len(_SQLITE)) == _SQLITE else []
    folders = sorted(meta.parent for meta in path.rglob(_META) if "run_id" in _flat_yaml(meta))
    return folders + (find(path / _DATABASE) if (path / _DATABASE).is_file() else [])


def read(source: Path, _root: Path) -> Iterator[ForeignRun]:
    """The runs of a database, or the one of a folder.

    Raises:
        ConfigError: If the database is none of MLflow's, or broken.
    """
    if source.is_dir():
        yield from _read_folder(source)
        return
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as connection:
            yield from _read_database(connection, source)
    except sqlite3.Error as error:
        raise ConfigError(
            f"{str(source)!r} is no database of MLflow: {error}",
            "give the file of its backend store",
        ) from error


def _flat_yaml(file: Path) -> dict[str, str]:
    """MLflow's own flat YAML: a key and a plain or quoted text on each line."""
    found = {}
    for line in file.read_text("utf-8", "replace").splitlines():
        key, colon, value = line.partition(":")
        if colon and not line[:1].isspace():
            value = value.strip()
            quote = value[:1]
            if quote in ("'", '"') and value.endswith(quote) and len(value) > 1:
                value = value[1:-1].replace("''", "'") if quote == "'" else value[1:-1]
            found[key.strip()] = value
    return found


def _run_of(run_id: str, path: Path, told: dict[str, Any], experiment: str | None) -> ForeignRun:
    def ns(key: str) -> int | None:
        value = str(told.get(key) or "")
        return int(value) * 1_000_000 if value.isdecimal() and value != "0" else None

    state = _STATES.get(str(told.get("status")), "running")
    return ForeignRun(
        "mlflow",
        str(path),
        checked_id(run_id),
        name=str(told.get("run_name") or told.get("name") or "") or None,
        group=experiment,
        state=state,
        started_ns=ns("start_time"),
        ended_ns=ns("end_time"),
    )


def _take_tag(run: ForeignRun, key: str, value: str) -> None:
    if not key.startswith("mlflow."):
        run.tags.append(f"{key}={value}")
    elif key == "mlflow.note.content":
        run.notes = value
    elif key == "mlflow.runName":
        run.name = run.name or value
    elif key == "mlflow.parentRunId":
        run.group = value
    elif key == "mlflow.source.name":
        run.environment["command"] = [value]
    elif key == "mlflow.source.git.commit":
        run.environment.setdefault("git", {})["commit"] = value
    elif key == "mlflow.source.git.branch":
        run.environment.setdefault("git", {})["branch"] = value


def _take_metric(run: ForeignRun, key: str, value: float, time_ms: int, step: int) -> None:
    run.add({key: value}, step, time_ms * 1_000_000)


def _take_param(run: ForeignRun, key: str, value: str) -> None:
    run.config[key] = {"True": True, "False": False}.get(value, value)
    for number in (_int(value), _float(value)):
        if str(number) == value and math.isfinite(number):  # And not such as 007 or 1.10.
            run.config[key] = number
            return


def _int(text: str) -> int:
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < _DIGITS else 0


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _take_artifacts(run: ForeignRun, uri: str, beside: Path) -> None:
    """The files of a run.

    Args:
        run: Whose.
        uri: Where MLflow has put them.
        beside: Where they are if all of it was moved.
    """
    parts = urlsplit(uri)
    told = Path(unquote(parts.path)) if parts.scheme in ("", "file") else None
    # A store that came from elsewhere must not name just any folder of this machine.
    if told is not None and told.is_dir() and told.parts[-2:] == (run.run_id, "artifacts"):
        run.keep_folder(told)
    elif beside.is_dir():
        run.keep_folder(beside)
    elif told is None:
        run.problems["(artifacts)"] = f"they are elsewhere and left out: {uri[:200]}"


def _read_folder(folder: Path) -> Iterator[ForeignRun]:
    told = _flat_yaml(folder / _META)
    if told.get("lifecycle_stage") == "deleted":
        return
    above = folder.parent / _META
    experiment = _flat_yaml(above).get("name") if above.is_file() else None
    run = _run_of(told["run_id"], folder, told, experiment)
    for kind, take in (
        ("params", _take_param),
        ("tags", _take_tag),
    ):
        for key, file in _files(folder / kind):
            take(run, key, file.read_text("utf-8", "replace"))
    for key, file in _files(folder / "metrics"):
        for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1):
            try:
                time_ms, value, *rest = line.split()
                _take_metric(run, key, float(value), int(time_ms), int(rest[0]) if rest else 0)
            except ValueError:
                run.problems[key] = f"line {number} of {file} is no point: it is left out"
    _take_artifacts(run, told.get("artifact_uri", ""), folder / "artifacts")
    yield run


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    if folder.is_dir():
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            yield file.relative_to(folder).as_posix(), file


def _read_database(connection: sqlite3.Connection, path: Path) -> Iterator[ForeignRun]:
    connection.row_factory = sqlite3.Row
    names = dict(connection.execute("SELECT experiment_id, name FROM experiments").fetchall())
    found = connection.execute(
        "SELECT * FROM runs WHERE lifecycle_stage != 'deleted' ORDER BY start_time"
    ).fetchall()
    for row in found:
        told = dict(row)
        run = _run_of(told["run_uuid"], path, told, names.get(told["experiment_id"]))
        key = (told["run_uuid"],)
        for name, value in connection.execute(
            "SELECT key, value FROM params WHERE run_uuid = ?", key
        ):
            _take_param(run, name, value)
        for name, value in connection.execute(
            "SELECT key, value FROM tags WHERE run_uuid = ?", key
        ):
            _take_tag(run, name, value)
        for name, value, is_nan, time_ms, step in connection.execute(
            "SELECT key, value, is_nan, timestamp, step FROM metrics WHERE run_uuid = ?"
            " ORDER BY timestamp, step",
            key,
        ):
            number = math.nan if is_nan else value
            if abs(number) >= _LARGEST:
                number = math.copysign(math.inf, number)
            _take_metric(run, name, number, time_ms, step)
        kept = path.parent / "mlruns" / str(told["experiment_id"]) / told["run_uuid"] / "artifacts"
        _take_artifacts(run, str(told.get("artifact_uri") or ""), kept)
        yield run
