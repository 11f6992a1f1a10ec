"""What the store promises about artifacts, whichever database it is."""

import os
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text
from support.programs import wait_for
from support.servers import ServerProcess, start_server
from support.wandb_artifacts import FILES, ask, md5

import weave_core
from weave_core import Artifact, Client
from weave_core.artifacts.chunking import digest_of
from weave_core.artifacts.manifests import Entry, parts_of
from weave_core.artifacts.packs import pack_of
from weave_core.errors import BadRequest, NotFound
from weave_core.model import NewArtifact

MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of this test alone."""
    monkeypatch.setenv("WEAVE_CORE_HOME", str(tmp_path / "own"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with what folders hold."""
    folder = tmp_path / "data"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "hollow").mkdir()
    (folder / "a.txt").write_text("hello")
    (folder / "deep" / "b.bin").write_bytes(os.urandom(5 * MIB))
    (folder / "deep" / "er" / "naïve ☃.txt").write_text("snow")
    (folder / "empty").write_bytes(b"")
    (folder / "deep-link").symlink_to(folder / "a.txt")
    return folder


def is_told(output: str) -> bool:
    """A scorer."""
    return bool(output)


def logged(client: Client, project: str, folder: Path, **options: object) -> Artifact:
    """A version of what is in a folder."""
    made = Artifact("digits", type="dataset")
    made.add_dir(folder)
    return client.log_artifact(made, project=project, **options)  # type: ignore[arg-type]


def test_a_folder_comes_back_as_it_was(
    client: Client, project: str, data: Path, tmp_path: Path
) -> None:
    """Files, empty files and folders, names of any letters; links are what they lead to."""
    made = logged(client, project, data, aliases=["clean"], tags=["small"])
    assert (made.version, made.aliases, made.tags) == ("v0", ["clean", "latest"], ["small"])

    found = client.artifact("digits:clean", project=project)
    folder = found.download(tmp_path / "out")

    found.verify(folder)
    assert (folder / "deep" / "er" / "naïve ☃.txt").read_text() == "snow"
    assert (folder / "deep-link").read_text() == "hello"
    assert not (folder / "deep-link").is_symlink()
    assert (folder / "hollow").is_dir()
    assert (folder / "deep" / "b.bin").read_bytes() == (data / "deep" / "b.bin").read_bytes()
    assert found.size == sum(file.size for file in found.files())


def test_the_same_files_are_the_same_version_and_few_changes_store_little(
    client: Client, project: str, data: Path
) -> None:
    """An insertion in the middle of a large file costs the chunks around it."""
    first = logged(client, project, data)
    again = logged(client, project, data)
    assert again.version == first.version == "v0"

    large = data / "deep" / "b.bin"
    whole = large.read_bytes()
    large.write_bytes(whole[: 2 * MIB] + b"inserted" + whole[2 * MIB :])
    second = logged(client, project, data)

    assert second.version == "v1"
    assert second.aliases == ["latest"]
    assert 0 < second.added_bytes < MIB + 100_000
    changes = client.compare_artifacts(project, "digits", "v1", "v0")
    assert (changes.added, changes.removed, changes.changed, changes.same) == (0, 0, 1, 4)
    assert changes.items[0].path == "deep/b.bin"
    assert [each.version for each in client.list_artifact_versions(project, "digits").items] == [
        1, 0,
    ]  # fmt: skip


