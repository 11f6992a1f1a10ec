"""Scripts written for wandb, with another import: what they log arrives as they meant it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.servers import ServerProcess
from support.trainings import points, training

from weave_core import Client
from weave_core.compat import wandb
from weave_core.compat.wandb_missing import INSTEAD
from weave_core.errors import ConfigError, NotFound, NotProvided, WeaveError
from weave_core.tracing.spool import sync

RunProgram = Callable[..., Any]

SCRIPT = """
import argparse, os, sys
import weave_core.compat.wandb as wandb

args = argparse.Namespace(lr=0.1, epochs=3)
wandb.login()
wandb.init(entity="team", config=args, save_code=True, settings=wandb.Settings(silent=True))
config = wandb.config
wandb.define_metric("epoch", hidden=True)
wandb.define_metric("val/*", step_metric="epoch")
wandb.define_metric("loss", summary="min,max")
for epoch in range(config.epochs):
    for batch in range(2):
        wandb.log({"loss": config.lr / (1 + batch), "examples": [wandb.Image("x.png")]})
    wandb.log({"epoch": epoch}, commit=False)
    table = wandb.Table(columns=["a"])
    table.add_data(1)
    wandb.log({"val/acc": epoch / 10, "table": table, "curve": wandb.plot.line(table, "a", "a")})
wandb.run.summary["best"] = 0.9
wandb.summary.shown = wandb.summary["loss"]
wandb.config.update({"lr": 0.2}, allow_val_change=True)
wandb.run.name += "-done"
with open(os.path.join(wandb.run.dir, "model.pt"), "w") as file:
    file.write("weights")
if len(sys.argv) > 1:
    raise ValueError("no data")
"""


@pytest.fixture
def tracing(server: ServerProcess, project: str, tmp_path: Path) -> Iterator[None]:
    """Tracing as a training program has it; no run is left over."""
    with training(project, server.url, tmp_path / "home"):
        yield
        wandb.finish()


def client_projects(client: Client) -> set[str]:
    """Names of what the server has."""
    return {each.name for each in client.list_projects()}


def test_a_script_of_wandb_runs_with_another_import(
    run_program: RunProgram, server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Variables tell it, it never finishes, it logs pictures: it ends, its numbers are here."""
    told = {"PROJECT": project, "NAME": "first", "RUN_GROUP": "g", "TAGS": "a,b", "RUN_ID": "r1"}
    environment = {f"WANDB_{key}": value for key, value in told.items()}
    environment |= {"WEAVE_CORE_ENDPOINT": server.url, "WANDB_DIR": str(tmp_path)}
    done = run_program(SCRIPT, **environment)
    found = client.run("r1", project).info

    assert (found.name, found.group, found.tags) == ("first-done", "g", ["a", "b"])
    assert (found.state, found.config) == ("finished", {"lr": 0.2, "epochs": 3})
    assert points(client, project, "r1") == {
        "loss": {0: 0.1, 1: 0.05, 3: 0.1, 4: 0.05, 6: 0.1, 7: 0.05},
        "epoch": {2: 0, 5: 1, 8: 2},
        "val/acc": {2: 0, 5: 0.1, 8: 0.2},
    }
    assert (found.summary["best"], found.summary["shown"]) == (0.9, 0.05)
    assert found.metrics["val/*"].step_metric == "epoch"
    assert found.metrics["loss"].summary == "min"
    assert list(found.problems) == ["examples"]
    [curve, *_] = client.run("r1", project).media("curve")
    assert curve.info["chart"] == {"kind": "line", "x": "a", "y": "a"}
    assert [each.to_rows() for each in client.run("r1", project).media("table")] == [[{"a": 1}]] * 3
    assert (tmp_path / "wandb" / "run-r1" / "files" / "model.pt").is_file()
    for once in ("save_code=...", "hidden=True", "'min,max'"):
        assert done.stderr.count(once) == 1, once


