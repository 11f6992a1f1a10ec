"""`wandb.integration.lightgbm`: the same as `wandb.lightgbm`."""

from weave_core.compat.wandb.lightgbm import log_summary, wandb_callback

__all__ = ["log_summary", "wandb_callback"]
