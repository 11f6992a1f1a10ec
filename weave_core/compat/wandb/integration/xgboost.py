"""`wandb.integration.xgboost`: the same as `wandb.xgboost`."""

from weave_core.compat.wandb.xgboost import WandbCallback, wandb_callback

__all__ = ["WandbCallback", "wandb_callback"]
