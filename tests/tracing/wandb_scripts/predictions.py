"""What a model got wrong, as a table with pictures that grows from epoch to epoch."""

import json

import numpy as np

import weave_core.compat.wandb as wandb

random = np.random.default_rng(1)
run = wandb.init(project="mistakes", name="with-tables", dir="kept")
rows = []
table = wandb.Table(columns=["id", "image", "label"])
for number in range(4):
    pixels = random.integers(0, 255, (6, 6, 3), "uint8")
    boxes = {
        "guess": {
            "box_data": [
                {
                    "position": {"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 1},
                    "class_id": 1,
                    "box_caption": "it",
                }
            ],
            "class_labels": {1: "cat"},
        }
    }
    table.add_data(number, wandb.Image(pixels, caption=f"no {number}", boxes=boxes), number % 2)
    rows.append([number, number % 2])
table.add_column("score", [0.1, 0.2, 0.3, 0.4])
assert table.get_column("label", convert_to="numpy").sum() == 2
assert [row for _, row in table.iterrows()][2][0] == 2
run.log({"predictions": table, "count": len(table.data)}, step=3)
masks = {"truth": {"mask_data": np.ones((6, 6), int), "class_labels": {1: "sky"}}}
classes = wandb.Classes([{"id": 1, "name": "sky"}])
run.log({"segmented": wandb.Image(pixels, masks=masks, classes=classes)}, step=4)
run.log({"page": wandb.Html("<b>4 rows</b>"), "spread": wandb.Histogram([1, 2, 2])}, step=4)
run.finish()

told = {"id": run.id, "name": "with-tables", "points": {"count": {3: 4}}, "config": {}}
told["media"] = ["page", "predictions", "segmented", "spread"]
told["cells"] = {"predictions": [[row[0], row[1], (row[0] + 1) / 10] for row in rows]}
print("TOLD " + json.dumps([told]))
