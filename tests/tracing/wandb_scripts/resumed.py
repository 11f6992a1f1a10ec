"""A training that is cut off and goes on: the second time it begins where the first one ended."""

import json
from pathlib import Path

import weave_core.compat.wandb as wandb

run = wandb.init(project="resumed", id="the one/run", resume="allow", config={"epochs": 6})
state = Path(run.dir) / "state.json"
first = 0
if wandb.run.resumed:
    with wandb.restore("state.json") as file:
        first = json.load(file)["epoch"] + 1
points = {epoch: 1 / (epoch + 1) for epoch in range(first + 3)}
for epoch in range(first, first + 3):
    assert run.step == epoch, (run.step, epoch)
    wandb.log({"loss": points[epoch]})
    state.write_text(json.dumps({"epoch": epoch}), encoding="utf-8")
    wandb.save(str(state), policy="now")
wandb.finish()

told = {"id": run.id, "points": {"loss": points}, "config": {"epochs": 6}, "files": ["state.json"]}
print("TOLD " + json.dumps([told]))
