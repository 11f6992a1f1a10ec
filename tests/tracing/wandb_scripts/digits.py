"""A classifier of small digits in numpy, as scripts for MNIST are: options, batches, validation."""

import argparse
import json
import os

import numpy as np

import weave_core.compat.wandb as wandb

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.5)
parser.add_argument("--epochs", type=int, default=2)
parser.add_argument("--batch-size", type=int, default=32)
args = parser.parse_args([])

settings = wandb.Settings(start_method="thread", _disable_stats=True)
wandb.init(project="digits", config=args, entity="team", job_type="train", settings=settings)
config = wandb.config
wandb.define_metric("epoch")
wandb.define_metric("val/*", step_metric="epoch")
wandb.define_metric("val/accuracy", step_metric="epoch", summary="max")

random = np.random.default_rng(0)
labels = random.integers(0, 3, 96)
images = random.normal(size=(96, 16)) + np.eye(3, 16)[labels] * 4
weights = np.zeros((16, 3))
points = {"train/loss": {}, "epoch": {}, "val/accuracy": {}}
step = 0
for epoch in range(config.epochs):
    for start in range(0, 96, config.batch_size):
        x, y = images[start : start + config.batch_size], labels[start : start + config.batch_size]
        scores = np.exp(x @ weights)
        chances = scores / scores.sum(1, keepdims=True)
        loss = -np.log(chances[np.arange(len(y)), y]).mean()
        weights -= config.lr * x.T @ (chances - np.eye(3)[y]) / len(y)
        wandb.log({"train/loss": loss})
        points["train/loss"][step] = float(loss)
        step += 1
    accuracy = float(((images @ weights).argmax(1) == labels).mean())
    wandb.log({"epoch": epoch}, commit=False)
    pictures = [
        wandb.Image(image.reshape(4, 4), caption=str(label))
        for image, label in zip(images[:2] * 40, labels[:2], strict=True)
    ]
    wandb.log({"val/accuracy": accuracy, "samples": pictures, "weights": wandb.Histogram(weights)})
    points["epoch"][step], points["val/accuracy"][step] = epoch, accuracy
    step += 1

np.save(os.path.join(wandb.run.dir, "weights.npy"), weights)
wandb.run.summary["best_accuracy"] = accuracy
wandb.summary.update({"final": {"loss": float(loss)}})
run_id = wandb.run.id
wandb.finish(exit_code=0)

told = {"id": run_id, "points": points, "job_type": "train", "media": ["samples", "weights"]}
told |= {"config": vars(args), "files": ["weights.npy"]}
told["summary"] = {"best_accuracy": accuracy, "final.loss": float(loss)}
print("TOLD " + json.dumps([told]))
