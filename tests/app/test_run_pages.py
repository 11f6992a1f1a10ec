"""The pages of runs as Streamlit's own test runner draws them, over a real server."""

import sys
from pathlib import Path

import numpy as np
import pytest
from support.programs import wait_for
from support.screens import component_data, components_data, draw
from support.sent_spans import otlp_span, send_spans
from support.servers import ServerProcess
from support.trainings import training

import weave_core
from weave_core import Client
from weave_core.app.key_order import telling_first
from weave_core.app.process import START
from weave_core.app.run_charts import group_means, groups_by, lines_of, sections_of, unit_of
from weave_core.model import MetricDefinition, Run, RunSeries

PAGES = START.parents[1] / "pages"
RUNS = str(PAGES / "runs.py")
RUN = str(PAGES / "run.py")
COMPARE = str(PAGES / "runs_compare.py")


pytestmark = pytest.mark.usefixtures("app_reads_the_server")


@pytest.fixture
def project_with_runs(server: ServerProcess, client: Client, project: str, tmp_path: Path) -> str:
    """Two runs, one of which has a metric that became NaN and something that was left out."""
    with training(project, server.url, tmp_path / "home"):
        for number in range(2):
            config = {"lr": 0.1, "model": {"depth": number}}
            with weave_core.run(name=f"r{number}", id=f"r{number}", config=config) as run:
                for step in range(20):
                    run.log({"loss": 1.0 / (step + 1), "val": {"acc": step}}, step=step)
                if number:
                    run.log({"loss": float("nan"), "note": "text"})
                    sys.stderr.write("a <b>warning</b>\n" * 3)
    wait_for(lambda: all("loss" in each.summary for each in client.runs(project)))
    return project


def test_the_list_has_config_and_metrics(project_with_runs: str) -> None:
    """A row says how a run stands, what came of it and in which config it differs."""
    table = component_data(draw(RUNS, project=project_with_runs), "run_list")
    newest, oldest = table["rows"]
    assert [each["id"] for each in table["columns"]] == ["m:val.acc", "m:loss", "c:model.depth"]
    assert ["c:lr", "lr", "config"] in table["options"]
    assert newest["url"] == f"./run?project={project_with_runs}&run=r1"
    assert (oldest["state"], oldest["step"]) == ("finished", 19)
    assert (newest["cells"], oldest["cells"]) == (["19", "NaN", "1"], ["19", "0.05", "0"])


def test_the_list_has_the_order_columns_and_groups_of_its_address(project_with_runs: str) -> None:
    """What a reader made of the table is a link."""
    address = {"order": "config['model.depth']", "cols": "c:lr", "by": "group"}
    table = component_data(draw(RUNS, project=project_with_runs, **address), "run_list")
    assert [row["id"] for row in table["rows"]] == ["r0", "r1"]
    assert [row["cells"] for row in table["rows"]] == [["0.1"], ["0.1"]]
    assert table["is_grouped"]
    assert table["columns"][0]["order"] == "config['lr']"


def test_the_list_is_filtered_and_says_what_is_wrong_with_a_filter(project_with_runs: str) -> None:
    """The filter language of all lists; an error stands under its place."""
    found = draw(RUNS, project=project_with_runs, filter="config['model.depth'] < 0.5")
    wrong = draw(RUNS, project=project_with_runs, filter="metrics['loss'] = 'low'")
    assert [row["id"] for row in component_data(found, "run_list")["rows"]] == ["r0"]
    assert any("is a number" in each.value for each in wrong.text)


def test_runs_are_compared_by_what_differs(project_with_runs: str) -> None:
    """Only config values that are not the same; one number of runs is refused with what to do."""
    address = {"project": project_with_runs, "ids": "r0,r1"}
    charts = component_data(draw(COMPARE, **address), "chart_grid")
    config, results = components_data(draw(COMPARE, **address, view="Differences"), "figure_table")
    relations = component_data(draw(COMPARE, **address, view="Relations"), "run_relations")
    alone = draw(COMPARE, project=project_with_runs, ids="r0")
    assert [line["name"] for line in charts["lines"]] == ["r0", "r1"]
    assert [each["id"] for each in charts["charts"]["loss"]] == ["r0", "r1"]
    assert [row["cells"][0] for row in config["rows"]] == ["model.depth"]
    assert [row["cells"][0] for row in results["rows"]] == ["val.acc", "loss"]
    assert [axis["id"] for axis in relations["axes"]] == ["c:model.depth", "m:val.acc", "m:loss"]
    assert any("pick them in the list of runs" in each.value for each in alone.text)


