"""`wandb.sdk.lib.config_util`: the error of a value of a config that must not change."""

from weave_core.errors import ConfigError

__all__ = ["ConfigError"]
