"""Makes every call of the manual's list, and prints what came of each: as JSON, call to outcome.

An outcome is `works`, or the first line of what the client says.
"""

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import wandb
from wandb.apis.public import Api

project = sys.argv[1]
outcomes: dict[str, str] = {}


def call(name: str, made: Callable[[], Any]) -> None:
    """Make a call of the list; an iterator is read to its end."""
    try:
        found = made()
        if hasattr(found, "__next__") or hasattr(found, "per_page"):
            list(found)
        outcomes[name] = "works"
    except Exception as error:  # noqa: BLE001  # Whatever the client makes of it.
        outcomes[name] = str(error).strip().split("\n")[0][:300] or type(error).__name__


Path("kept.txt").write_text("kept")
run = wandb.init(project=project, id="calls1")
entity = run.entity
call("run.log", lambda: run.log({"loss": 1.0}))
call("run.define_metric", lambda: run.define_metric("loss", summary="min"))
call("run.config.update", lambda: run.config.update({"lr": 0.1}))
call("run.summary.update", lambda: run.summary.update({"best": 1}))
call("run.save", lambda: run.save("kept.txt"))
call("run.alert", lambda: run.alert("title", "text"))
call("run.mark_preempting", run.mark_preempting)
call("run.log_code", lambda: run.log_code(".", include_fn=lambda path: path.endswith("calls.txt")))
made = wandb.Artifact("data", "dataset")
made.add_file("kept.txt")
call("run.log_artifact", lambda: run.log_artifact(made).wait())
call("run.use_artifact", lambda: run.use_artifact("data:latest").download("got"))
call("run.log_model", lambda: run.log_model("kept.txt", "net"))
call("run.link_artifact", lambda: run.link_artifact(made, f"{entity}/{project}/shelf"))
call("run.link_model", lambda: run.link_model("kept.txt", "shelf"))
shared = wandb.Artifact("shared", "dataset")
call("run.upsert_artifact", lambda: run.upsert_artifact(shared, distributed_id="d").wait())
call("run.status", run.status)
call("run.finish", run.finish)
call("wandb.restore", lambda: wandb.restore("kept.txt", f"{project}/calls1", replace=True))
grid = {"method": "grid", "parameters": {"lr": {"values": [1]}}}
call("wandb.sweep", lambda: outcomes.update(sweep_id=wandb.sweep(grid, project=project)))
sweep_id = outcomes.pop("sweep_id", "none")


def trial() -> None:
    """A run of the sweep."""
    with wandb.init() as tried:
        tried.log({"loss": 2.0})


call("wandb.agent", lambda: wandb.agent(sweep_id, trial, project=project, count=1))

api = Api()


def changed_collection() -> Any:
    """With another description."""
    collection = api.artifact_collection("dataset", f"{project}/data")
    collection.description = "changed"
    return collection


def given_ttl() -> Any:
    """That is to end by itself."""
    artifact = api.artifact(f"{project}/data:v0")
    artifact.ttl = timedelta(days=1)
    return artifact


path = f"{project}/calls1"
call("api.viewer", lambda: api.viewer.username)
call("api.default_entity", lambda: api.default_entity)
call("api.run", lambda: api.run(path).summary["best"])
call("api.runs", lambda: list(api.runs(project, filters={"config.lr": 0.1}, order="-created_at")))
call("api.projects", lambda: list(api.projects()))
call("api.project", lambda: api.project(project).id)
call("api.create_project", lambda: api.create_project("made-by-call", entity))
call("api.create_run", lambda: api.create_run(project=project))
call("api.sweep", lambda: api.sweep(f"{project}/{sweep_id}").best_run())
call("project.sweeps", lambda: list(api.project(project).sweeps()))
call("api.artifact", lambda: api.artifact(f"{project}/data:v0"))
call("api.artifacts", lambda: list(api.artifacts("dataset", f"{project}/data")))
call("api.artifact_types", lambda: list(api.artifact_types(project)))
call("api.artifact_type", lambda: list(api.artifact_type("dataset", project).collections()))
call("api.artifact_collections", lambda: list(api.artifact_collections(project, "dataset")))
call("api.artifact_collection", lambda: api.artifact_collection("dataset", f"{project}/data"))
call("api.artifact_collection_exists", lambda: api.artifact_collection_exists("data", "dataset"))
call("collection.save", lambda: changed_collection().save())
call("artifact.verify", lambda: api.artifact(f"{project}/data:v0").verify("got"))
call("artifact.link", lambda: api.artifact(f"{project}/data:v0").link(f"{project}/shelf"))
call("artifact.ttl", lambda: given_ttl().save())
call("api.reports", lambda: list(api.reports(project)))
call("api.user", lambda: api.user("someone"))
call("api.users", lambda: list(api.users("someone")))
call("api.team", lambda: api.team("someone").members)
call("api.create_team", lambda: api.create_team("someone"))
call("api.create_user", lambda: api.create_user("a@example.com"))
call("api.registries", lambda: list(api.registries()))
call("api.registry", lambda: api.registry("models"))
call("api.automations", lambda: list(api.automations(entity)))
call("api.slack_integrations", lambda: list(api.slack_integrations(entity=entity)))
call("api.list_jobs", lambda: api.list_jobs(entity, project))
call("api.run_queue", lambda: api.run_queue(entity, "queue").id)
call("api.create_run_queue", lambda: api.create_run_queue("queue", "local-container"))
logged = api.run(path)
call("run.history", lambda: logged.history(pandas=False))
call("run.scan_history", lambda: list(logged.scan_history()))
call("run.beta_scan_history", lambda: list(logged.beta_scan_history()))
call("run.download_history_exports", lambda: logged.download_history_exports("exports"))
call("run.files", lambda: list(logged.files()))
call("run.file", lambda: logged.file("kept.txt").download("down", replace=True))
call("run.upload_file", lambda: logged.upload_file("kept.txt"))
call("run.logged_artifacts", lambda: list(logged.logged_artifacts()))
call("run.used_artifacts", lambda: list(logged.used_artifacts()))
call("run.metadata", lambda: logged.metadata)
call("run.wait_until_finished", logged.wait_until_finished)
call("run.update", logged.update)
call("run.stop", logged.stop)
call("run.delete", logged.delete)
print("outcomes " + json.dumps(outcomes))
