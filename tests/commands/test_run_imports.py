"""`weave-core import` of runs that other trackers have written."""

import gzip
import json
import math
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # It ships no types.
import pytest
from pyarrow import parquet
from support.commands import run_command
from support.servers import ServerProcess
from support.trainings import points

from weave_core import Client

DATA = Path(__file__).parents[1] / "data" / "foreign_runs"


@pytest.fixture
def importing(server: ServerProcess, project: str) -> Any:
    """Runs the command on paths; gives what it told."""

    def run(*paths: Path) -> list[dict[str, Any]]:
        where = ("--project", project, "--server", server.url)
        done = run_command("import", *map(str, paths), *where, "--json")
        assert done.returncode == 0, done.stderr
        told: list[dict[str, Any]] = json.loads(done.stdout)["runs"]
        return told

    return run


def test_an_offline_run_of_wandb_is_what_it_was(
    importing: Any, client: Client, project: str
) -> None:
    """Config, summary, definitions, tags, times, state and every point; again, it adds nothing."""
    [told] = importing(DATA / "run-offline1.wandb")
    assert (told["run_id"], told["outcome"], told["state"]) == ("offline1", "taken", "finished")
    run = client.run("offline1", project).info
    assert (run.name, run.group, run.job_type, run.notes) == ("first", "g", "train", "some text")
    assert sorted(run.tags) == ["a", "b"]
    assert run.config == {"lr": 0.1, "model": {"depth": 3}, "layers": [1, 2], "late": True}
    assert run.summary["best"] == 0.9
    assert not any(key.startswith("img") for key in run.summary)
    assert run.metrics["val/*"].step_metric == "epoch"
    assert run.state == "finished"
    assert run.ended_ns is not None
    assert 0 < run.ended_ns - run.started_ns < 60e9
    found = points(client, project, "offline1")
    loss = found.pop("loss")
    assert math.isnan(loss.pop(7))
    assert loss == {step: 1 / (step + 1) for step in range(5)}
    assert found["nested.x"] == {step: float(step) for step in range(5)}
    assert found["val/acc"] == {7: 0.5}
    assert set(run.problems) == {"text"}
    assert any(
        each.key.startswith("system/")
        for each in client.run("offline1", project).keys("system/").items
    )

    [again, _] = importing(DATA / "run-offline1.wandb", DATA / "run-gmaj2awz.wandb")
    assert again["outcome"] == "known"
    assert len(client.run("offline1", project).info.writers) == 1
    trial = client.run("gmaj2awz", project).info
    assert (trial.group, trial.config) == ("swp12345", {"lr": 0.1})


def test_media_and_console_of_wandb_come_along(
    importing: Any, client: Client, project: str
) -> None:
    """Pictures with boxes and masks, tables, sounds, films, figures, and printed lines."""
    [told] = importing(DATA / "offline-run-media1" / "run-media1.wandb")
    assert told["media"] == 26
    cells = "1 pictures, sounds or films in its cells are left out"
    assert told["problems"] == {"(run-media1-table)": cells}
    run = client.run("media1", project)
    assert run.environment["python"].startswith("CPython 3.")
    found = {key: [each for each in run.media(key) if each.step == 1] for key in run.media_keys}
    assert {key: [each.kind for each in shown] for key, shown in found.items()} == {
        "clip": ["video"], "cloud": ["object3d"], "curve": ["table"], "fig": ["plotly"],
        "hist": ["histogram"], "html": ["html"], "image": ["image"], "nested.img": ["image"],
        "plain": ["table"], "several": ["image", "image"], "sound": ["audio"], "table": ["table"],
    }  # fmt: skip
    [image] = found["image"]
    assert (image.caption, image.read()[:4]) == ("step 1", b"\x89PNG")
    assert image.info["boxes"] == [
        {"box": [0, 0, 3, 2], "label": "seven", "group": "guess", "score": 0.5}
    ]
    assert client.get_blob(image.info["masks"][0]["digest"])[:4] == b"\x89PNG"
    assert found["curve"][0].info["chart"] == {"kind": "line", "x": "x", "y": "y", "title": "t"}
    [histogram], [table] = found["hist"], found["plain"]
    assert histogram.info["counts"] == [1, 0, 2, 1]
    assert table.to_rows() == [{"n": 1, "word": "one"}, {"n": 2, "word": None}]
    printed = [(line.stream, line.text) for line in run.console()]
    assert printed[0] == ("stdout", "epoch 0")
    assert printed[-1] == ("stderr", "bar 2"), "a progress bar is its last word"
    [again] = importing(DATA / "offline-run-media1" / "run-media1.wandb")
    assert again["outcome"] == "known"


