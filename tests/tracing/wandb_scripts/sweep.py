"""A small search: a sweep in a dictionary, an agent with a function."""

import json

import weave_core.compat.wandb as wandb

SWEEP = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.2, 0.4]}, "epochs": {"value": 2}},
}
told = []


def train(config=None):
    """One trial."""
    with wandb.init(config=config) as run:
        config = wandb.config
        points = {}
        for epoch in range(config.epochs):
            points[epoch] = (config.lr - 0.2) ** 2 + 1 / (epoch + 1)
            wandb.log({"loss": points[epoch]})
        told.append({"id": run.id, "points": {"loss": points}, "config": dict(config)})
        told[-1]["group"] = run.sweep_id


sweep_id = wandb.sweep(SWEEP, project="search", entity="team")
wandb.agent(sweep_id, function=train, count=3)
assert wandb.run is None
best = wandb.Api().sweep(f"team/search/{sweep_id}").best_run()
assert best.config["lr"] == 0.2, best.config
assert {each["group"] for each in told} == {sweep_id}
print("TOLD " + json.dumps(told))
