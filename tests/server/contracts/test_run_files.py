"""What the store promises about files and code of runs, whichever database it is."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.servers import ServerProcess
from support.trainings import training

from weave_core import Client
from weave_core.digests import digest_bytes
from weave_core.errors import NotFound
from weave_core.refs import Ref
from weave_core.tracing.lifecycle import current_exporter
from weave_core.tracing.run_spans import RunSpans

ONE, TWO = digest_bytes(b"one"), digest_bytes(b"two")


@pytest.fixture
def tracing(server: ServerProcess, project: str, tmp_path: Path) -> Iterator[None]:
    """Tracing as a training program has it."""
    with training(project, server.url, tmp_path / "home"):
        yield


def send(project: str, run_id: str, *pieces: Any) -> None:
    """Send what was saved as a writer does."""
    exporter = current_exporter()
    assert exporter is not None
    spans = RunSpans(project=project, run_id=run_id, rank=0)
    for piece in pieces:
        exporter.put(spans.files(piece if isinstance(piece, str) else orjson.dumps(piece).decode()))
    assert exporter.flush(20)


def saved(name: str, digest: str, time_ns: int = 1) -> dict[str, Any]:
    """What is said of one file."""
    return {"name": name, "digest": digest, "size_bytes": 3, "time_ns": time_ns}


@pytest.mark.usefixtures("tracing")
def test_files_are_listed_by_name_and_the_later_one_stays(client: Client, project: str) -> None:
    """Page by page, by their beginning, in whatever order they came; a wrong word costs itself."""
    names = [f"{folder}/{number:03}" for folder in ("a_", "a%", "B") for number in range(120)]
    send(project, "files", [saved(name, ONE) for name in names], "{", "[1]")
    send(project, "files", [saved("x", ONE, 5)], [saved("x", TWO, 3)], [saved("", ONE)])
    send(project, "files", [saved("y", "sha256:no")], [saved("a_/000", TWO, 2)])
    page = client.list_run_files(project, "files", prefix="a_/", limit=100)
    rest = client.list_run_files(project, "files", prefix="a_/", cursor=page.next_cursor)

    assert [each.name for each in (*page.items, *rest.items)] == names[:120]
    assert page.items[0].digest == TWO
    assert sorted(file.name for file in client.run("files").files()) == sorted([*names, "x"])
    assert client.run("files").file("x").info.digest == ONE
    client.run("files").delete()
    with pytest.raises(NotFound):
        client.list_run_files(project, "files")


@pytest.mark.usefixtures("tracing")
def test_the_same_code_is_one_version_whose_files_outlive_their_runs(
    client: Client, project: str
) -> None:
    """Named after the program; a run that is deleted takes no file of a version with it."""
    exporter = current_exporter()
    assert exporter is not None

    def begin(run_id: str, *texts: str) -> dict[str, Any]:
        files = {f"{place}.py": exporter.keep_text(text) for place, text in enumerate(texts)}
        spans = RunSpans(project=project, run_id=run_id, rank=0)
        code = {"program": "tr/ain", "files": {**files, "empty.py": None}, "is_dirty": False}
        told = {"state": "running", "told_ns": time.time_ns(), "environment": {"code": code}}
        exporter.put(spans.begun(run_id, told))
        assert exporter.flush(20)
        found: dict[str, Any] = client.run(run_id).environment["code"]
        return found

    first, same, other = begin("r1", "a", "b"), begin("r2", "a", "b"), begin("r3", "a", "c")
    kept = client.get_object(project, "code", "train", "1")
    client.run("r1").delete()

    assert (first["version"], same["version"], other["version"]) == (1, 1, 2)
    assert first["ref"] == same["ref"] == str(Ref(project, "code", "train", kept.digest))
    assert kept.content == {"program": "tr/ain", "files": first["files"]}
    assert client.get_blob(kept.content["files"]["0.py"]) == b"a"
