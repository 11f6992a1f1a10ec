"""Names and arguments that scripts for wandb use: each does what it says, or says what to do."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.servers import ServerProcess
from support.trainings import training

from weave_core import Client
from weave_core.compat import wandb
from weave_core.compat.wandb_curves import confusion_rows, precision_rows, roc_rows
from weave_core.errors import BadFilter, ConfigError, NotFound

PUBLIC = [
    "init", "finish", "setup", "login", "save", "sweep", "controller", "agent", "config", "log",
    "summary", "Api", "Graph", "Image", "Plotly", "Video", "Audio", "Table", "EvalTable", "Html",
    "box3d", "Object3D", "Molecule", "Histogram", "ArtifactTTL", "log_artifact", "use_artifact",
    "log_model", "use_model", "link_model", "define_metric", "Error", "termsetup", "termlog",
    "termerror", "termwarn", "Artifact", "Settings", "teardown", "watch", "unwatch", "plot",
    "plot_table", "restore", "Run", "AlertLevel", "CommError", "UsageError", "Classes",
    "JoinedTable", "alert", "join", "require", "mark_preempting", "pin_config_keys", "keras",
    "sklearn", "tensorboard", "xgboost", "lightgbm", "catboost", "sacred", "jupyter",
    "ensure_configured", "helper", "sagemaker_auth", "visualize",
]  # fmt: skip
"""What `wandb/__init__.py` of 0.31 has in public."""
MODULES = [
    "apis.public", "data_types", "errors", "errors.errors", "errors.term",
    "integration", "integration.keras", "integration.lightgbm", "integration.xgboost",
    "keras", "lightgbm", "sklearn", "xgboost", "plot",
    "sdk", "sdk.data_types", "sdk.lib", "sdk.lib.config_util", "sdk.lib.runid", "sdk.wandb_run",
    "util", "wandb_run",
]  # fmt: skip


@pytest.fixture
def run(project: str, server: ServerProcess, tmp_path: Path) -> Iterator[Any]:
    """A run that is going on."""
    with training(project, server.url, tmp_path / "home"):
        yield wandb.init("team", project, tmp_path, "one", "by position", config={"lr": 0.1})
        wandb.finish()


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_of_wandb_is_there_or_says_what_to_do(name: str) -> None:
    """None is answered with a shrug."""
    with wandb.init(mode="disabled", config={"a": 1}):
        assert hasattr(wandb, name) or name in wandb.INSTEAD


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_libraries_import_from_has_its_names(name: str) -> None:
    """`from wandb.X import Y` with another first word."""
    module = importlib.import_module(f"weave_core.compat.wandb.{name}")
    assert all(hasattr(module, each) for each in module.__all__)
    if name in {"util", "integration", "plot", "keras", "lightgbm", "sklearn", "xgboost"}:
        with pytest.raises(AttributeError, match="no_such was asked for"):
            _ = module.no_such


def test_curves_are_those_of_scikit_learn() -> None:
    """Its own example of four scores; ties, names, one column of scores, chosen classes."""
    true, scores = [0, 0, 1, 1], np.array([0.1, 0.4, 0.35, 0.8])
    both = np.stack([1 - scores, scores], 1)
    assert roc_rows(true, both, None, [1]) == [
        [1, 0.0, 0.0], [1, 0.0, 0.5], [1, 0.5, 0.5], [1, 0.5, 1.0], [1, 1.0, 1.0],
    ]  # fmt: skip
    assert roc_rows(true, scores, None, None) == roc_rows(true, both, None, [1])
    assert precision_rows(true, both, ["no", "yes"], [1], 3) == [
        ["yes", 0.667, 1.0], ["yes", 1.0, 0.5], ["yes", 1.0, 0.0],
    ]  # fmt: skip
    assert roc_rows([0, 1, 0, 1], [0.5] * 4, None, None) == [[1, 0.0, 0.0], [1, 1.0, 1.0]]
    assert roc_rows([1, 1], [[0.5], [0.4]], None, None) == [], "nothing to tell apart"
    with pytest.raises(ConfigError, match="2 labels and 1 rows"):
        roc_rows([0, 1], [[0.1, 0.9]], None, None)


def test_a_confusion_matrix_counts_classes_by_place_or_by_name() -> None:
    """Scores or predictions; classes that never occur have a row of zeros."""
    by_scores, names = confusion_rows([[0.9, 0.1], [0.2, 0.8]], [0, 0], None, ["a", "b"])
    assert (by_scores, names) == (
        [["a", "a", 1], ["a", "b", 1], ["b", "a", 0], ["b", "b", 0]],
        ["a", "b"],
    )
    assert confusion_rows(None, ["b", "a"], ["b", "b"], ["a", "b"])[0][1] == ["a", "b", 1]
    assert confusion_rows(None, [5, 7], [5, 5], None)[1] == ["Class_1", "Class_2"]
    with pytest.raises(ConfigError, match="one of them"):
        confusion_rows(None, [1], None, None)


def test_a_chart_that_can_not_be_made_stops_nothing(run: Any, client: Client) -> None:
    """A column that is not there: the table alone.  Labels without predictions: left out."""
    table = wandb.Table(columns=["x"], data=[[1]])
    own = wandb.plot_table("me/my-spec/v0", table, {"x": "x"})
    area = wandb.plot_table("wandb/bar/v0", table, {"label": "x", "value": "x"}, {"title": "t"})
    run.log({"line": wandb.plot.line(table, "x", "gone"), "own": own, "area": area})
    run.log({"matrix": wandb.plot.confusion_matrix(y_true=[1]), "list": [1.0, 2.0], "word": "w"})
    wandb.finish()
    stored = client.run("one")
    assert stored.media_keys == ["area", "line", "list", "own"]
    charts = {key: next(stored.media(key)).info.get("chart") for key in stored.media_keys}
    assert charts["area"] == {"kind": "bar", "x": "x", "y": "x", "title": "t"}
    assert (charts["line"], charts["own"]) == (None, None)
    assert (list(stored.info.problems), stored.info.summary["word"]) == (["matrix"], "w")
    assert (stored.info.name, run.entity, run.path) == (
        "by position", "team", f"team/{stored.project}/one",
    )  # fmt: skip


def test_plots_of_estimators_are_charts_of_the_run(run: Any, client: Client) -> None:
    """Labels and scores need no scikit-learn; an estimator without importances is no error."""
    true, scores = [0, 1, 1, 0], np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.6, 0.4]])
    wandb.sklearn.plot_confusion_matrix(np.array(true), scores.argmax(1), ["no", "yes"])
    wandb.sklearn.plot_roc(true, scores, ["no", "yes"])
    wandb.sklearn.plot_precision_recall(true, scores, ["no", "yes"])
    model = type("Model", (), {"feature_importances_": np.array([0.2, 0.8])})()
    wandb.sklearn.plot_feature_importances(model, ["width", "height"])
    wandb.sklearn.plot_feature_importances(object())
    wandb.finish()
    stored = client.run(run.id)
    keys = ["confusion_matrix", "feature_importances", "precision_recall", "roc"]
    assert stored.media_keys == keys
    [importances] = stored.media("feature_importances")
    assert importances.to_rows()[0] == {"feature": "height", "importance": 0.8}


def test_an_alert_is_in_the_console_and_among_the_media(run: Any, client: Client) -> None:
    """Once within the time that it waits; nothing of it is a step of its own."""
    wandb.alert("Low", "it is 0.3", level=wandb.AlertLevel.WARN)
    wandb.alert("Low", "again")
    run.alert(title="Low", text="at once", level="ERROR", wait_duration=0)
    run.log({"a": 1})
    wandb.finish()
    stored = client.run("one")
    texts = [alert.read().decode() for alert in stored.media("alerts")]
    assert texts == ["**ERROR: Low**\n\nat once"], "at one step the later one stays"
    notes = [line.text for line in stored.console(stream="note")]
    assert notes == ["alert, WARN: Low: it is 0.3", "alert, ERROR: Low: at once"]
    assert stored.info.last_step == 0


def test_settings_leave_out_what_a_run_captures(run: Any, client: Client, project: str) -> None:
    """`wandb.setup` and `init` read them; what they say of a run holds where `init` is silent."""
    run.finish()
    settings = wandb.Settings(console="off", x_disable_stats=True, run_name="quiet", silent=True)
    wandb.setup({"run_group": "set-up"})
    with wandb.init(settings=settings, mode="online", id="no stats?") as quiet:
        print("not kept")
        assert (quiet.name, quiet.group, quiet.id) == ("quiet", "set-up", "no-stats-")
    wandb.SESSION.settings.clear()
    stored = client.run("no-stats-", project)
    assert list(stored.console()) == []
    assert (stored.info.name, stored.info.group, len(stored.system())) == ("quiet", "set-up", 0)


def test_the_api_finds_changes_and_deletes_runs(run: Any, client: Client, project: str) -> None:
    """MongoDB's conditions, orders, sampled history; a word that is none is told."""
    for number in range(5):
        run.log({"loss": 1 / (number + 1), "rare": number} if number % 2 else {"loss": 1.0})
    run.finish()
    for name in ("two", "three"):
        with wandb.init(id=name, name=name, tags=["late"], config={"lr": len(name)}) as other:
            other.log({"loss": len(name)})
    api = wandb.Api()

    def ids(filters: Any, order: str = "+created_at") -> list[str]:
        return [each.id for each in api.runs(f"team/{project}", filters, order)]

    assert ids({}) == ["one", "two", "three"]
    assert ids({"tags": {"$in": ["late"]}}, "-summary_metrics.loss") == ["three", "two"]
    assert ids({"$or": [{"display_name": {"$regex": "^th"}}, {"config.lr": {"$lt": 1}}]}) == [
        "one", "three",
    ]  # fmt: skip
    assert ids({"summary_metrics.loss": {"$gt": 2, "$lte": 3}, "state": {"$ne": "running"}}) == [
        "two"
    ]
    assert ids({"config.none": {"$exists": True}}) == []
    for wrong in ({"config.lr": {"$near": 1}}, {"colour": "red"}):
        with pytest.raises(BadFilter, match="give"):
            ids(wrong)
    with pytest.raises(BadFilter, match="an order"):
        ids({}, "colour")
    found = api.run(f"team/{project}/one")
    rows = list(found.scan_history(keys=["loss", "rare"]))
    assert rows == [{"loss": 0.5, "rare": 1.0}, {"loss": 0.25, "rare": 3.0}]
    assert len(found.history(samples=2)) == 2
    [first, *_] = found.history(pandas=False)
    assert first["_step"] == 0
    assert first["_timestamp"] == pytest.approx(found._info.started_ns / 1e9, abs=60)
    assert list(found.scan_history(keys=["never"])) == []
    found.summary["judged"] = {"by": "me"}
    found.tags.append("seen")
    found.update()
    assert client.run("one").info.summary["judged.by"] == "me"
    assert (api.run("one").tags, api.run("one").summary["judged"]) == (["seen"], {"by": "me"})
    found.delete()
    with pytest.raises(wandb.errors.CommError):
        api.run("one")
    with pytest.raises(NotFound):
        api.run(f"{project}/nowhere")


