"""A training as wandb's manual writes it: run with WANDB_BASE_URL set to a server of ours."""

import math
import sys

import wandb

with wandb.init(
    project=sys.argv[1],
    id=sys.argv[2],
    name="first",
    group="g",
    job_type="train",
    tags=["a", "b"],
    notes="some text",
    config={"lr": 0.1, "net": {"layers": 3}, "big": 2**70, "nan": math.nan},
) as run:
    run.define_metric("epoch")
    run.define_metric("val/*", step_metric="epoch", summary="min")
    run.define_metric("acc", summary="max")
    print("to standard output")
    print("to standard error", file=sys.stderr)
    for step in range(20):
        row = {"loss": 1 / (step + 1), "epoch": step // 5, "acc": (step * 7 % 20) / 20}
        run.log({**row, "val/loss": 2 / (step + 1), "nested": {"a": step}})
    run.log({"odd": math.nan, "far": math.inf, "large": 2**60 + 1, "words": "no number"}, step=30)
    run.summary["best"] = 0.5
    run.config["late"] = 7
