"""The first script that many people have: a config by assignment, a loop, an alert."""

import json
import random

import weave_core.compat.wandb as wandb

wandb.login()
run = wandb.init(project="quickstart", notes="the first one", tags=["start", "plain"])
wandb.config = {"learning_rate": 0.02, "epochs": 4, "arch": "CNN"}

points = {"acc": {}, "loss": {}}
offset = random.Random(5).random() / 5
for epoch in range(2, 6):
    acc = 1 - 2**-epoch - offset / epoch
    loss = 2**-epoch + offset / epoch
    wandb.log({"acc": acc, "loss": loss})
    points["acc"][epoch - 2], points["loss"][epoch - 2] = acc, loss

if acc < 0.99:
    wandb.alert(title="Low accuracy", text=f"accuracy {acc:.2f} is below 0.99")
    wandb.alert(title="Low accuracy", text="again, which is one too many", wait_duration=300)
wandb.termlog("done")
wandb.finish()

config = {"learning_rate": 0.02, "epochs": 4, "arch": "CNN"}
told = {"id": run.id, "points": points, "config": config, "notes": "the first one"}
print("TOLD " + json.dumps([{**told, "tags": ["start", "plain"], "media": ["alerts"]}]))
