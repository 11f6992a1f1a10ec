"""`wandb.sdk.lib`: what libraries import of it."""

from weave_core.compat.wandb.sdk.lib import config_util, runid

__all__ = ["RunDisabled", "config_util", "runid"]


class RunDisabled:
    """What a run of `mode="disabled"` was in older versions; no run is one."""
