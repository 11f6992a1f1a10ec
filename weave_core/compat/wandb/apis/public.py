"""`wandb.apis.public`: what `wandb.Api` gives."""

from weave_core.compat.wandb_api import Api, Runs, Sweep
from weave_core.compat.wandb_artifacts import Artifact
from weave_core.compat.wandb_files import File
from weave_core.compat.wandb_stored_runs import StoredRun as Run

__all__ = ["Api", "Artifact", "File", "Run", "Runs", "Sweep"]
