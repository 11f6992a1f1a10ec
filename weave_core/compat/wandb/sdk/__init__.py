"""`wandb.sdk`: where libraries import classes of wandb's from."""

from weave_core.compat.wandb.sdk import data_types, lib, wandb_run
from weave_core.compat.wandb_artifacts import Artifact
from weave_core.compat.wandb_names import AlertLevel, Settings
from weave_core.compat.wandb_notes import Config, Summary

__all__ = [
    "AlertLevel",
    "Artifact",
    "Config",
    "Settings",
    "Summary",
    "data_types",
    "lib",
    "wandb_run",
]