def test_all_runs_are_looked_at_by_what_they_share(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Groups lead to their runs; the config value that matters stands first, with its interval."""
    with training(project, server.url, tmp_path / "home"):
        for number in range(6):
            config = {"lr": number, "kind": "ab"[number % 2]}
            with weave_core.run(group=f"g{number % 2}", config=config, capture=False) as run:
                run.log({"loss": float(number)})
    wait_for(lambda: sum("loss" in each.summary for each in client.runs(project)) == 6)
    groups = component_data(draw(RUNS, project=project, show="Groups"), "figure_table")
    by_kind = draw(RUNS, project=project, show="Groups", groups_by="config.kind")
    told = component_data(draw(RUNS, project=project, show="Importance"), "figure_table")
    table = draw(RUNS, project=project)
    lines = component_data(draw(RUNS, project=project, show="Charts"), "chart_grid")
    means = component_data(
        draw(RUNS, project=project, show="Charts", lines="config.kind"), "chart_grid"
    )
    related = component_data(draw(RUNS, project=project, show="Relations"), "run_relations")

    assert any(each.value == "6 runs:" for each in table.caption)
    [button] = [each for each in table.button if each.label == "6 finished"]
    assert button.click().run().text_input(key="filter").value == "state = 'finished'"
    assert len(lines["charts"]["loss"]) == 6
    assert not lines["has_means"]
    assert means["has_means"]
    assert {line["name"] for line in means["lines"]} == {"kind a", "kind b"}
    [first, _] = means["charts"]["loss"]
    assert (first["high"], first["deviation"][0] > 1) == ([5.0], True)
    assert [axis["id"] for axis in related["axes"]] == ["c:lr", "c:kind", "m:loss"]
    assert [row["cells"][0]["text"] for row in groups["rows"]] == ["g1", "g0"]
    assert groups["rows"][0]["cells"][1:3] == ["3", "3 finished"]
    assert groups["rows"][0]["cells"][3]["text"] == "3 ± 2"
    assert "group_name+%3D+%27g1%27" in groups["rows"][0]["url"]
    kinds = component_data(by_kind, "figure_table")["rows"]
    assert [row["cells"][0]["text"] for row in kinds] == ["b", "a"]
    assert [row["cells"][0]["text"] for row in told["rows"]] == ["lr", "kind"]
    assert told["rows"][0]["cells"][1]["bar"]["value"] == 1.0
    assert told["rows"][0]["cells"][3] == "grows with it"


def test_a_project_without_runs_says_how_to_begin(server: ServerProcess, project: str) -> None:
    """Whoever has logged nothing yet is told what to write."""
    send_spans(server.url, project, [otlp_span(1, 1)])
    screen = draw(RUNS, project=project)
    assert any(f'weave_core.run("{project}"' in each.value for each in screen.markdown)


def test_a_run_shows_what_was_left_out_and_its_config(project_with_runs: str) -> None:
    """What was no number is said, not hidden; nested names have dots."""
    screen = draw(RUN, project=project_with_runs, run="r1", view="Config and summary")
    config, summary = components_data(screen, "value_list")
    [(key, problem)] = component_data(screen, "run_header")["problems"]
    assert (key, problem[:16]) == ("note", "a str was logged")
    assert config["rows"] == [["lr", "0.1"], ["model.depth", "1"]]
    assert ["val.acc", "19"] in summary["rows"]


def test_what_a_run_printed_is_on_its_page(project_with_runs: str) -> None:
    """The newest lines, searched for and by stream; a run that printed nothing says what to do."""
    address = {"project": project_with_runs, "view": "Console"}
    told = component_data(draw(RUN, **address, run="r1", find="WARN"), "console_view")
    other = component_data(draw(RUN, **address, run="r1", stream="stdout"), "console_view")
    silent = component_data(draw(RUN, **address, run="r0"), "console_view")
    assert [line[1] for line in told["lines"]] == ["stderr"] * 3
    assert told["lines"][0][5] == "a <b>warning</b>"
    assert (told["total"], told["older"], told["is_tail"]) == (3, None, True)
    assert (other["lines"], other["total"], other["empty"]) == ([], 3, "No line has that.")
    assert "descriptors" in silent["empty"]


def test_media_of_a_run_are_on_its_page(
    server: ServerProcess, project: str, tmp_path: Path
) -> None:
    """Cards by key, what is too much counted; a run without media says how to log some."""
    pixels = np.zeros((4, 4), "uint8")
    with training(project, server.url, tmp_path / "home"), weave_core.run(id="m") as run:
        run.log({"many": [weave_core.Image(pixels)] * 100}, step=1)
        run.log({"table": weave_core.Table([[1]], columns=["a"])}, step=2)
        run.log({"spread": weave_core.Histogram([1, 2])}, step=2)
        curve = weave_core.Table([[1, 2.0], [2, 1.0]], columns=["x", "y"])
        run.log({"curve": curve.with_chart("line", x="x", y="y")}, step=2)
    with training(project, server.url, tmp_path / "home"), weave_core.run(id="none", capture=False):
        pass
    address = {"project": project, "view": "Media"}
    screen = draw(RUN, **address, run="m")
    told = component_data(screen, "media_gallery")
    many, spread = told["sections"]
    assert (len(many["items"]), told["left_out"]) == (80, 20)
    assert many["items"][0]["type"] == "image/png"
    assert spread["histograms"][0]["entries"][0]["count"] == 2
    assert (told["step"], told["steps"]) == (2, [1, 2])
    assert [list(frame.value.columns) for frame in screen.dataframe] == [["x", "y"], ["a"]]
    assert [each.label for each in screen.expander] == ["Rows"]
    empty = draw(RUN, **address, run="none")
    assert any("weave_core.Image" in each.value for each in empty.markdown)
    calls = draw(RUN, project=project, run="none", view="Calls")
    assert any("@weave_core.op" in each.value for each in calls.markdown)
    code = draw(RUN, project=project, run="none", view="Code")
    assert any("capture" in each.value for each in code.markdown)
    measured = component_data(draw(RUN, project=project, run="m", view="System"), "chart_grid")
    silent = component_data(draw(RUN, project=project, run="none", view="System"), "chart_grid")
    assert measured["x"] == "time"
    assert "step" not in dict(measured["axes"])
    [cpu] = measured["charts"]["system/memory.used_bytes"]
    assert len(cpu["x"]) == len(cpu["y"]) > 0
    assert "psutil" in silent["empty"]


def test_the_calls_of_a_run_lead_to_their_traces_and_back(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """A run's own span is none of them; what was called outside of the run is not there."""

    @weave_core.op
    def answer(question: str) -> str:
        return question.upper()

    with training(project, server.url, tmp_path / "home"):
        with weave_core.run(id="asks", capture=False):
            answer("why?")
        answer("outside")
        assert weave_core.flush()
        wait_for(lambda: len(client.list_traces(project).items) == 3)
    calls = component_data(draw(RUN, project=project, run="asks", view="Calls"), "figure_table")
    [row] = calls["rows"]
    screen = draw(str(PAGES / "trace.py"), project=project, trace=row["id"])
    assert "why?" in row["cells"][2]["text"]
    assert row["url"] == f"./trace?project={project}&trace={row['id']}"
    detail = component_data(screen, "span_detail")
    assert detail["run_url"] == f"./run?project={project}&run=asks"


def test_media_of_runs_are_compared_side_by_side(
    server: ServerProcess, project: str, tmp_path: Path
) -> None:
    """Of each key the last one until the step, a card a run; tables too, large ones cut."""
    for place, name in enumerate("ab"):
        with (
            training(project, server.url, tmp_path / "home"),
            weave_core.run(id=name, name=name) as run,
        ):
            run.log({"seen": weave_core.Image(np.full((2, 2), place, "uint8"))}, step=place)
            table = weave_core.Table([[number] for number in range(3_000)], columns=["n"])
            run.log({"rows": table, "spread": weave_core.Histogram([1, place])}, step=3)
    screen = draw(COMPARE, project=project, ids="a,b", view="Media")
    told = component_data(screen, "media_gallery")
    seen, spread = told["sections"]
    assert [(each["owner"], each["step"]) for each in seen["items"]] == [("a", 0), ("b", 1)]
    assert [each["name"] for each in spread["histograms"]] == ["a", "b"]
    assert told["steps"] == [0, 1, 3]
    assert [len(frame.value) for frame in screen.dataframe] == [2_000, 2_000]
    assert any("of 3,000 rows" in each.value for each in screen.caption)


def test_files_of_a_run_are_on_its_page(
    server: ServerProcess, project: str, tmp_path: Path
) -> None:
    """Folders first, each with its sum; what is picked is shown by what it is."""
    kept = tmp_path / "kept"
    (kept / "deep").mkdir(parents=True)
    (kept / "deep" / "m.bin").write_bytes(b"\0" * 3000)
    (kept / "rows.csv").write_text("a,b\n1,2\n")
    (kept / "said.json").write_text('{"loss": 0.5}')
    (kept / "broken.json").write_text("{")
    (kept / "log.txt").write_text("epoch 1")
    with training(project, server.url, tmp_path / "home"), weave_core.run(id="f") as run:
        run.save(kept, base_path=kept)
    address = {"project": project, "view": "Files", "run": "f"}
    rows = component_data(draw(RUN, **address), "figure_table")["rows"]
    names = [row["cells"][0]["text"] for row in rows]
    inside = component_data(draw(RUN, **address, folder="deep/"), "figure_table")["rows"]
    values = draw(RUN, **address, file="rows.csv")
    told = component_data(draw(RUN, **address, file="said.json"), "json_value")
    broken = draw(RUN, **address, file="broken.json")
    text = draw(RUN, **address, file="log.txt")
    binary = draw(RUN, **address, file="deep/m.bin")

    assert names == ["deep/", "broken.json", "log.txt", "rows.csv", "said.json"]
    assert rows[0]["cells"][1] == "2.9 KiB"
    assert [row["pick"] for row in inside] == ["/", "deep/m.bin"]
    assert values.dataframe[0].value.to_dict("list") == {"a": [1], "b": [2]}
    assert told["value"] == {"loss": 0.5}
    assert any("can't be shown" in each.value for each in broken.caption)
    assert [each.value for each in text.code] == ["epoch 1"]
    assert any("no text" in each.value for each in binary.caption)


def test_the_charts_of_a_run_come_by_section_with_what_is_no_number(
    project_with_runs: str,
) -> None:
    """The first ones come with the page; x is what the address says."""
    by_step = component_data(draw(RUN, project=project_with_runs, run="r1"), "chart_grid")
    by_key = component_data(
        draw(RUN, project=project_with_runs, run="r0", x="val.acc", keys="loss"), "chart_grid"
    )
    assert by_step["sections"] == [["", ["loss"]], ["val", ["val.acc"]]]
    [loss] = by_step["charts"]["loss"]
    assert (len(loss["x"]), loss["y"][:2], loss["y"][-1]) == (21, [1.0, 0.5], "NaN")
    assert list(by_key["charts"]) == ["loss"]
    assert by_key["charts"]["loss"][0]["x"] == [float(step) for step in range(20)]


def test_each_chart_has_the_axis_that_its_metric_was_defined_with(
    server: ServerProcess, client: Client, project: str, tmp_path: Path
) -> None:
    """Without a choice; with one all have that.  Runs over each other have it too."""
    with training(project, server.url, tmp_path / "home"):
        for name in "ab":
            with weave_core.run(id=name, config={"lr": name}, capture=False) as run:
                run.define_metric("val/*", step_metric="epoch")
                for step in range(4):
                    run.log({"loss": step, "epoch": step / 4, "val/acc": step}, step=step)
    wait_for(lambda: sum("val/acc" in each.summary for each in client.runs(project)) == 2)
    own = component_data(draw(RUN, project=project, run="a"), "chart_grid")
    by_time = component_data(draw(RUN, project=project, run="a", x="time"), "chart_grid")
    address = {"project": project, "ids": "a,b"}
    over = component_data(draw(COMPARE, **address), "chart_grid")
    means = component_data(draw(COMPARE, **address, lines="config.lr"), "chart_grid")

    assert own["axis_of"] == {"loss": "step", "epoch": "step", "val/acc": "epoch"}
    assert own["charts"]["val/acc"][0]["x"] == [0.0, 0.25, 0.5, 0.75]
    assert own["charts"]["loss"][0]["x"] == [0, 1, 2, 3]
    assert by_time["axis_of"] == {}
    assert [each["x"][1] for each in over["charts"]["val/acc"]] == [0.25, 0.25]
    assert [line["name"] for line in means["lines"]] == ["lr a", "lr b"]
    assert means["charts"]["val/acc"][0]["high"][-1] == 3.0


def test_the_mean_of_a_group_goes_no_further_than_its_runs() -> None:
    """Between points it is read; before the first and behind the last it is not made up."""
    runs = [_run("a", group="g"), _run("b", group="g"), _run("c", group=None)]
    series = [
        RunSeries(run_id="a", key="loss", count=3, steps=[0, 2, 4], values=[0, 2, 4]),
        RunSeries(run_id="b", key="loss", count=3, steps=[2, 3, 4], values=[4, "NaN", 6]),
        RunSeries(run_id="c", key="loss", count=1, steps=[1], values=["NaN"]),
    ]
    means = group_means(groups_by(runs, "group"), series, x="step")
    assert list(means) == ["g"]
    assert means["g"]["x"] == [0.0, 2.0, 4.0]
    assert means["g"]["y"] == [0.0, 3.0, 5.0]
    assert (means["g"]["low"], means["g"]["high"]) == ([0.0, 2.0, 4.0], [0.0, 4.0, 6.0])


def test_a_run_keeps_its_colour_when_others_join() -> None:
    """Colours go by ids; of twenty runs no two look the same."""
    alone = lines_of({"run7": "seven"})["run7"]
    together = lines_of({"run7": "seven", **{f"r{n}": str(n) for n in range(19)}})
    assert together["run7"] == alone
    assert len({(line.color, line.is_dashed) for line in together.values()}) == len(together)


def test_the_metrics_that_tell_most_come_first() -> None:
    """What has a goal, then results on held-out data; clocks, speeds and the machine last."""
    keys = ["epoch", "grad_norm", "train/loss", "val/x", "eval.loss", "mine", "system/cpu.percent"]
    goal = {"mine": MetricDefinition(goal="maximize")}
    assert telling_first(keys, goal) == [
        *("mine", "eval.loss", "val/x", "train/loss"),
        *("epoch", "grad_norm", "system/cpu.percent"),
    ]


def test_keys_are_gathered_by_what_is_before_the_first_mark() -> None:
    """Slashes and dots both; a mark in front is part of the name."""
    assert sections_of(["val/b", "a", "val.a", ".x"]) == {
        "": [".x", "a"],
        "val": ["val.a", "val/b"],
    }
    figures = ["cpu.percent", "gpu.1.power_w", "disk.read_bytes_per_s", "process.threads"]
    machine = [f"system/{each}" for each in figures]
    assert list(sections_of(machine)) == ["gpu 1", "machine", "process"]
    assert [unit_of(each) for each in machine] == ["%", "W", "B/s", ""]


def _run(run_id: str, *, group: str | None) -> Run:
    return Run(
        run_id=run_id,
        project="p",
        name=run_id,
        group=group,
        state="finished",
        started_ns=0,
        heartbeat_ns=0,
        trace_id="0" * 32,
    )