def test_a_script_that_fails_is_a_failed_run_also_offline(
    run_program: RunProgram, server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """`WANDB_MODE=offline` keeps all of it on disk; `weave-core sync` brings it, with its error."""
    environment = {"WANDB_PROJECT": project, "WANDB_RUN_ID": "r2", "WANDB_MODE": "offline"}
    environment |= {"WEAVE_CORE_ENDPOINT": server.url, "WANDB_DIR": str(tmp_path)}
    run_program(SCRIPT, "fail", check=False, **environment)
    assert project not in client_projects(client)
    assert sync(server.url, home=tmp_path / "home").failure == ""
    found = client.run("r2", project).info
    assert (found.state, found.writers[0].error) == ("failed", "ValueError: no data")
    assert points(client, project, "r2")["loss"][7] == 0.05


@pytest.mark.parametrize("variable", ["WANDB_MODE=disabled", "WANDB_DISABLED=true"])
def test_a_script_that_is_disabled_keeps_nothing(
    run_program: RunProgram, server: ServerProcess, client: Client, project: str, variable: str
) -> None:
    """It runs to its end, and neither the server nor the disk has heard of it."""
    name, _, value = variable.partition("=")
    code = SCRIPT.replace('wandb.summary["loss"]', "0")
    where = {"WANDB_PROJECT": project, "WEAVE_CORE_ENDPOINT": server.url}
    run_program(code, **where, **{name: value})
    assert project not in client_projects(client)


@pytest.mark.usefixtures("tracing")
def test_steps_are_counted_as_wandb_counts_them(client: Client, project: str) -> None:
    """One up for each commit; a given step moves the counter and stays open; an old one is kept."""
    with wandb.init() as run:
        run.log({"a": 1})
        run.log({"a": 2}, commit=False)
        run.log({"b": 2})
        run.log({"a": 3}, step=10)
        run.log({"b": 3})
        run.log({"a": 4}, step=20, commit=True)
        run.log({"a": 0}, step=5)
        run.log({"a": 9}, step=-1)
        wandb.log({"a": 5})
    assert points(client, project, run.id) == {
        "a": {0: 1, 1: 2, 5: 0, 10: 3, 20: 4, 21: 5},
        "b": {1: 2, 10: 3},
    }
    assert "no whole number" in client.run(run.id, project).info.problems["*"]


@pytest.mark.usefixtures("tracing")
def test_the_axis_of_a_metric_is_logged_along(client: Client, project: str) -> None:
    """Its last value stands beside what was logged without it, unless `step_sync=False`."""
    with wandb.init() as run:
        epoch = run.define_metric("epoch")
        run.define_metric("val/*", step_metric=epoch)
        run.define_metric("lr", step_metric="epoch", step_sync=False)
        run.log({"val": 0, "epoch": 3})
        run.log({"val/loss": 1.0})
        run.log({"lr": 0.1})
    assert points(client, project, run.id)["epoch"] == {0: 3, 1: 3}


@pytest.mark.usefixtures("tracing")
def test_there_is_one_run_at_a_time_unless_asked(client: Client, project: str) -> None:
    """`init` again gives the run that is going on; `reinit` ends it, or begins one beside it."""
    first = wandb.init(tags="one")
    assert wandb.init(name="ignored") is first is wandb.run
    beside = wandb.init(reinit="create_new")
    assert wandb.run is first
    beside.finish(exit_code=3)
    second = wandb.init(reinit=True, resume="never", id="second")
    second.tags += ("more",)
    assert wandb.run is second
    second.finish()
    second.log({"late": 1})

    assert wandb.run is None
    states = {each.run_id: (each.state, each.tags) for each in client.runs(project)}
    assert states == {
        first.id: ("finished", ["one"]),
        beside.id: ("failed", []),
        "second": ("finished", ["more"]),
    }
    with pytest.raises(ConfigError, match="never"):
        wandb.init(id="second", resume="never")


@pytest.mark.usefixtures("tracing")
def test_a_config_changes_only_where_that_is_allowed() -> None:
    """As wandb has it: by `update`, or for the whole run; keys can be left out at the start."""
    with wandb.init(config={"lr": 1, "secret": 2}, config_exclude_keys=["secret"]) as run:
        assert run.config.setdefaults({"lr": 5, "batch": 8}) == {"lr": 1, "batch": 8}
        with pytest.raises(wandb.Error, match="allow_val_change"):
            run.config.lr = 2
        wandb.config.update({"lr": 3}, allow_val_change=True)
        assert run.config.as_dict() == {"lr": 3, "batch": 8}
    with wandb.init(config={"lr": 1}, allow_val_change=True) as run:
        run.config.lr = 2
        assert wandb.config["lr"] == 2


@pytest.mark.usefixtures("tracing")
def test_saved_files_are_kept_and_restored(client: Client, tmp_path: Path) -> None:
    """What is in `run.dir` by its name there, saved or not; another run's files come back."""
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "rows.csv").write_text("a,b")
    with wandb.init(id="saved", dir=tmp_path) as run:
        (Path(run.dir) / "model.pt").write_text("weights")
        (Path(run.dir) / "unsaved.txt").write_text("kept all the same")
        assert wandb.save(str(Path(run.dir) / "*.pt")) == ["model.pt"]
        assert run.save(tmp_path / "far" / "*", policy="now") == ["far/rows.csv"]
    with wandb.init(id="later", dir=tmp_path / "other") as run:
        back = wandb.restore("model.pt", run_path=f"team/{run.project}/saved")
        kept = wandb.restore("model.pt", run_path="saved")
        assert (back.read(), back.name) == ("weights", str(Path(run.dir) / "model.pt"))
        assert kept.name == back.name
        back.close(), kept.close()
        with pytest.raises(NotFound, match="keeps no file"):
            run.file("model.pt")
    names = [file.name for file in client.run("saved").files()]
    assert names == ["far/rows.csv", "model.pt", "unsaved.txt"]
    with client.run("later").file("model.pt").download(tmp_path).open() as file:
        assert file.read() == "weights"


