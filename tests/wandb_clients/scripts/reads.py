"""Reads and changes runs with `wandb.Api`, as programs that look back do."""

import math
import sys

import wandb

project, run_id = sys.argv[1:]
api = wandb.Api()

run = api.run(f"{project}/{run_id}")
assert (run.name, run.state, run.tags, run.group) == ("first", "finished", ["a", "b"], "g")
assert run.config["net"] == {"layers": 3}
assert run.summary["val/loss"]["min"] == 0.1
assert run.summary["nested"]["a"] == 19
assert run.lastHistoryStep == 30

losses = {row["_step"]: row["loss"] for row in run.scan_history(keys=["loss"])}
assert losses == {step: 1 / (step + 1) for step in range(20)}, losses
whole = list(run.scan_history(page_size=7))
assert [row["_step"] for row in whole] == [*range(20), 30]
assert math.isnan(whole[-1]["odd"])
assert whole[-1]["far"] == math.inf
assert len(run.history(samples=5, pandas=False)) == 5
assert len(run.history(keys=["loss", "acc"], pandas=False)) == 20
assert list(run.history(keys=["loss"])["loss"])[:2] == [1.0, 0.5]
for row in run.history(stream="system", pandas=False):  # Older clients measure later.
    assert any(key.startswith("system.") for key in row)

names = [file.name for file in run.files()]
assert "output.log" in names
with run.file("output.log").download(root="downloaded", replace=True) as file:
    assert "to standard output" in file.read()

run.name, run.notes = "renamed", "looked at"
run.tags.append("seen")
run.config["added"] = 1
run.update()
run.summary.update({"by hand": 3})
again = wandb.Api().run(f"{project}/{run_id}")
assert (again.name, again.notes, again.tags) == ("renamed", "looked at", ["a", "b", "seen"])
assert (again.config["added"], again.config["lr"]) == (1, 0.1)
assert (again.summary["by hand"], again.summary["best"]) == (3, 0.5)

other = wandb.init(project=project, config={"lr": 0.5})
other.log({"loss": 7})
other.finish()
found = {
    name: [each.id for each in api.runs(project, filters=filters, order=order)]
    for name, filters, order in (
        ("all", None, "+created_at"),
        ("small", {"summary_metrics.loss": {"$lt": 1}}, "+created_at"),
        ("lr", {"config.lr": 0.5}, "+created_at"),
        ("both", {"$or": [{"display_name": {"$regex": "^ren"}}, {"tags": "no"}]}, "+created_at"),
        ("order", {"state": "finished"}, "-summary_metrics.loss"),
    )
}
assert found == {
    "all": [run_id, other.id],
    "small": [run_id],
    "lr": [other.id],
    "both": [run_id],
    "order": [other.id, run_id],
}, found
assert project in [each.name for each in api.projects()]
api.run(f"{project}/{other.id}").delete()
assert [each.id for each in wandb.Api().runs(project)] == [run_id]
