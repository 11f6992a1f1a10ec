"""Artifacts of runs, from the program that makes one to the one that uses it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from support.commands import run_command
from support.ports import free_port
from support.servers import ServerProcess, start_server
from support.trainings import training

import weave_core
from weave_core import Client
from weave_core.artifacts.chunking import file_digest
from weave_core.errors import BadRequest, ConfigError, NotFound

MIB = 1024 * 1024


@pytest.fixture
def tracing(server: ServerProcess, project: str, tmp_path: Path) -> Iterator[None]:
    """Tracing as a training program has it."""
    with training(project, server.url, tmp_path / "home"):
        yield


@pytest.mark.usefixtures("tracing")
def test_one_run_makes_what_another_one_uses(client: Client, project: str, tmp_path: Path) -> None:
    """Files, written files, media and references come back; both runs are told of it."""
    weights = tmp_path / "model.bin"
    weights.write_bytes(os.urandom(3 * MIB))
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("a,b\n1,2\n")
    with weave_core.run(id="maker") as run:
        made = weave_core.Artifact("cnn", type="model", metadata={"layers": 3})
        made.add_file(weights, "weights/model.bin")
        with made.new_file("notes.txt") as file:
            file.write("ünïcode")
        made.add(weave_core.Image(np.zeros((4, 4, 3), "uint8")), "sample")
        made.add(weave_core.Table([[1, "x"]], columns=["n", "t"]), "rows")
        made.add_reference(elsewhere.as_uri(), "data/elsewhere.csv")
        run.log_artifact(made, aliases=["best"])
        weights.write_bytes(b"trained further")  # What was logged stays as it was.
    assert made.wait().version == "v0"

    with weave_core.run(id="user") as run:
        found = run.use_artifact("cnn:best", type="model")
        folder = found.download(tmp_path / "out")
    assert [file.path for file in found.files()] == [
        "data/elsewhere.csv", "notes.txt", "rows.table.json", "sample.png", "weights/model.bin",
    ]  # fmt: skip
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "ünïcode"
    assert (folder / "weights/model.bin").stat().st_size == 3 * MIB
    assert (folder / "data/elsewhere.csv").read_text() == "a,b\n1,2\n"
    assert found.metadata == {"layers": 3}
    found.verify(folder)
    assert [(use.role, use.name) for use in client.list_run_artifacts(project, "maker")] == [
        ("made", "cnn")
    ]
    assert [use.role for use in client.list_run_artifacts(project, "user")] == ["used"]
    elsewhere.write_text("other")
    with pytest.raises(NotFound, match="is not what it was"):
        found.download(tmp_path / "late")


@pytest.mark.usefixtures("tracing")
def test_a_warm_download_is_a_link_and_a_spoilt_cache_is_noticed(tmp_path: Path) -> None:
    """What this machine has is not asked for again, unless somebody has written into it."""
    source = tmp_path / "big.bin"
    source.write_bytes(os.urandom(2 * MIB))
    with weave_core.run() as run:
        made = run.log_artifact(source, "big", "dataset")
    cold = made.download(tmp_path / "cold") / "big.bin"
    warm = made.download(tmp_path / "warm") / "big.bin"
    shares = cold.stat().st_ino == warm.stat().st_ino
    assert shares or cold.stat().st_nlink == 1  # A reflink is a file of its own.

    kept = next((tmp_path / "home" / "artifacts" / "files").glob("*/*"))
    kept.chmod(0o644)
    kept.write_bytes(b"x" * (2 * MIB))
    again = made.download(tmp_path / "again", writable=True) / "big.bin"
    assert file_digest(again) == file_digest(source)
    with again.open("r+b") as file:
        file.write(b"mine now")
    with pytest.raises(BadRequest, match="was changed"):
        made.verify(tmp_path / "again")
    (tmp_path / "again" / "extra").write_text("")
    made.checkout(tmp_path / "again")
    made.verify(tmp_path / "again")


@pytest.mark.usefixtures("tracing")
def test_a_version_can_be_changed_into_the_next_one(tmp_path: Path) -> None:
    """A draft of it has its files without reading any; what was stored never changes."""
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(os.urandom(1_000))
    with weave_core.run() as run:
        first = weave_core.Artifact("set")
        first.add_file(tmp_path / "a", "in/a")
        first.add_file(tmp_path / "b", "in/b")
        with pytest.raises(ConfigError, match="is in the artifact already"):
            first.add_file(tmp_path / "b", "in/a")
        run.log_artifact(first)
        with pytest.raises(ConfigError, match="it never changes"):
            first.remove("in")
        draft = first.new_draft()
        draft.remove("in/a")
        draft.add_file(tmp_path / "a", "c")
        second = run.log_artifact(draft)
    assert (second.version, [file.path for file in second.files()]) == ("v1", ["c", "in/b"])
    assert second.added_bytes < 1_000


@pytest.mark.usefixtures("tracing")
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """As are files that are not there, links that lead nowhere, and paths out of the folder."""
    growing = tmp_path / "growing.log"
    growing.write_bytes(b"x" * 100)
    with weave_core.run() as run:
        made = weave_core.Artifact("odd")
        made.add_file(growing)
        real = os.fstat

        def grow(descriptor: int) -> os.stat_result:
            found = real(descriptor)
            with growing.open("ab") as file:
                file.write(b"y")
            return found

        with mock.patch("os.fstat", grow), pytest.raises(ConfigError, match="was changed while"):
            run.log_artifact(made)
    with pytest.raises(ConfigError, match="there is no file"):
        made.add_file(tmp_path / "absent")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "loop").symlink_to(tmp_path / "links")
    with pytest.raises(ConfigError, match="a folder that it lies in"):
        made.add_dir(tmp_path / "links")
    for path in ("../up", "/etc/passwd", "a//b", "a/./b", "C:\\x", "line\nbreak"):
        with pytest.raises(BadRequest, match="the path"):
            made.add_file(growing, path)


def test_without_a_server_an_artifact_waits_and_is_sent_later(project: str, tmp_path: Path) -> None:
    """By the same program once the server is back, and of an offline one by `weave-core sync`."""
    source = tmp_path / "data.bin"
    source.write_bytes(os.urandom(2 * MIB))
    port = free_port()
    with training(project, f"http://127.0.0.1:{port}", tmp_path / "home"):
        with weave_core.run(id="early") as run:
            waits = run.log_artifact(source, "data", "dataset", aliases=["first"])
            assert waits.is_draft()
        source.write_bytes(b"changed since")
        url = f"http://127.0.0.1:{port}"
        with start_server(tmp_path / "server", port=port), Client(url) as client:
            _wait_for_version(client, project)
            assert client.artifact("data:first", project=project).size == 2 * MIB
            with training(project, "offline", tmp_path / "home"), weave_core.run(id="off") as run:
                run.log_artifact(source, "data", "dataset", aliases=["second"])
            done = run_command("sync", "--server", url, "--home", str(tmp_path / "home"))
            assert "1 artifacts sent" in done.stdout
            assert client.artifact("data:second", project=project).version == "v1"
            uses = client.get_artifact(project, "data", "v1").uses
            assert [use.run_id for use in uses] == ["off"]


def _wait_for_version(client: Client, project: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            client.get_artifact(project, "data")
        except NotFound:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("it was never sent")