@pytest.mark.usefixtures("tracing")
@pytest.mark.parametrize("name", [*sorted(INSTEAD), "no_such_call"])
def test_what_is_not_there_says_what_to_do_instead(name: str) -> None:
    """`hasattr` says no; who uses it reads what was asked, on the module and on a run alike."""
    with wandb.init(mode="disabled") as run:
        for owner in (wandb, run):
            assert not hasattr(owner, name)
            with pytest.raises(NotProvided, match=rf"{name} was asked for.*\(.{{10,}}\)"):
                getattr(owner, name)


def test_before_a_run_each_call_says_to_begin_one() -> None:
    """Nothing is lost in silence."""
    assert wandb.run is None
    wandb.finish()
    for use in (lambda: wandb.log({}), lambda: wandb.config, lambda: wandb.define_metric("a")):
        with pytest.raises(WeaveError, match="begin a run"):
            use()
    with pytest.raises(ConfigError, match="mode='of'"):
        wandb.init(mode="of")  # type: ignore[arg-type]  # The mistake.


def test_media_of_wandb_are_kept_as_ours(client: Client, tracing: None, tmp_path: Path) -> None:
    """Its arguments for boxes, masks, films, tables and histograms; a wrong one is left out."""
    del tracing
    pixels = np.zeros((10, 20, 3), "uint8")
    place = {"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 0.4}
    box = {"position": place, "class_id": 1, "scores": {"acc": 0.5}}
    boxes = {"guess": {"box_data": [box], "class_labels": {1: "cat"}}}
    masks = {"truth": {"mask_data": np.ones((10, 20), int), "class_labels": {1: "cat"}}}
    (tmp_path / "page.html").write_text("<b>b</b>")
    with wandb.init(id="shows") as run:
        table = wandb.Table(columns=["a", "b"], data=[[1, wandb.Image(pixels)]])
        table.add_data(2)
        table.add_column("c", ["x"])
        run.log(
            {
                "picture": wandb.Image(pixels + 0.0, caption="c", boxes=boxes, masks=masks),
                "film": wandb.Video(np.zeros((2, 3, 8, 8), "uint8"), fps=4),
                "sound": wandb.Audio(np.zeros(100), sample_rate=8000),
                "page": wandb.Html(str(tmp_path / "page.html")),
                "spread": wandb.Histogram(np_histogram=np.histogram([1, 2, 3], bins=2)),
                "table": table,
                "gone": wandb.Object3D("gone.obj"),
            }
        )
    stored = client.run("shows")
    [picture] = stored.media("picture")
    assert picture.info["boxes"] == [
        {"box": [2, 2, 10, 4], "label": "cat", "group": "guess", "score": 0.5}
    ]
    assert (picture.info["labels"], picture.info["masks"][0]["name"]) == ({"1": "cat"}, "truth")
    assert stored.media_keys == ["film", "page", "picture", "sound", "spread", "table"]
    assert next(stored.media("page")).read() == b"<b>b</b>"
    assert next(stored.media("spread")).info["counts"] == [1, 2]
    [row] = next(stored.media("table")).to_rows()
    assert (row["a"], row["b"]["kind"], row["c"]) == (1, "image", "x")
    assert list(stored.info.problems) == ["gone"]


def test_artifacts_of_wandb_are_versions_of_ours(
    client: Client, tracing: None, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its arguments for logging, using and reading one, on the module, a run and the `Api`."""
    del tracing
    monkeypatch.chdir(tmp_path)  # Models are brought to where the program is.
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("hello")
    with wandb.init(id="maker") as run:
        made = wandb.Artifact("set", type="dataset", metadata={"n": 1})
        made.add_dir(str(tmp_path / "data"))
        made.add(wandb.Table(columns=["x"], data=[[1]]), "rows")
        wandb.log_artifact(made, aliases=["latest", "best"])
        assert (made.wait().name, made.version, made.state) == ("set:v0", "v0", "COMMITTED")
        run.log_model(tmp_path / "data" / "a.txt", "net")
    with wandb.init(id="user"):
        found = wandb.use_artifact("set:best", type="dataset")
        folder = Path(found.download(str(tmp_path / "out")))
        assert (folder / "a.txt").read_text() == "hello"
        assert found.metadata == {"n": 1}
        assert Path(wandb.use_model("net:latest")).read_text() == "hello"
    assert wandb.Api().artifact(f"team/{project}/set:v0").digest == made.digest
    assert not wandb.Api().artifact_exists("set:v7")
    assert {use.name for use in client.list_run_artifacts(project, "user")} == {"net", "set"}
