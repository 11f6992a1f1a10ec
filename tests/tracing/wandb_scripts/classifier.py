"""A classifier and its pictures, as scripts around scikit-learn make them, here with none of it."""

import json

import numpy as np
import pandas as pd

import weave_core.compat.wandb as wandb

NAMES = ["setosa", "versicolor", "virginica"]

random = np.random.default_rng(3)
y_test = np.arange(60) % 3
centers = np.array([[0.0, 0.0], [2.0, 1.0], [1.0, 3.0]])
x_test = centers[y_test] + random.normal(size=(60, 2))
distances = ((x_test[:, None] - centers) ** 2).sum(2)
probas = np.exp(-distances) / np.exp(-distances).sum(1, keepdims=True)
y_pred = probas.argmax(1)

with wandb.init(project="iris", config={"model": {"kind": "centroids", "k": 3}}) as run:
    matrix = wandb.plot.confusion_matrix(
        probs=None, y_true=y_test.tolist(), preds=y_pred.tolist(), class_names=NAMES
    )
    run.log({"conf_mat": matrix, "roc": wandb.plot.roc_curve(y_test, probas, labels=NAMES)})
    run.log({"pr": wandb.plot.pr_curve(y_test, probas, labels=NAMES, title="PR")})
    frame = pd.DataFrame({"feature": ["a", "b"], "importance": [0.7, 0.3]})
    table = wandb.Table(dataframe=frame)
    wandb.log({"importance": wandb.plot.bar(table, "feature", "importance", title="Importance")})
    lines = wandb.plot.line_series([0, 1, 2], [[1, 2, 3], [3, 2, 1]], ["up", "down"], xname="step")
    wandb.log({"lines": lines, "spread": wandb.plot.histogram(table, "importance")})
    accuracy = float((y_pred == y_test).mean())
    wandb.run.summary.update({"accuracy": accuracy, "report": {"macro": {"f1": 0.5}}})

counts = np.zeros((3, 3), int)
np.add.at(counts, (y_test, y_pred), 1)
rows = [[NAMES[i], NAMES[j], int(counts[i, j])] for i in range(3) for j in range(3)]
told = {"id": run.id, "points": {}, "config": {"model": {"kind": "centroids", "k": 3}}}
told["media"] = ["conf_mat", "importance", "lines", "pr", "roc", "spread"]
told["tables"] = {"conf_mat": rows, "importance": [["a", 0.7], ["b", 0.3]]}
told["summary"] = {"accuracy": accuracy, "report.macro.f1": 0.5}
print("TOLD " + json.dumps([told]))
