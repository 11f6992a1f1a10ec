"""Several runs in one process: a run a fold, one of which fails, and one that sums them up."""

import json

import weave_core.compat.wandb as wandb

told = []
for fold in range(3):
    run = wandb.init(
        project="folds",
        group="cv",
        name=f"fold-{fold}",
        reinit=True,
        config={"fold": fold, "model": {"depth": 2}},
        job_type="fold",
    )
    for epoch in range(2):
        wandb.log({"val": {"acc": fold / 4 + epoch / 8}, "epoch": epoch})
    accs = {epoch: fold / 4 + epoch / 8 for epoch in range(2)}
    told.append({"id": run.id, "points": {"val.acc": accs, "epoch": {0: 0, 1: 1}}, "group": "cv"})
    told[-1] |= {"config": {"fold": fold, "model": {"depth": 2}}, "name": f"fold-{fold}"}
    if fold == 1:
        wandb.finish(exit_code=1)
        told[-1]["state"] = "failed"

try:
    with wandb.init(project="folds", reinit="finish_previous", group="cv") as run:
        told.append({"id": run.id, "points": {"started": {0: 1}}, "state": "failed"})
        run.log({"started": True})
        raise ValueError("the summary can't be made")
except ValueError:
    pass

wandb.setup(wandb.Settings(project="folds", run_group="cv"))
total = wandb.init()
beside = wandb.init(reinit="create_new", name="beside")
beside.log({"a": 1})
beside.finish()
own = {"name": {"$in": [each["id"] for each in told]}}
runs = wandb.Api().runs(
    "folds",
    {"$and": [own, {"group": "cv"}, {"config.fold": {"$gte": 0}}]},
    order="-summary_metrics.val.acc",
)
best = runs[0]
assert (best.name, best.summary["val"]["acc"]) == ("fold-2", 0.625), (best, best.summary)
assert best.summary.get("epoch") == 1 and best.config["model"]["depth"] == 2
rows = list(best.scan_history(keys=["val.acc", "epoch"]))
assert rows == [{"val.acc": 0.5, "epoch": 0}, {"val.acc": 0.625, "epoch": 1}], rows
assert list(best.history(keys=["val.acc"])["val.acc"]) == [0.5, 0.625]
total.log({"mean": sum(each.summary["val.acc"] for each in runs[:3]) / 3})
wandb.finish()
told.append({"id": total.id, "points": {"mean": {0: 0.375}}, "group": "cv"})
told.append({"id": beside.id, "points": {"a": {0: 1}}, "group": "cv", "name": "beside"})
print("TOLD " + json.dumps(told))
