"""What the store promises about runs, whichever database it is."""

import math
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pyarrow.ipc  # type: ignore[import-untyped]  # It ships no types.
import pytest
from support.programs import wait_for
from support.servers import ServerProcess

import weave_core
from weave_core import Client
from weave_core.errors import BadRequest, NotFound
from weave_core.model import RunChanges
from weave_core.points import group_of, pack_points
from weave_core.tracing.run_spans import RunSpans
from weave_core.tracing.runs import Run
from weave_core.tracing.step_buffers import StepBuffer


@pytest.fixture
def tracing(
    server: ServerProcess, project: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Tracing as a training program has it."""
    monkeypatch.setenv("WEAVE_CORE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WEAVE_CORE_PROJECT", project)  # Where `client.run` looks.
    started = weave_core.init(project, server.url)
    yield
    started.shutdown()


def values(client: Client, run: Run, key: str, **asked: Any) -> dict[int, float]:
    """All points of a key, by step."""
    return values_of(client, run.id, key, **asked)


def values_of(client: Client, run_id: str, key: str, **asked: Any) -> dict[int, float]:
    """The same of a run by its id."""
    table = client.run(run_id).history([key], **asked).to_arrow().to_pydict()
    steps, logged = table["step"], table.get(key, [])
    return {step: value for step, value in zip(steps, logged, strict=True) if value is not None}


@pytest.mark.usefixtures("tracing")
def test_what_was_logged_comes_back_exactly(client: Client) -> None:
    """Values, steps in any order, NaN and infinity, nested names; a later value wins."""
    with weave_core.run(config={"lr": 0.1, "model": {"depth": 3}}, name="first", tags=["a"]) as run:
        for step in random.Random(1).sample(range(10_000), 10_000):
            run.log({"loss": 1 / (step + 1), "seen": step}, step=step)
        run.log({"val": {"loss": math.nan, "top": math.inf}}, step=500)
        run.log({"loss": 7.0}, step=3)

    found = client.run(run.id).info
    logged = values(client, run, "loss")
    assert logged == {step: 1 / (step + 1) for step in range(10_000)} | {3: 7.0}
    assert math.isnan(values(client, run, "val.loss")[500])
    assert values(client, run, "val.top") == {500: math.inf}
    assert (found.state, found.name, found.tags, found.last_step) == (
        *("finished", "first", ["a"]),
        9_999,
    )
    assert found.config == {"lr": 0.1, "model": {"depth": 3}}
    assert [each.state for each in found.writers] == ["finished"]


@pytest.mark.parametrize("steps", [range(5, 14_000, 3), [2**62], [0, 2**63 - 2], [7, 8, 11]])
@pytest.mark.usefixtures("tracing")
def test_a_table_has_all_steps_however_they_lie(
    client: Client, server: ServerProcess, project: str, steps: Sequence[int]
) -> None:
    """Ours has them, told by one word or not; whoever does not ask for that word gets a column."""
    with weave_core.run() as run:
        for place, step in enumerate(steps):
            run.log({"x": place, "y": math.nan}, step=step)
    path = f"{server.url}/api/projects/{project}/runs/{run.id}/history?format=arrow"
    plain = pyarrow.ipc.open_stream(httpx.get(path).content).read_all()
    ours = client.run(run.id).history().to_arrow()

    assert ours["step"].to_pylist() == [*steps]
    assert ours["x"].to_pylist() == [*map(float, range(len(steps)))]
    assert ours.schema.metadata is None
    assert (plain.schema, plain["step"], plain["x"]) == (ours.schema, ours["step"], ours["x"])


@pytest.mark.usefixtures("tracing")
def test_packed_points_are_the_same_as_new_ones(client: Client) -> None:
    """What is read does not change when the background packs it; sums are those of the points."""
    numbers = random.Random(2)
    logged = {step: numbers.gauss(0, 1) for step in range(9_000)}
    with weave_core.run() as run:
        for step, value in logged.items():
            run.log({"x": value}, step=step)
    before = values(client, run, "x")
    wait_for(lambda: client.run(run.id).info.summary.get("x") == logged[8_999])
    [key] = client.run(run.id).keys().items

    assert before == values(client, run, "x") == logged
    assert (key.count, key.min, key.max) == (9_000, min(logged.values()), max(logged.values()))
    assert key.mean == pytest.approx(sum(logged.values()) / 9_000)
    assert logged[key.min_step or 0] == key.min


@pytest.mark.usefixtures("tracing")
def test_a_chart_loses_no_spike(client: Client, project: str) -> None:
    """Of many points few are given, and every one-point spike is among them, up or down."""
    spikes = {step: (-1) ** step * 50.0 for step in range(777, 60_000, 6_000)}
    with weave_core.run() as run:
        for step in range(60_000):
            run.log({"loss": spikes.get(step, math.sin(step))}, step=step)
    for _ in range(2):  # From the tail, and from chunks.
        [series] = client.read_run_history(project, [run.id], ["loss"], points=500).series
        assert len(series.values) <= 500
        assert series.count == 60_000
        assert spikes.items() <= dict(zip(series.steps, series.values, strict=True)).items()
        wait_for(lambda: "loss" in client.run(run.id).info.summary)
    zoomed = client.read_run_history(project, [run.id], ["loss"], x_from=100, x_to=130).series[0]
    assert zoomed.steps == list(range(100, 131))
    assert not zoomed.is_sampled


@pytest.mark.usefixtures("tracing")
def test_an_axis_is_time_or_another_metric(client: Client, project: str) -> None:
    """X is what was asked for, or what `define_metric` said; a chart may be cut by it."""
    with weave_core.run() as run:
        run.define_metric("val.*", step_metric="epoch", summary="min")
        for step in range(100):
            run.log({"epoch": step // 10, "loss": 100.0 - step}, step=step)
            if step % 10 == 9:
                run.log({"val": {"loss": (step - 50) ** 2}}, step=step)
    history = client.read_run_history(project, [run.id], ["val.loss"], x="")
    wait_for(lambda: "val.loss" in client.run(run.id).info.summary)
    late = client.read_run_history(project, [run.id], ["loss"], x="epoch", x_from=9).series[0]
    timed = client.read_run_history(project, [run.id], ["loss"], x="time").series[0]

    assert history.series[0].x == list(range(10))
    assert client.run(run.id).info.summary["val.loss"] == 1.0
    assert late.values == [float(value) for value in range(10, 0, -1)]
    assert timed.x == sorted(timed.x or [])
    assert abs((timed.x or [0])[0] - time.time_ns()) < 60e9


@pytest.mark.usefixtures("tracing")
def test_runs_are_found_by_config_and_metrics(client: Client, project: str) -> None:
    """One filter language; sorting by a metric; pages that neither skip nor repeat."""
    for number in range(7):
        name, config = f"r{number}", {"opt": {"lr": 10.0**-number}, "kind": "even odd"}
        with weave_core.run(name=name, config=config, group=f"g{number % 2}") as run:
            run.log({"loss": float((number - 3) ** 2), "acc/top 1": number})
    wait_for(lambda: len([*client.runs(filter="metrics['loss'] >= 0")]) == 7)

    def names(**asked: Any) -> list[str]:
        return [each.name for each in client.runs(**asked)]

    assert names(filter="config['opt.lr'] < 0.001 and metrics['loss'] <= 4") == ["r5", "r4"]
    assert names(filter="metrics['acc/top 1'] > 4", order_by="metrics['loss']") == ["r5", "r6"]
    assert names(filter="group_name = 'g1' and state = 'finished'") == ["r5", "r3", "r1"]
    assert names(filter="metrics['nothing'] is null and not metrics['loss'] = 0")[0] == "r6"
    first = client.list_runs(project, order_by="-metrics['loss']", limit=4)
    rest = client.list_runs(project, order_by="-metrics['loss']", limit=4, cursor=first.next_cursor)
    losses = [each.summary["loss"] for each in (*first.items, *rest.items)]
    assert losses == [9.0, 9.0, 4.0, 4.0, 1.0, 1.0, 0.0]
    with pytest.raises(BadRequest, match="is a number"):
        names(filter="metrics['loss'] = 'low'")
    with pytest.raises(BadRequest, match="text_search looks into spans"):
        names(filter="text_search('x')")


@pytest.mark.usefixtures("tracing")
def test_a_resend_changes_nothing(client: Client, project: str) -> None:
    """The same span twice, as after a lost answer, is stored once."""
    exporter = weave_core.tracing.lifecycle.current_exporter()
    assert exporter is not None
    spans = RunSpans(project=project, run_id="resent", rank=0)
    buffer = StepBuffer(lambda *_: None)
    for step in range(100):
        buffer.add(("loss",), step, time.time_ns(), (float(step),))
    [packed] = buffer.take()
    begun = spans.begun("resent", {"state": "running", "told_ns": 1, "started_ns": 1})
    steps = spans.steps(packed)
    for _ in range(2):
        for span in (begun, steps):
            exporter.put(span)
        assert exporter.flush(10)
    wait_for(lambda: "loss" in client.run("resent").info.summary)
    exporter.put(steps)
    assert exporter.flush(10)

    [key] = client.run("resent").keys().items
    assert (key.count, key.last, len(client.run("resent").info.writers)) == (100, 99.0, 1)


@pytest.mark.usefixtures("tracing")
def test_what_no_database_takes_costs_only_itself(client: Client, project: str) -> None:
    """NUL, numbers beyond 64 bits, points that are none: the rest is kept, packing goes on."""
    exporter = weave_core.tracing.lifecycle.current_exporter()
    assert exporter is not None
    spans = RunSpans(project=project, run_id="odd", rank=2**40)
    config = {"a\0b": "c\0d", "n": 10**30}
    told = {"state": "running", "told_ns": 1, "name": "n\0ul", "config": config, "host": "h\0"}
    exporter.put(spans.begun("odd", told))
    exporter.put(spans.word({"told_ns": 2**70, "name": "never"}))
    buffer = StepBuffer(lambda *_: None)
    for keys in (("cut",), ("k\0ey", "_time", "loss")):
        group = group_of(keys, [(5, 7, (1.0,) * len(keys))])
        buffer.add(keys, 5, 7, (1.0,) * len(keys))
        [packed] = buffer.take()
        packed.body = pack_points([group]) if len(keys) > 1 else packed.body[:-3]
        exporter.put(spans.steps(packed))
    assert exporter.flush(10)
    wait_for(lambda: "loss" in client.run("odd").info.summary)

    found = client.run("odd").info
    assert (found.name, found.config["n"] is not None) == ("n\ufffdul", True)
    assert set(found.summary) == {"key", "_time_", "loss"}
    assert values_of(client, "odd", "loss") == {5: 1.0}


@pytest.mark.usefixtures("tracing")
def test_a_run_goes_on_goes_back_and_branches(client: Client) -> None:
    """Resume counts on, rewind takes points back, a fork begins with another run's points."""
    with weave_core.run(id="long") as run:
        for value in range(10):
            run.log({"x": value})
    with weave_core.run(id="long", resume="must") as run:
        assert run.step == 10
        run.log({"x": 100})
    assert values(client, run, "x")[10] == 100

    with weave_core.run(id="long", rewind_to=4) as run:
        run.log({"x": 50})
    assert values(client, run, "x") == {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 50}
    with weave_core.run(fork_from="long?step=2", name="branch") as branch:
        assert branch.step == 3
        branch.log({"x": -1})
    assert values(client, branch, "x") == {0: 0, 1: 1, 2: 2, 3: -1}
    assert values(client, run, "x") == {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 50}
    found = client.run(branch.id).info.forked_from
    assert found is not None
    assert (found.run_id, found.step) == ("long", 2)


@pytest.mark.usefixtures("tracing")
def test_a_run_that_has_ended_is_read_with_its_last_points(client: Client, project: str) -> None:
    """Whoever asks right behind `finish` finds what it came to, in one run, in lists and groups."""
    for number in range(3):
        with weave_core.run(group="all") as run:
            for step in range(10):
                run.log({"loss": number + 1 / (step + 1)})
        last = number + 0.1
        assert client.run(run.id).info.summary == {"loss": last}
        condition = f"metrics['loss'] = {last}"
        assert [each.run_id for each in client.runs(filter=condition)] == [run.id]
    [group] = client.group_runs(project, keys=["loss"]).items
    assert group.metrics["loss"].count == 3


@pytest.mark.usefixtures("tracing")
def test_what_a_metric_is_may_be_said_at_the_end(client: Client) -> None:
    """Points that were packed before are summed up as the definition says all the same."""
    with weave_core.run(id="said") as run:
        for value in (1, 9, 5):
            run.log({"acc": value, "val.loss": value})
        run.define_metric("acc", summary="max")
        assert weave_core.flush()
        wait_for(lambda: client.run("said").info.summary.get("acc") == 9)
        run.define_metric("val.*", summary="min")
    assert client.run("said").info.summary == {"acc": 9, "val.loss": 1}
    with weave_core.run(id="said") as run:
        run.define_metric("acc", summary="mean")
    assert client.run("said").info.summary == {"acc": 5, "val.loss": 1}


@pytest.mark.usefixtures("tracing")
def test_a_config_of_a_run_that_goes_on_is_that_of_all_of_it(client: Client) -> None:
    """Keys that are not said again stay, another value is noted, the first rank's word counts."""
    with weave_core.run(id="on", config={"lr": 0.1, "model": "small", "none": None}):
        pass
    with weave_core.run(id="on", config={"lr": 0.2, "batch": 8}):
        pass
    with weave_core.run(id="on", rank=1, config={"lr": 7, "rank": 1}):
        pass
    found = client.run("on").info

    assert found.config == {"lr": 0.2, "model": "small", "none": None, "batch": 8, "rank": 1}
    assert found.problems == {"config['lr']": "it was 0.1 until the run was gone on with"}
    assert [each.run_id for each in client.runs(filter="config['model'] = 'small'")] == ["on"]


@pytest.mark.usefixtures("tracing")
def test_several_writers_keep_their_own_points(client: Client, project: str) -> None:
    """Ranks write to one run side by side; its state is the first rank's, its error the cause."""
    with weave_core.run(id="many", rank=0) as first, weave_core.run(id="many", rank=1) as second:
        for step in range(5):
            first.log({"loss": step}, step=step)
            second.log({"loss": step + 0.5}, step=step)
    series = client.read_run_history(project, ["many"], ["loss"]).series

    assert [(each.rank, each.values[0]) for each in series] == [(0, 0.0), (1, 0.5)]
    assert [each.rank for each in client.run("many").info.writers] == [0, 1]
    table = client.run("many").history(["loss"]).to_pandas()
    assert list(table.groupby("rank")["loss"].sum()) == [10.0, 12.5]
    assert client.run("many").info.problems == {}
    first, second = (weave_core.run(id="broken", rank=rank) for rank in (0, 1))
    second.finish("failed", error="ValueError: no data")
    weave_core.flush()
    assert client.run("broken").info.state == "running"
    first.finish("killed", error="SIGTERM")
    found = client.run("broken").info
    assert (found.state, found.error) == ("failed", "rank 1: ValueError: no data")
    with weave_core.run(id="broken", rank=0):
        pass
    assert client.run("broken").info.state == "finished"
    with weave_core.run(id="one") as first, weave_core.run(id="one") as second:
        first.log({"loss": 1}, step=0)
        second.log({"loss": 2}, step=0)
    with weave_core.run(id="one"):  # This one goes on behind them.
        pass
    assert "side by side" in client.run("one").info.problems["(rank 0)"]
    with weave_core.run(id="another"):
        pass
    with weave_core.run(id="another"):
        pass
    assert client.run("another").info.problems == {}


@pytest.mark.usefixtures("tracing")
def test_a_reader_changes_and_stops_and_deletes(client: Client, project: str) -> None:
    """Name, tags, notes and summary; a stop that the program sees; a run that is gone."""
    with weave_core.run(on_stop="flag") as run:
        run.log({"loss": 3})
        assert weave_core.flush()
        changes = RunChanges(name="better", tags=["x"], notes="n", summary={"best": 1}, stop=True)
        changed = client.change_run(project, run.id, changes)
        assert client.get_run_signals(project, run.id).stop_requested
    found = client.run(run.id).info

    assert (changed.name, changed.tags, changed.stop_requested) == ("better", ["x"], True)
    assert (found.name, found.notes, found.summary["best"]) == ("better", "n", 1)
    client.run(run.id).delete()
    with pytest.raises(NotFound, match="has no run"):
        client.get_run(project, run.id)


@pytest.mark.usefixtures("tracing")
def test_runs_are_put_together_by_what_they_share(client: Client, project: str) -> None:
    """Over the whole project: counts, states and spreads, by group or config; importances; SQL."""
    for number in range(8):
        config = {"opt": {"lr": number % 4}, "kind": "ab"[number % 2], "same": 1}
        with weave_core.run(group=f"g{number % 2}", config=config, capture=False) as run:
            run.log({"loss": float(10 * (number % 4) + number), "other": 1.0})
            if number == 7:
                run.summary["loss"] = 100
    wait_for(lambda: len([*client.runs(filter="metrics['other'] = 1")]) == 8)

    by_group = client.group_runs(keys=["loss", "none"])
    odd, even = by_group.items
    assert (odd.value, odd.count, odd.states) == ("g1", 4, {"finished": 4})
    losses = [0.0, 22.0, 4.0, 26.0]
    assert (even.metrics["loss"].count, even.metrics["loss"].mean) == (4, 13.0)
    assert even.metrics["loss"].std == pytest.approx(statistics.stdev(losses))
    assert (odd.metrics["loss"].max, odd.metrics["none"].count) == (100.0, 0)
    by_rate = client.group_runs(by="config.opt.lr", filter="group_name = 'g0'")
    assert [(each.value, each.count) for each in by_rate.items] == [(2, 2), (0, 2)]
    assert (by_rate.runs, by_rate.total) == (4, 4)
    with pytest.raises(BadRequest, match="can't be put together by 'colour'"):
        client.group_runs(by="colour")

    first, second = client.run_importances("loss")
    assert (first.name, first.direction, first.runs) == ("opt.lr", "up", 8)
    assert first.low <= first.strength <= first.high <= 1
    assert (second.name, second.direction) == ("kind", "")
    rows = client.run_sql(
        project,
        "select r.group_name, count(*), max(m.value) from runs r join run_metrics m"
        " on m.run_id = r.run_id where m.key = 'loss' group by 1 order by 1",
    ).rows
    assert [list(row) for row in rows] == [["g0", 4, 26.0], ["g1", 4, 37.0]]


@pytest.mark.usefixtures("tracing")
def test_a_run_has_the_evaluations_that_it_began(client: Client, project: str) -> None:
    """Not those of another run, or of none."""

    def judge(name: str) -> None:
        rows = [{"text": "a", "expected": "a"}]
        scorers = [lambda output, expected: output == expected]
        weave_core.Evaluation(
            name=name, dataset=rows, task=lambda text: text, scorers=scorers
        ).run()

    with weave_core.run(id="judges", capture=False):
        judge("within")
    with weave_core.run(id="trains", capture=False):
        pass
    judge("outside")
    assert weave_core.flush()
    wait_for(lambda: len(client.list_evaluations(project).items) == 2)
    found = client.list_evaluations(project, run_id="judges").items
    assert [each.name for each in found] == ["within"]
    assert client.list_evaluations(project, run_id="trains").items == []
    with pytest.raises(NotFound, match="no run"):
        client.list_evaluations(project, run_id="never")
