"""Files that a run keeps, from the program to the one who reads them back."""

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.servers import ServerProcess
from support.trainings import training

import weave_core
from weave_core import Client
from weave_core.client.run_files import StoredFile
from weave_core.errors import BadRequest, ConfigError, NotFound
from weave_core.model import RunFile

MIB = 1024 * 1024


@pytest.fixture
def folder(
    server: ServerProcess, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Where a training program stands, while tracing is as it has it."""
    stands = tmp_path / "work"
    (stands / "out" / "deep").mkdir(parents=True)
    monkeypatch.chdir(stands)
    with training(project, server.url, tmp_path / "home"):
        yield stands


def test_saved_files_come_back_under_their_names(
    folder: Path, client: Client, tmp_path: Path
) -> None:
    """Of a pattern, a folder, a path elsewhere; as they were then, and the last one of a name."""
    (folder / "out" / "a.txt").write_text("first")
    (folder / "out" / "deep" / "b[1].bin").write_bytes(bytes(range(256)))
    (folder / "empty").touch()
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "c.txt").write_text("far")
    with weave_core.run(id="saves") as run:
        assert run.save("out") == ["out/a.txt", "out/deep/b[1].bin"]
        (folder / "out" / "a.txt").write_text("second")
        assert run.save("out/**/*.txt", base_path="out") == ["a.txt"]
        assert run.save(folder / "out" / "deep" / "b[1].bin") == ["out/deep/b[1].bin"]
        assert run.save(tmp_path / "far" / "*") == ["far/c.txt"]
        assert run.save("empty") == ["empty"]
        (folder / "out" / "a.txt").write_text("third")
        assert run.save(folder / "out" / "a.txt", base_path=folder / "out") == ["a.txt"]
    stored = client.run(run.id)
    files = {file.name: file for file in stored.files()}

    assert list(files) == ["a.txt", "empty", "far/c.txt", "out/a.txt", "out/deep/b[1].bin"]
    assert files["a.txt"].read() == b"third"
    assert files["out/a.txt"].read() == b"first"
    assert [file.name for file in stored.files("out/deep/")] == ["out/deep/b[1].bin"]
    assert (files["empty"].size_bytes, files["empty"].read()) == (0, b"")
    saved = stored.file("out/deep/b[1].bin").download(tmp_path / "back")
    assert saved == tmp_path / "back" / "out" / "deep" / "b[1].bin"
    assert saved.read_bytes() == bytes(range(256))
    saved.write_bytes(b"mine")
    stored.file("out/deep/b[1].bin").download(tmp_path / "back", replace=False)
    assert saved.read_bytes() == b"mine"
    with pytest.raises(NotFound, match="keeps no file 'out/b'"):
        stored.file("out/b")
    outside = RunFile(name="../x", size_bytes=0, digest=f"sha256:{64 * '0'}", time_ns=0)
    with pytest.raises(BadRequest, match="outside"):
        StoredFile(client, outside).download(tmp_path)


def test_live_files_are_kept_when_they_change_and_others_at_the_end(
    folder: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New files of a pattern too; what is named for the end is read then."""
    monkeypatch.setattr("weave_core.tracing.run_files.LIVE_EVERY_S", 0.05)
    with weave_core.run(id="lives") as run:
        run.save("out/*.log", policy="live")
        assert run.save("late.txt", policy="end") == []
        (folder / "out" / "train.log").write_text("one")
        assert weave_core.flush(20)  # The run is there.
        deadline = time.monotonic() + 20
        while not [*client.run(run.id).files()]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (folder / "out" / "train.log").write_text("one, two")
        (folder / "late.txt").write_text("late")
    files = {file.name: file.read() for file in client.run(run.id).files()}
    assert files == {"out/train.log": b"one, two", "late.txt": b"late"}
    assert client.run(run.id).info.problems == {}


def test_what_can_not_be_saved_is_told_and_stops_nothing(folder: Path, client: Client) -> None:
    """A file that is not there, one outside, one that can't be opened; a run that has ended."""
    (folder / "out" / "a.txt").write_text("a")
    (folder / "gone").symlink_to("nowhere")
    with weave_core.run(id="misses") as run:
        assert run.save("nothing/*") == []
        assert run.save("out/a.txt", base_path="out/deep") == []
        assert run.save("gone", policy="end") == []
        with pytest.raises(ConfigError, match="one of now, live, end"):
            run.save("out/a.txt", policy="later")  # type: ignore[arg-type]
    assert run.save("out/a.txt") == []
    problems = client.run(run.id).info.problems
    assert problems["nothing/*"] == "no file is there to be saved"
    assert "does not lie below" in problems["out/a.txt"]
    assert problems["gone"] == "no file was there to be saved"
    assert not [*client.run(run.id).files()]


def test_a_large_file_is_kept_piece_by_piece(folder: Path, client: Client, tmp_path: Path) -> None:
    """Memory does not grow with it, neither here nor by reading it back."""
    with (folder / "large.bin").open("wb") as file:
        file.truncate(128 * MIB)
        file.seek(70 * MIB)
        file.write(b"here")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with weave_core.run(id="large") as run:
        run.save("large.bin")
        run.finish(timeout_s=60)
    saved = client.run(run.id).file("large.bin").download(tmp_path / "back")
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mib < 60
    with saved.open("rb") as file:
        file.seek(70 * MIB)
        assert file.read(5) == b"here\0"
    assert saved.stat().st_size == 128 * MIB
