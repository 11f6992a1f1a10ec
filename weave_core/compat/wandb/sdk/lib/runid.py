"""`wandb.sdk.lib.runid`: ids of runs."""

from weave_core.compat.wandb_names import generate_id

__all__ = ["generate_id"]
