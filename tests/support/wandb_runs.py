"""What the scripts of tests/wandb_clients log, as it has to come out of our own client."""

import math
from typing import Any

from support.programs import wait_for
from weave_core import Client

__all__ = ["check_again", "check_first", "check_media", "series"]


def series(client: Client, project: str, run_id: str, key: str) -> dict[int, float]:
    """All points of a key, by step."""
    table = client.run(run_id, project).history([key]).to_arrow().to_pydict()
    pairs = zip(table["step"], table[key], strict=True)
    return {step: value for step, value in pairs if value is not None}


def check_first(client: Client, project: str, run_id: str) -> None:
    """What scripts/first.py has logged."""
    found = client.run(run_id, project)
    wait_for(lambda: "acc" in found.info.summary)
    info = found.info
    told: dict[str, Any] = {
        "name": "first",
        "group": "g",
        "job_type": "train",
        "notes": "some text",
    }
    assert {key: getattr(info, key) for key in told} == told
    assert (info.tags, info.state, info.error, info.last_step) == (["a", "b"], "finished", None, 30)
    assert info.config == {
        "lr": 0.1,
        "net": {"layers": 3},
        "big": 2.0**70,
        "nan": None,  # The client makes it so.
        "late": 7,
    }
    assert info.metrics["val/*"].model_dump() == {
        "step_metric": "epoch",
        "summary": "min",
        "goal": None,
    }
    assert {key: info.summary[key] for key in ("loss", "acc", "val/loss", "nested.a", "best")} == {
        "loss": 1 / 20,
        "acc": 0.95,
        "val/loss": 0.1,
        "nested.a": 19,
        "best": 0.5,
    }
    assert "acc.max" not in info.summary
    assert set(info.problems) == {"words"}
    steps = range(20)
    assert series(client, project, run_id, "loss") == {step: 1 / (step + 1) for step in steps}
    assert series(client, project, run_id, "nested.a") == {step: float(step) for step in steps}
    assert math.isnan(series(client, project, run_id, "odd")[30])
    assert series(client, project, run_id, "far") == {30: math.inf}
    assert series(client, project, run_id, "large") == {30: float(2**60)}
    lines = [(line.stream, line.text) for line in found.console()]
    assert ("stdout", "to standard output") in lines
    assert ("stderr", "to standard error") in lines
    assert {"config.yaml", "output.log", "requirements.txt", "wandb-metadata.json"} <= {
        file.name for file in found.files()
    }
    assert b"to standard output" in found.file("output.log").read()
    [writer] = info.writers
    assert writer.environment is not None
    assert any(each.startswith("wandb==") for each in writer.environment["packages"])
    assert writer.environment["implementation"] == "cpython"
    assert [
        key
        for key in found.system().to_arrow().column_names
        if key.startswith("system/proc.memory")
    ]


def check_media(client: Client, project: str, run_id: str) -> None:
    """What scripts/media.py has logged."""
    found = client.run(run_id, project)
    keys = [
        "cloud",
        "curve",
        "nested.sound",
        "page",
        "picture",
        "pictures",
        "short",
        "spread",
        "table",
    ]
    assert sorted(found.media_keys) == keys
    assert found.info.problems == {}
    [picture] = found.media("picture")
    assert (picture.kind, picture.caption, picture.step) == ("image", "one", 0)
    assert picture.read().startswith(b"\x89PNG")
    assert picture.info["boxes"] == [
        {"box": [3.0, 2.0, 6.0, 4.0], "label": "cat", "group": "guess", "score": 0.75}
    ]
    assert [each["name"] for each in picture.info["masks"]] == ["truth"]
    assert picture.info["labels"]["1"] == "cat"
    assert [each.caption for each in found.media("pictures")] == ["two", None]
    [spread] = found.media("spread")
    assert (spread.kind, sum(spread.info["counts"])) == ("histogram", 4)
    [table] = found.media("table")
    rows = table.to_rows()
    assert [(row["name"], row["score"]) for row in rows] == [("a", 0.5), ("b", None)]
    assert rows[0]["picture"] == "Image"  # What the client says; the picture is in an artifact.
    [curve] = found.media("curve")
    chart = {"kind": "line", "x": "height", "y": "width", "title": "Growth"}
    assert (curve.kind, curve.info["chart"]) == ("table", chart)
    [short] = found.media("short")
    assert (short.kind, sum(short.info["counts"])) == ("histogram", 3)
    [page] = found.media("page")
    assert (page.kind, page.read()) == ("html", b"<b>hello</b>")
    [sound] = found.media("nested.sound")
    assert (sound.kind, sound.caption, sound.read()[:4]) == ("audio", "hush", b"RIFF")
    [cloud] = found.media("cloud")
    assert (cloud.kind, cloud.info["format"], cloud.info["points"]) == ("object3d", "points", 5)
    odd = "out/with space, ünicode and 100%.txt"
    assert found.file(odd).read().decode() == odd
    assert found.file("out/plain.txt").read() == b"out/plain.txt"
    assert found.file("out/empty.bin").read() == b""


def check_again(client: Client, project: str, what: str) -> None:
    """What scripts/again.py has made of the run `again1`, and of others, by then."""
    found = client.run(
        {"fork": "fork1", "fail": "fail1", "offline": "off1"}.get(what, "again1"), project
    )
    info = found.info
    steps = series(client, project, found.id, "loss")
    lines = [line.text for line in found.console() if not line.text.startswith("alert,")]
    assert info.state == ("failed" if what == "fail" else "finished")
    begun = {step: float(step) for step in range(10)}
    if what == "begin":
        assert (steps, lines) == (begun, ["first attempt"])
        printed = [line.text for line in found.console()]
        assert "alert, WARN: careful: the loss goes up" in printed
        [alert] = found.media("alerts")
        assert (alert.kind, alert.read()) == (
            "markdown",
            b"**WARN: careful**\n\nthe loss goes up",
        )
    elif what == "resume":
        assert steps == begun | dict.fromkeys(range(10, 15), 100.0)
        assert lines == ["first attempt", "second attempt"]
        assert (info.config, info.tags, info.summary["loss"]) == ({"lr": 0.1}, ["old"], 100)
    elif what == "rewind":
        assert steps == {0: 0.0, 1: 1.0, 2: 2.0, 3: 3.0, 4: -1.0}
        assert (info.forked_from, info.last_step) == (None, 4)
    elif what == "fork":
        assert steps == {0: 0.0, 1: 1.0, 2: 2.0, 3: 3.0, 4: -2.0}
        assert info.forked_from is not None
        assert info.forked_from.model_dump() == {"run_id": "again1", "step": 3}
    elif what == "fail":
        assert info.error == "the program ended with 1"
        assert lines[-1] == "ValueError: on purpose"
    else:
        assert steps == {step: 1 / (step + 1) for step in range(50)}
        assert lines == ["printed offline"]
