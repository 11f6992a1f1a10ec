"""The pages of artifacts, as Streamlit's own test runner draws them."""

from pathlib import Path
from typing import Any

import pytest
from support.programs import wait_for
from support.screens import component_data, components_data, draw
from support.servers import ServerProcess
from support.trainings import training

import weave_core
from weave_core import Artifact, Client
from weave_core.app.process import START

PAGES = START.parents[1] / "pages"
ARTIFACTS = str(PAGES / "artifacts.py")
ARTIFACT = str(PAGES / "artifact.py")
RUN = str(PAGES / "run.py")
REGISTRY = str(PAGES / "registry.py")

pytestmark = pytest.mark.usefixtures("app_reads_the_server")


@pytest.fixture
def stored(client: Client, project: str, tmp_path: Path) -> str:
    """A project with a dataset in two versions, and a model that was made of it."""
    data = tmp_path / "data"
    (data / "in").mkdir(parents=True)
    (data / "in" / "rows.csv").write_text("a,b\n1,2\n3,4\n")
    (data / "notes.txt").write_text("<b>first</b>")
    for text in ("<b>first</b>", "second"):
        (data / "notes.txt").write_text(text)
        made = Artifact("digits", "dataset", metadata={"rows": 2})
        made.add_dir(data)
        client.log_artifact(made, project=project, run_id="prepare")
    client.use_artifact(project, "digits", "v1", run_id="train")
    model = Artifact("cnn", "model")
    model.add_file(data / "notes.txt")
    client.log_artifact(model, project=project, run_id="train")
    return project


def table(screen: Any, label: str) -> dict[str, Any]:
    """The table of that name."""
    return next(t for t in components_data(screen, "figure_table") if t["label"] == label)


def test_artifacts_are_listed_by_type(stored: str) -> None:
    """One row an artifact: its latest version, its files, and the run that made it."""
    rows = table(draw(ARTIFACTS, project=stored), "Artifacts")["rows"]
    assert [(row["cells"][0], row["cells"][2], row["cells"][6]["text"]) for row in rows] == [
        ("cnn", "v0", "train"), ("digits", "v1", "prepare"),
    ]  # fmt: skip
    only = table(draw(ARTIFACTS, project=stored, type="model"), "Artifacts")["rows"]
    assert [row["cells"][0] for row in only] == ["cnn"]


def test_the_registry_shows_where_aliases_lead_and_moves_them(client: Client, stored: str) -> None:
    """Names of all projects; one with its versions, the runs that used them, and its history."""
    name = f"reader-{stored}"
    client.register(name, f"{stored}/digits:v0", aliases=["production"], by="ann")
    client.register(name, f"{stored}/digits:v1", by="bo", note="more rows")
    screen = draw(REGISTRY, name=name)
    [mine] = [row for row in table(screen, "Registry")["rows"] if row["id"] == name]
    assert mine["cells"][3]["text"] == "latest v1, production v0"
    rows = table(screen, "Versions")["rows"]
    assert [(row["cells"][0], row["cells"][1], row["is_on"]) for row in rows] == [
        ("v1", "latest", True), ("v0", "production", False),
    ]  # fmt: skip
    assert [row["cells"][1] for row in table(screen, "Used by")["rows"]] == ["train"]
    assert len(table(screen, "History")["rows"]) == 3
    screen.text_input[0].input("production")
    screen.text_input[1].input("cy")
    screen.button[0].click().run()
    moved = client.list_registry_events(name).items[0]
    assert (moved.alias, moved.before, moved.version, moved.by) == ("production", 0, 1, "cy")


def test_a_version_shows_its_files_and_what_is_in_one(stored: str) -> None:
    """A folder at a time; a table as a table, a text as text, whatever it holds."""
    screen = draw(ARTIFACT, project=stored, artifact="digits")
    assert component_data(screen, "artifact_header")["version"] == 1
    assert [row["cells"][0]["text"] for row in table(screen, "Files")["rows"]] == [
        "in/", "notes.txt",
    ]  # fmt: skip
    inside = draw(ARTIFACT, project=stored, artifact="digits", under="in", file="in/rows.csv")
    assert [row["id"] for row in table(inside, "Files")["rows"]] == ["..", "in/rows.csv"]
    assert inside.dataframe[0].value.to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    old = draw(ARTIFACT, project=stored, artifact="digits", version="0", file="notes.txt")
    assert old.code[0].value == "<b>first</b>"


def test_where_it_comes_from_and_how_versions_differ(stored: str) -> None:
    """Its maker, its user and what came of that; the files that are others."""
    screen = draw(ARTIFACT, project=stored, artifact="digits", view="Lineage")
    drawn = component_data(screen, "artifact_lineage")
    assert [[node["id"] for node in column] for column in drawn["columns"]] == [
        [], ["run prepare"], ["digits:v1"], ["run train"], ["cnn:v0"],
    ]  # fmt: skip
    assert ["run train", "cnn:v0"] in drawn["edges"]
    changed = table(draw(ARTIFACT, project=stored, artifact="digits", view="Changes"), "Changes")
    assert [row["id"] for row in changed["rows"]] == ["notes.txt"]


def test_a_run_shows_what_it_made_and_used(
    stored: str, server: ServerProcess, client: Client, tmp_path: Path
) -> None:
    """Each leads to its version."""
    with training(stored, server.url, tmp_path / "home"), weave_core.run(id="train"):
        pass
    wait_for(lambda: [run.run_id for run in client.runs(stored)] == ["train"])
    screen = draw(RUN, project=stored, run="train", view="Artifacts")
    assert [row["id"] for row in table(screen, "Made")["rows"]] == ["cnn:v0"]
    assert [row["id"] for row in table(screen, "Used")["rows"]] == ["digits:v1"]
