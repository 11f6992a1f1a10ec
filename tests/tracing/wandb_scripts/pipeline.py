"""Data, a model of it, and a look at the model: three runs that hand artifacts on."""

import json
from pathlib import Path

import weave_core.compat.wandb as wandb

told = []
Path("raw").mkdir(exist_ok=True)
Path("raw/numbers.csv").write_text("x,y\n1,2\n2,4\n3,6\n", encoding="utf-8")

with wandb.init(project="pipeline", job_type="data", group="whole") as run:
    raw = wandb.Artifact("numbers", type="dataset", description="x and y", metadata={"rows": 3})
    raw.add_dir("raw")
    run.log_artifact(raw, aliases=["clean"])
    run.log_code(".", include_fn=lambda path: path.endswith("pipeline.py"))
    told.append({"id": run.id, "points": {}, "job_type": "data", "made": ["numbers", "code"]})

with wandb.init(project="pipeline", job_type="train", group="whole") as run:
    used = run.use_artifact("numbers:clean", type="dataset")
    lines = (Path(used.download()) / "numbers.csv").read_text(encoding="utf-8").splitlines()[1:]
    pairs = [[float(word) for word in line.split(",")] for line in lines]
    slope = sum(x * y for x, y in pairs) / sum(x * x for x, _ in pairs)
    run.log({"slope": slope})
    Path("model.json").write_text(json.dumps({"slope": slope}), encoding="utf-8")
    run.log_model("model.json", name="line", aliases=["best"])
    run.link_model("model.json", "model-registry/lines", aliases=["production"])
    told.append({"id": run.id, "points": {"slope": {0: slope}}, "job_type": "train"})
    told[-1] |= {"used": ["numbers"], "made": ["line", "lines", "model"]}

run = wandb.init(project="pipeline", job_type="eval", group="whole")
path = run.use_model("lines:production")
error = abs(json.loads(Path(path).read_text(encoding="utf-8"))["slope"] - 2)
table = wandb.Table(columns=["x", "y", "guess"], data=[[x, y, slope * x] for x, y in pairs])
result = wandb.Artifact("report", type="result")
result.add(table, "guesses")
wandb.log_artifact(result).wait()
wandb.log({"error": error})
wandb.finish()
told.append({"id": run.id, "points": {"error": {0: error}}, "job_type": "eval"})
told[-1] |= {"used": ["lines"], "made": ["report"]}

api = wandb.Api()
assert api.artifact("team/pipeline/numbers:clean").metadata == {"rows": 3}
assert api.artifact("pipeline/report:latest").get("guesses").data == table.data
[*runs] = api.runs("team/pipeline", filters={"jobType": "train", "group": "whole"})
assert runs[-1].logged_artifacts() and runs[-1].used_artifacts()[0].name.startswith("numbers:v")
print("TOLD " + json.dumps(told))
