"""`wandb.integration.keras`: the same as `wandb.keras`."""

from weave_core.compat.wandb.keras import WandbCallback, WandbMetricsLogger

__all__ = ["WandbCallback", "WandbMetricsLogger"]
