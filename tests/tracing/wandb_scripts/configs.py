"""All the ways to say what a run is started with."""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import weave_core.compat.wandb as wandb

Path("config-defaults.yaml").write_text(
    "lr:\n  desc: how fast\n  value: 0.5\nseed:\n  value: 7\n", encoding="utf-8"
)
Path("more.yaml").write_text("batch: 16\noptimizer: {name: adam, betas: [0.9, 0.99]}\n", "utf-8")


@dataclass
class Model:
    """What the model is like."""

    depth: int = 3
    width: int = 64


with wandb.init(project="configs", config="more.yaml", allow_val_change=True) as run:
    wandb.config.update(argparse.Namespace(epochs=3, lr=0.1), allow_val_change=True)
    wandb.config.update({"device": "cpu"}, True)
    wandb.config.model = asdict(Model())
    wandb.config.setdefaults({"epochs": 9, "patience": 2})
    config = wandb.config
    assert (config.lr, config["batch"], config.get("none", 1)) == (0.1, 16, 1)
    assert config.optimizer["betas"][1] == 0.99 and "seed" in config
    args = argparse.Namespace(**wandb.config)
    assert args.model == {"depth": 3, "width": 64}
    wandb.log({"lr": config.lr})
told = {"lr": 0.1, "seed": 7, "batch": 16, "optimizer": {"name": "adam", "betas": [0.9, 0.99]}}
told |= {"epochs": 3, "device": "cpu", "model": {"depth": 3, "width": 64}, "patience": 2}
Path("config-defaults.yaml").unlink()

with wandb.init(
    project="configs",
    config=locals() | {"secret": "x"},
    config_include_keys=["told"],
    mode="online",
) as again:
    try:
        wandb.config.told = 3
    except wandb.Error as error:
        assert "allow_val_change" in str(error)
    else:
        raise AssertionError("a value was changed")
runs = [{"id": run.id, "points": {"lr": {0: 0.1}}, "config": told}]
print("TOLD " + json.dumps([*runs, {"id": again.id, "points": {}, "config": {"told": told}}]))
