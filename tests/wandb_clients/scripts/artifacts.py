"""Stores, uses, changes and finds artifacts, as programs with data and models do."""

import sys
from pathlib import Path

import wandb

project = sys.argv[1]
data = Path("data")
(data / "sub").mkdir(parents=True)
(data / "a.txt").write_text("alpha")
(data / "sub" / "b.bin").write_bytes(bytes(range(256)) * 10_000)
(data / "empty").write_text("")


def logged(run: wandb.Run, *, more: str = "", **options: object) -> wandb.Artifact:
    """A version of the data."""
    made = wandb.Artifact("digits", "dataset", description="ten digits", metadata={"rows": 3})
    made.add_dir(str(data))
    made.add_reference("https://example.com/x.csv", name="x.csv", checksum=False)
    if more:
        with made.new_file(more) as file:
            file.write(more)
    return run.log_artifact(made, **options).wait()


with wandb.init(project=project, id="maker") as run:
    first = logged(run, aliases=["clean"], tags=["small"])
    assert (first.version, first.state, first.aliases) == ("v0", "COMMITTED", ["clean", "latest"])
    same = logged(run)
    assert (same.version, same.digest) == ("v0", first.digest)
    assert logged(run, more="new.txt").version == "v1"
    try:
        logged(run, more="bad.txt", aliases=["2024-05"])
    except Exception as error:  # noqa: BLE001  # Whatever the client makes of it.
        print(f"refused: {error}")

with wandb.init(project=project, id="user") as run:
    used = run.use_artifact("digits:clean")
    assert (used.version, used.metadata, used.file_count) == ("v0", {"rows": 3}, 4)
    root = Path(used.download("out", allow_missing_references=True))
    for path in ("a.txt", "sub/b.bin", "empty"):
        assert (root / path).read_bytes() == (data / path).read_bytes()
    assert used.get_entry("x.csv").ref == "https://example.com/x.csv"
    assert ([each.id for each in used.used_by()], used.logged_by().id) == (["user"], "maker")
    draft = used.new_draft()
    with draft.new_file("more.txt") as file:
        file.write("more")
    assert run.log_artifact(draft).wait().file_count == 5
    part = wandb.Artifact("digits", "dataset", incremental=True)
    with part.new_file("part.txt") as file:
        file.write("part")
    assert run.log_artifact(part).wait().file_count == 6
    pointer = wandb.Artifact("pointer", "dataset")
    pointer.add_reference(used.get_entry("a.txt").ref_url(), name="far.txt")
    run.log_artifact(pointer).wait()
    assert Path(pointer.get_entry("far.txt").download("far")).read_text() == "alpha"
    table = wandb.Artifact("rows", "table")
    table.add(wandb.Table(columns=["a"], data=[[1]]), "rows")
    run.log_artifact(table).wait()
    assert table.get("rows").data == [[1]]
    model = wandb.Artifact("net", "model")
    model.add_file("data/a.txt")
    run.log_artifact(model).wait()
    assert Path(run.use_model("net:latest")).read_text() == "alpha"

api = wandb.Api()
latest = api.artifact(f"{project}/digits:latest")
assert [file.name for file in latest.files()][:2] == ["a.txt", "empty"]
assert Path(latest.get_entry("a.txt").download("one")).read_text() == "alpha"
old = api.artifact(f"{project}/digits:v0")
old.description, old.metadata["more"] = "changed", 1
old.aliases.append("best")
old.aliases.remove("clean")
old.tags = ["kept"]
old.save()
again = wandb.Api().artifact(f"{project}/digits:best")
assert (again.description, again.metadata) == ("changed", {"rows": 3, "more": 1})
assert (again.tags, again.aliases) == (["kept"], ["best"])
assert [each.version for each in api.artifacts("dataset", f"{project}/digits")][-1] == "v0"
assert [each.version for each in api.artifacts("dataset", f"{project}/digits", tags="kept")] == [
    "v0"
]
assert {each.name for each in api.artifact_types(project)} == {"dataset", "model", "table"}
names = [each.name for each in api.artifact_type("dataset", project).collections()]
assert names == ["digits", "pointer"]
made = [each.name for each in api.run(f"{project}/maker").logged_artifacts()]
assert made == ["digits:v1", "digits:v0"]
assert "digits:v0" in [each.name for each in api.run(f"{project}/user").used_artifacts()]
assert api.artifact_exists(f"{project}/digits:v1")
assert not api.artifact_exists(f"{project}/none:v0")
again.delete(delete_aliases=True)
assert not wandb.Api().artifact_exists(f"{project}/digits:v0")