def test_a_file_that_breaks_off_is_read_up_to_there(
    importing: Any, client: Client, project: str, tmp_path: Path
) -> None:
    """Which record is named; a run that does not say that it ended is no finished one."""
    body = (DATA / "run-offline1.wandb").read_bytes()
    (tmp_path / "run-cut.wandb").write_bytes(body[: len(body) // 2])
    [told] = importing(tmp_path / "run-cut.wandb")
    assert told["state"] == "running"
    assert "run-cut.wandb: behind record" in told["problems"]["*"]
    assert client.run(told["run_id"], project).info.state in ("running", "crashed")
    shutil.copy(DATA / "run-offline1.wandb", tmp_path / "run-cut.wandb")
    [whole] = importing(tmp_path / "run-cut.wandb")  # Synced to the end meanwhile.
    assert whole["outcome"] == "taken"
    run = client.run(told["run_id"], project)
    assert run.info.state == "finished"
    assert len(points(client, project, run.id)["nested.x"]) == 5


def mlflow_store(folder: Path, store: str) -> Path:
    """A store of MLflow in a folder of its user, with an artifact of the run `first`."""
    if store == "mlflow.db":
        folder.mkdir()
        (folder / store).write_bytes(gzip.decompress((DATA / "mlflow.db.gz").read_bytes()))
        with closing(sqlite3.connect(folder / store)) as database:
            text = "SELECT experiment_id, run_uuid FROM runs WHERE name = 'first'"
            [(experiment, run_id)] = database.execute(text)
        run = folder / "mlruns" / str(experiment) / run_id
    else:
        shutil.copytree(DATA / store, folder)
        [run] = (
            meta.parent
            for meta in folder.rglob("meta.yaml")
            if "run_name: first" in meta.read_text()
        )
    (run / "artifacts" / "notes").mkdir(parents=True)
    (run / "artifacts" / "notes" / "report.md").write_text("# Good")
    return folder


@pytest.mark.parametrize("store", ["mlruns", "mlflow.db"])
def test_both_stores_of_mlflow_are_read(
    importing: Any, client: Client, project: str, tmp_path: Path, store: str
) -> None:
    """Parameters, tags, notes, times, states, files, NaN and infinity; experiments are groups."""
    path = mlflow_store(tmp_path / "moved", store)
    importing(path)
    runs = {run.name: run for run in client.runs(project)}
    assert {name: run.state for name, run in runs.items()} == {
        "first": "finished",
        "fails": "failed",
    }
    first = client.run(runs["first"].run_id, project).info
    assert first.config == {"lr": 0.1, "model/depth": 3}
    assert (first.group, first.notes, first.tags) == ("digits", "some notes", ["team=vision"])
    [report] = client.run(first.run_id, project).files()
    assert (report.name, report.read()) == ("notes/report.md", b"# Good")
    found = points(client, project, first.run_id)
    assert found["loss"] == {step: 1 / (step + 1) for step in range(5)}
    assert math.isnan(found["val/acc"][2])
    assert points(client, project, runs["fails"].run_id)["loss"] == {0: math.inf}
    assert {each["outcome"] for each in importing(path)} == {"known"}


def test_folders_of_event_files_are_runs(importing: Any, client: Client, project: str) -> None:
    """Scalars at their steps and times, hyper-parameters as config; the rest is named."""
    importing(DATA / "tb")
    runs = {run.name: run for run in client.runs(project)}
    assert set(runs) == {"first", "second/trial"}
    found = points(client, project, runs["first"].run_id)
    assert found["loss"] == pytest.approx({step: 1 / (step + 1) for step in range(5)})
    assert math.isnan(found["val/acc"][4])
    first = client.run(runs["first"].run_id, project)
    shown = {key: next(first.media(key)) for key in first.media_keys}
    assert {key: each.kind for key, each in shown.items()} == {
        "weights": "histogram", "words": "markdown"
    }  # fmt: skip
    assert sum(shown["weights"].info["counts"]) == 3
    assert shown["words"].read() == b"hello"
    assert runs["first"].problems == {}
    assert runs["first"].started_ns == 1_700_000_000_000_000_000
    assert runs["first"].state == "finished"
    assert runs["second/trial"].config == {"lr": 0.1, "kind": "adam", "deep": True}
    assert points(client, project, runs["second/trial"].run_id)["best"] == {0: 0.5}


def test_what_add_hparams_tells_is_part_of_its_writers_run(
    importing: Any, client: Client, project: str
) -> None:
    """A session of hyper-parameters is no run; curves are tables, meshes their points."""
    [told] = importing(DATA / "tb-session")
    run = client.run(told["run_id"], project)
    assert (told["name"], run.info.config) == ("third", {"lr": 0.1, "kind": "adam"})
    assert points(client, project, run.id)["best"] == {0: 0.5}
    shown = {key: next(run.media(key)) for key in run.media_keys}
    assert {key: (each.kind, each.step) for key, each in shown.items()} == {
        "curve": ("table", 2), "cloud_1": ("object3d", 2)
    }  # fmt: skip
    rows = shown["curve"].to_rows()
    assert [row["threshold"] for row in rows] == [0, 0.25, 0.5, 0.75, 1]
    assert rows[2] == {"threshold": 0.5, "precision": 1.0, "recall": 1.0}
    assert json.loads(shown["cloud_1"].read()) == [[0, 0, 0], [1, 0, 0], [0, 1, 2]]
    assert run.info.problems == {"cloud_3": "faces and colours of a mesh are left out"}


def test_a_run_that_w_and_b_went_on_with_is_taken_once(
    importing: Any, client: Client, project: str, tmp_path: Path
) -> None:
    """Offline each program has a file of its own; a file that is none keeps no other away."""
    body = (DATA / "run-offline1.wandb").read_bytes()
    for name, part in (("1_a", body[: len(body) // 2]), ("2_b", body), ("3_c", b"nothing")):
        folder = tmp_path / f"offline-run-{name}"
        (folder / "files" / "media").mkdir(parents=True)
        (folder / "files" / "media" / "x.png").write_bytes(b"x")
        (folder / "files" / "saved.txt").write_text(name)
        (folder / "run-offline1.wandb").write_bytes(part)
    first, second = importing(tmp_path)
    assert (first["outcome"], second["outcome"]) == ("taken", "taken")
    run = client.run("offline1", project)
    assert len(run.info.writers) == 2
    assert [(file.name, file.read()) for file in run.files()] == [("saved.txt", b"2_b")]
    assert {each["outcome"] for each in importing(tmp_path)} == {"known"}


def test_tables_are_runs(importing: Any, client: Client, project: str, tmp_path: Path) -> None:
    """Wide and long ones, with columns of steps, times and runs by their usual names."""
    wide, long = tmp_path / "wide.csv", tmp_path / "long.csv"
    wide.write_text("step,loss,note\n0,1.5,x\n10,nan,\n20,0.5,y\n")
    long.write_text(
        "run_id,metric,step,value,timestamp\na,loss,0,3,1700000000\nb,loss,1,4,1700000001\n"
    )
    other = tmp_path / "other.csv"
    other.write_text("epoch;loss;good\n1;0,5;True\n2;0,25;False\n")
    importing(wide, long, other)
    runs = {run.name: run for run in client.runs(project)}
    assert set(runs) == {"wide", "a", "b", "other"}
    told = points(client, project, runs["other"].run_id)
    assert told == {"epoch": {1: 1, 2: 2}, "loss": {1: 0.5, 2: 0.25}, "good": {1: 1, 2: 0}}
    assert runs["other"].started_ns == other.stat().st_mtime_ns
    found = points(client, project, runs["wide"].run_id)["loss"]
    assert (found[0], found[20], math.isnan(found[10])) == (1.5, 0.5, True)
    assert "no number" in runs["wide"].problems["note"]
    assert points(client, project, "b")["loss"] == {1: 4.0}
    assert {each["outcome"] for each in importing(wide, long)} == {"known"}


def test_an_export_of_neptune_is_read(
    importing: Any, client: Client, project: str, tmp_path: Path
) -> None:
    """Series, parameters, tags and times of a file with the exporter's columns."""
    at = datetime(2025, 1, 1, tzinfo=UTC)
    empty: dict[str, Any] = dict.fromkeys(
        ("step", "timestamp", "int_value", "float_value", "string_value", "datetime_value")
    )
    empty |= {"bool_value": None, "string_set_value": None, "project_id": "w/p", "run_id": "SAN-1"}
    empty |= {"file_value": None, "histogram_value": None}
    printed: dict[str, Any] = {
        "attribute_path": "monitoring/1/stdout",
        "attribute_type": "string_series",
    }
    printed |= {"timestamp": at}
    shown = {"attribute_path": "weights", "step": Decimal("1.5"), "timestamp": at}
    spread = {"type": "COUNTING", "edges": [0.0, 1.0, 2.0], "values": [3.0, 4.0]}
    pic = {"path": "p/SAN-1/pictures/step-1.png"}
    rows: list[dict[str, Any]] = [
        {"attribute_path": "sys/name", "attribute_type": "string", "string_value": "from neptune"},
        {"attribute_path": "sys/tags", "attribute_type": "string_set", "string_set_value": ["x"]},
        {"attribute_path": "params/lr", "attribute_type": "float", "float_value": 0.1},
        {"attribute_path": "sys/creation_time", "attribute_type": "datetime", "datetime_value": at},
        {"attribute_path": "notes", "attribute_type": "string_series", "string_value": "words"},
        {**printed, "step": Decimal(0), "string_value": "epoch 0"},
        {**shown, "attribute_type": "histogram_series", "histogram_value": spread},
        {**shown, "attribute_path": "pictures", "attribute_type": "file_series", "file_value": pic},
        {"attribute_path": "model", "attribute_type": "file", "file_value": {"path": "p/gone"}},
    ]
    series: dict[str, Any] = {
        "attribute_path": "loss",
        "attribute_type": "float_series",
        "timestamp": at,
    }
    rows += [
        {**series, "step": Decimal(step), "float_value": 1.0 / (step + 1)} for step in range(3)
    ]
    data, files = tmp_path / "exports" / "data" / "p", tmp_path / "exports" / "files" / "p"
    data.mkdir(parents=True)
    (files / "SAN-1" / "pictures").mkdir(parents=True)
    [picture] = (DATA / "offline-run-media1").rglob("image_1_6*.png")
    shutil.copy(picture, files / "SAN-1" / "pictures" / "step-1.png")
    table = pa.Table.from_pylist([{**empty, **row} for row in rows])
    parquet.write_table(table, data / "SAN-1_part_0.parquet")
    importing(tmp_path / "exports" / "data")
    run = client.run("SAN-1", project).info
    assert (run.name, run.tags, run.config) == ("from neptune", ["x"], {"params/lr": 0.1})
    assert run.started_ns == int(at.timestamp()) * 1_000_000_000
    found = client.run("SAN-1", project)
    assert points(client, project, "SAN-1") == {"loss": {0: 1.0, 1000: 0.5, 2000: 1 / 3}}
    assert "thousandths" in run.problems["*"], "one of the steps has a fraction"
    assert [line.text for line in found.console()] == ["epoch 0"]
    shown_there = {key: next(found.media(key)) for key in found.media_keys}
    assert {key: (each.kind, each.step) for key, each in shown_there.items()} == {
        "notes": ("table", 0), "pictures": ("image", 1500), "weights": ("histogram", 1500)
    }  # fmt: skip
    assert shown_there["notes"].to_rows()[0]["text"] == "words"
    assert set(run.problems) == {"*", "model"}


def test_what_is_no_run_is_refused(server: ServerProcess, project: str, tmp_path: Path) -> None:
    """By one line that says what is wrong with which file."""
    where = ("--project", project, "--server", server.url)
    files = {
        "x.wandb": ("nothing", "is no run of W&B"),
        "events.out.tfevents.1": ("nothing at all", "is no event file"),
        "x.csv": ("a,b\nx,y\n", "no number below a name"),
    }
    for name, (body, message) in files.items():
        (tmp_path / name).write_text(body)
        done = run_command("import", str(tmp_path / name), *where)
        assert done.returncode == 1
        assert message in done.stderr
        assert "Traceback" not in done.stderr
    (tmp_path / "aim" / ".aim").mkdir(parents=True)
    (tmp_path / "aim" / ".aim" / "run_metadata.sqlite").touch()
    done = run_command("import", str(tmp_path / "aim"), *where)
    assert "only its own package reads" in done.stderr
    assert "pip install aim" in done.stderr
    (tmp_path / "empty").mkdir()
    done = run_command("import", str(tmp_path / "empty"), *where)
    assert "holds no run that is known" in done.stderr
