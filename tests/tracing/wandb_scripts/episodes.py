"""Reinforcement learning: a global step of its own, films, arrays, several calls for one step."""

import json

import numpy as np

import weave_core.compat.wandb as wandb

random = np.random.default_rng(2)
wandb.init(project="episodes", config={"env": "grid", "gamma": 0.99}, monitor_gym=True, magic=True)
wandb.define_metric("global_step")
wandb.define_metric("*", step_metric="global_step")
points = {"return": {}, "length": {}, "global_step": {}, "losses.policy": {}, "losses.value": {}}
for episode in range(4):
    at = episode * 100
    value = np.float32(random.normal())
    wandb.log({"return": value, "global_step": at}, step=at)
    wandb.log({"length": np.int64(10 + episode)}, step=at)
    wandb.log(
        {"losses": {"policy": value * 2, "value": 0.5}, "actions": random.normal(size=20)},
        step=at,
        commit=True,
    )
    points["return"][at], points["length"][at] = float(value), 10 + episode
    points["losses.policy"][at], points["losses.value"][at] = float(value * 2), 0.5
    points["global_step"][at] = at
film = random.integers(0, 255, (3, 3, 8, 8), "uint8")
wandb.log({"film": wandb.Video(film, fps=4, format="gif"), "global_step": 301}, step=301)
points["global_step"][301] = 301
run_id = wandb.run.id
wandb.finish(quiet=True)

told = {"id": run_id, "points": points, "config": {"env": "grid", "gamma": 0.99}}
print("TOLD " + json.dumps([{**told, "media": ["actions", "film"]}]))
