"""What the scripts of tests/wandb_clients log, as it has to come out of our own client."""

import math
from typing import Any

from support.programs import wait_for
from weave_core import Client

__all__ = ["check_first", "series"]


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
