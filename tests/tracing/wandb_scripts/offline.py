"""A training on a machine without a network: all of it waits on disk."""

import json
import os

import weave_core.compat.wandb as wandb

os.environ["WANDB_MODE"] = "offline"
os.environ["WANDB_SILENT"] = "true"
os.environ["WANDB_RUN_GROUP"] = "far-away"
os.environ["WANDB_TAGS"] = "cluster,night"

run = wandb.init(project="offline", config={"lr": 0.1}, anonymous="allow", save_code=False)
assert run.offline
points = {}
for step in range(0, 50, 5):
    points[step] = 1 / (step + 1)
    wandb.log({"loss": points[step], "phase": "early" if step < 25 else "late"}, step=step)
wandb.run.summary["note"] = "sent later"
wandb.termwarn("nobody reads this")
wandb.finish()

told = {"id": run.id, "points": {"loss": points}, "config": {"lr": 0.1}, "group": "far-away"}
told |= {"tags": ["cluster", "night"], "summary": {"note": "sent later", "phase": "late"}}
print("TOLD " + json.dumps([told]))