def test_tables_and_pictures_take_what_scripts_give(
    run: Any, client: Client, tmp_path: Path
) -> None:
    """Computed columns, frames, annotations by `|` and `isinstance`."""
    table = wandb.Table(columns=["a"], data=np.array([[1], [2]]))
    table.add_computed_columns(lambda number, row: {"twice": row["a"] * 2, "number": number})
    assert table.get_column("twice") == [2, 4]
    assert list(table.get_dataframe().columns) == ["a", "twice", "number"]
    assert table.get_index() == [0, 1]
    picture: Any = wandb.Image(np.zeros((1, 3, 8, 8)), caption="a batch of one")
    assert isinstance(picture, wandb.Image)
    assert not isinstance(table, wandb.Image)
    assert wandb.Image | None
    again: Any = wandb.Image(picture, caption="again")
    assert (again.caption, again.content.facts["width"]) == ("again", 8)
    file = tmp_path / "p.png"
    file.write_bytes(again.content.make())
    half = {"minX": 0, "maxX": 0.5, "minY": 0, "maxY": 1}
    boxes = {"all": {"box_data": [{"position": half, "class_id": 1}], "class_labels": {1: "it"}}}
    run.log({"picture": again, "boxed": wandb.Image(str(file), boxes=boxes)})
    wandb.finish()
    [boxed] = client.run("one").media("boxed")
    assert boxed.info["boxes"][0]["box"] == [0, 0, 4, 8]


INSTALLED = """
import importlib.metadata, sys
import weave_core.compat.wandb as ours

if sys.argv[1] == "late":
    sys.modules["wandb"] = type(sys)("wandb")
    try:
        ours.install()
    except ours.Error as error:
        print(error)
    sys.exit()
assert ours.install() is ours.install()
import wandb
from wandb.sdk.wandb_run import Run
import wandb.errors.term

assert wandb is ours and Run is ours.Run and wandb.errors is ours.errors
print(importlib.metadata.version("wandb"))
assert "wandb" not in {each.name for each in importlib.metadata.distributions()}
try:
    import wandb.launch
except ModuleNotFoundError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("when", "told"), [("late", "call it first"), ("first", "0.31.0\nNo module named")]
)
def test_libraries_that_import_wandb_get_ours(
    run_program: Callable[..., Any], when: str, told: str
) -> None:
    """By each name, with its version; not where wandb itself was there before."""
    assert told in run_program(INSTALLED, when).stdout