def test_folders_are_listed_page_by_page_and_files_read_in_ranges(
    client: Client, project: str, data: Path
) -> None:
    """A folder tells what all files below it weigh; a file comes in whole or in part."""
    for number in range(30):
        (data / "deep" / f"{number}.txt").write_text(str(number))
    logged(client, project, data)
    top = client.list_artifact_files(project, "digits")
    assert [(each.name, each.is_folder, each.file_count) for each in top.items] == [
        ("a.txt", False, 1), ("deep-link", False, 1), ("deep", True, 32), ("empty", False, 1),
        ("hollow", True, 0),
    ]  # fmt: skip
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = client.list_artifact_files(project, "digits", under="deep", limit=10, cursor=cursor)
        names += [each.name for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert names == sorted([*(f"{number}.txt" for number in range(30)), "b.bin", "er"])
    whole = (data / "deep" / "b.bin").read_bytes()
    read = client.get_artifact_file
    assert read(project, "digits", "latest", "deep/b.bin") == whole
    assert (
        read(project, "digits", "v0", "deep/b.bin", start=MIB, stop=3 * MIB) == whole[MIB : 3 * MIB]
    )
    assert read(project, "digits", "v0", "deep/er/naïve ☃.txt") == b"snow"
    with pytest.raises(NotFound, match="has no file 'deep'"):
        read(project, "digits", "v0", "deep")


def test_what_is_not_stored_or_leads_out_of_the_folder_is_not_committed(
    client: Client, project: str
) -> None:
    """Missing chunks, wrong sizes, paths elsewhere, another type: nothing of it is stored."""
    missing = digest_of(b"never sent")
    with pytest.raises(BadRequest, match="1 chunks are not stored"):
        client.commit_artifact(project, "bad", NewArtifact(type="dataset", parts=[missing.hex()]))
    for line in (
        b'{"path":"../up","size":0,"digest":"blake3:' + b"0" * 64 + b'"}',
        b'{"path":"/etc/passwd","size":0,"digest":"blake3:' + b"0" * 64 + b'"}',
        b'{"path":"a","size":9,"digest":"blake3:' + b"0" * 64 + b'","chunks":[]}',
        b'{"path":"a","size":3,"digest":"sha256:short"}',
        b"[]",
    ):
        client.add_pack(pack_of([(digest_of(line), line)]))
        new = NewArtifact(type="dataset", parts=[digest_of(line).hex()])
        with pytest.raises(BadRequest):
            client.commit_artifact(project, "bad", new)
    absent = Entry("a", 10, f"blake3:{missing.hex()}")
    [part] = parts_of([Entry.of_line(absent.to_line())])
    client.add_pack(pack_of([(digest_of(part), part)]))
    with pytest.raises(BadRequest, match="1 chunks are not stored"):
        client.commit_artifact(
            project, "bad", NewArtifact(type="dataset", parts=[digest_of(part).hex()])
        )
    with pytest.raises(BadRequest, match="another digest"):
        client.add_pack(pack_of([(missing, b"something else")]))
    with pytest.raises(NotFound):
        client.list_artifact_versions(project, "bad")

    client.log_artifact(Artifact("good", type="model"), project=project)
    with pytest.raises(BadRequest, match="is of type 'model', not 'dataset'"):
        client.log_artifact(Artifact("good", type="dataset"), project=project)


def test_a_pack_is_taken_whole_or_not_at_all(client: Client) -> None:
    """What is cut, longer, or no pack is refused, and nothing of it stays; once whole it is read.

    Neither does a blob that somebody sends under the name of the pack take its place.
    """
    chunks = [os.urandom(3 * MIB + number) for number in range(3)]
    digests = [digest_of(chunk) for chunk in chunks]
    pieces = pack_of(zip(digests, chunks, strict=True))
    whole = b"".join(pieces)
    for bad, why in (
        (whole[:7], "ends within its list"),
        (whole[:50], "ends within its list"),
        (whole[: 5 * MIB], "ends within chunk 1 of 3"),
        (whole + b"more", "has more bytes than it lists"),
        (b"something else", "begins with b'somethin'"),
        (whole[:-1] + bytes([whole[-1] ^ 1]), "have another digest"),
    ):
        with pytest.raises(BadRequest, match=why):
            client.add_pack([bad])
    assert client.find_missing_chunks(digests) == set(digests)
    client.add_blob(b"weave-core pack\n" + pieces[0])

    for _ in range(2):
        client.add_pack(pieces)

    assert client.find_missing_chunks(digests) == set()
    assert client.read_chunks(digests[::-1]) == b"".join(chunks[::-1])


def test_who_made_and_who_used_a_version_is_told_from_both_sides(
    client: Client, project: str, data: Path
) -> None:
    """Each run once, however often it says so."""
    logged(client, project, data, run_id="maker")
    for _ in range(2):
        client.use_artifact(project, "digits", "latest", run_id="user")
    found = client.artifact("digits", project=project)

    maker = found.logged_by()
    assert maker is not None
    assert maker.id == "maker"
    assert [run.id for run in found.used_by()] == ["user"]
    assert [
        (use.role, use.name, use.version) for use in client.list_run_artifacts(project, "user")
    ] == [("used", "digits", 0)]
    assert [each.type for each in client.list_artifact_types(project)] == ["dataset"]
    assert client.list_artifacts(project, type="model").items == []


def test_what_is_said_of_a_version_changes_and_it_can_be_taken_away(
    client: Client, project: str, data: Path
) -> None:
    """Its number is not given again; `latest` leads to the one before."""
    logged(client, project, data)
    (data / "a.txt").write_text("other")
    second = logged(client, project, data)
    second.description, second.metadata = "cleaned", {"rows": 7}
    second.aliases.append("best")
    second.tags = ["kept"]
    second.save()
    found = client.artifact("digits:best", project=project)
    assert (found.description, found.metadata, found.tags) == ("cleaned", {"rows": 7}, ["kept"])

    with pytest.raises(BadRequest, match="has aliases: best"):
        found.delete()
    found.delete(delete_aliases=True)

    assert client.artifact("digits", project=project).version == "v0"
    with pytest.raises(NotFound):
        client.artifact("digits:v1", project=project)
    (data / "a.txt").write_text("third")
    assert logged(client, project, data).version == "v2"


def test_bytes_end_with_the_last_version_that_has_them(
    store_env: dict[str, str], home: Path, data: Path
) -> None:
    """An hour after it is deleted; what was never committed goes a day later; all else stays."""
    with start_server(home, env=store_env) as running, Client(running.url) as client:
        first = logged(client, "going", data)
        (data / "only.bin").write_bytes(os.urandom(MIB))
        second = logged(client, "going", data)
        client.add_pack(pack_of([(digest_of(b"never committed"), b"never committed")]))
        second.delete()
        url = _address(running.url, b"put by a wandb client")
        assert url is not None
        assert httpx.put(url, content=b"put by a wandb client", timeout=60).status_code == 200
        assert _address(running.url, b"put by a wandb client") is None
        before = _packs(home)
        _let_time_pass(home, running, store_env)
        client.set_retention("going", 30)  # Wakes the background.

        wait_for(lambda: len(_packs(home)) == len(before) - 3)
        # The file goes a moment before what is known of it.
        wait_for(lambda: bool(client.find_missing_chunks([digest_of(b"never committed")])))
        assert client.get_artifact_file("going", "digits", "v0", "a.txt") == b"hello"
        assert _address(running.url, b"put by a wandb client")
        assert first.version == "v0"
        again = logged(client, "going", data)
        assert again.version == "v2"
        assert (
            client.get_artifact_file("going", "digits", "v2", "only.bin")
            == (data / "only.bin").read_bytes()
        )


def _address(url: str, content: bytes) -> str | None:
    """Where a wandb client is told to put a file; None: it is here."""
    with httpx.Client(base_url=url, timeout=60) as http:
        told = ask(http, FILES, f=[{"artifactID": "a", "name": "a", "md5": md5(content)}])
    [edge] = told["data"]["createArtifactFiles"]["files"]["edges"]
    found: str | None = edge["node"]["uploadUrl"]
    return found


def _packs(home: Path) -> list[Path]:
    return [path for path in (home / "blobs").glob("??/??/*") if path.is_file()]


def _let_time_pass(home: Path, running: ServerProcess, env: dict[str, str]) -> None:
    for path in _packs(home):
        os.utime(path, (0, 0))
    url = env.get("WEAVE_CORE_DATABASE_URL", f"sqlite:///{running.home / 'store.db'}")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE blob_orphan SET since_ns = 0"))
    engine.dispose()


def test_a_registry_leads_to_versions_of_all_projects_and_keeps_who_moved_what(
    client: Client, project: str, data: Path, tmp_path: Path, server: ServerProcess
) -> None:
    """Names above projects; a run of another project that uses one is part of its lineage."""
    name, other = f"cnn-{project}", f"{project}-other"
    logged(client, project, data, run_id="maker")
    (data / "a.txt").write_text("better")
    logged(client, other, data)

    first = client.register(name, f"{project}/digits", aliases=["production"], by="ann")
    assert (first.version, first.project, first.run_id) == (0, project, "maker")
    assert first.aliases == ["production", "latest"]
    second = client.register(name, "digits:v0", project=other, by="bo", note="better")
    assert client.register(name, f"{other}/digits:latest").version == second.version == 1
    moved = client.move_registry_alias(name, "production", "v1", by="bo", note="+2 %")
    assert (moved.project, moved.aliases) == (other, ["production", "latest"])
    told = [
        (each.alias, each.before, each.version, each.by, each.note)
        for each in client.list_registry_events(name).items
    ]
    assert told[:3] == [
        ("production", 0, 1, "bo", "+2 %"),
        ("latest", 0, 1, "bo", "better"),
        ("production", None, 0, "ann", ""),
    ]

    weave_core.init(project, server.url)
    try:
        with weave_core.run(id="serve", project=project) as run:
            used = run.use_artifact(f"registry/{name}:production", type="dataset")
            assert (used.download(tmp_path / "out") / "a.txt").read_text() == "better"
            weave_core.Evaluation(
                dataset=[{"question": "hm"}],
                task=lambda question: question,
                scorers=[is_told],
                name="smoke",
            ).run()
    finally:
        weave_core.shutdown()
    found = client.get_registered(name, "production")
    assert [(each.project, each.run_id) for each in found.used_by] == [(project, "serve")]
    wait_for(lambda: client.get_registered(name, "v1").evaluations)
    [judged] = client.get_registered(name, "v1").evaluations
    assert (judged.project, judged.name, judged.run_id) == (project, "smoke", "serve")

    with pytest.raises(BadRequest, match=r"v0 of artifact 'digits' is v1 of 'cnn-"):
        client.delete_artifact(other, "digits", "v0", delete_aliases=True)
    with pytest.raises(BadRequest, match=r"production of 'cnn-.*' leads to v1"):
        client.unregister(name, "v1")
    with pytest.raises(NotFound, match="has no 'staging'"):
        client.artifact(f"registry/{name}:staging")
    client.delete_registry_alias(name, "production", by="cy")
    client.unregister(name, "v1")
    [entry] = [each for each in client.list_registry(limit=500).items if each.name == name]
    assert (entry.version_count, entry.aliases, entry.type) == (1, {"latest": 0}, "dataset")
    client.delete_artifact(other, "digits", "v0")
    assert [each.version for each in client.list_registered(name).items] == [0]
