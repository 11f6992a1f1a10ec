"""Media of every kind, and saved files with odd names."""

import sys
import wave
from pathlib import Path

import numpy as np
import wandb

pixels = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(8, 6, 3)
mask = np.zeros((8, 6), dtype=np.uint8)
mask[2:4] = 1
boxes = {
    "guess": {
        "box_data": [
            {
                "position": {"minX": 0.5, "minY": 0.25, "maxX": 1.0, "maxY": 0.5},
                "class_id": 1,
                "scores": {"sure": 0.75},
            }
        ],
        "class_labels": {1: "cat"},
    }
}

with wandb.init(project=sys.argv[1], id=sys.argv[2]) as run:
    one = wandb.Image(pixels, caption="one", boxes=boxes, masks={"truth": {"mask_data": mask}})
    table = wandb.Table(columns=["name", "score", "picture"])
    table.add_data("a", 0.5, wandb.Image(pixels))
    table.add_data("b", float("nan"), None)
    run.log({"picture": one, "loss": 1.0, "spread": wandb.Histogram([1, 2, 2, 3])})
    run.log({"pictures": [wandb.Image(pixels, caption="two"), wandb.Image(pixels)]})
    run.log({"table": table, "page": wandb.Html("<b>hello</b>", inject=False)})
    with wave.open("hush.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    run.log({"nested": {"sound": wandb.Audio("hush.wav", caption="hush")}})
    curve = wandb.Table(data=[[0, 0.0], [1, 0.5]], columns=["height", "width"])
    run.log({"curve": wandb.plot.line(curve, "height", "width", title="Growth")})
    run.log({"short": [1, 2, 4]})
    run.log({"cloud": wandb.Object3D(np.ones((5, 3)))})

    for name in ("out/plain.txt", "out/with space, ünicode and 100%.txt", "out/empty.bin"):
        path = Path(run.dir) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("" if name.endswith("bin") else name, encoding="utf-8")
        run.save(str(path), base_path=run.dir)
