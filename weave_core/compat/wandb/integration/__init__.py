"""`wandb.integration`: callbacks for libraries, which are those of `weave_core.integrations`."""

from typing import Any

from weave_core.compat.wandb.integration import keras, lightgbm, xgboost
from weave_core.compat.wandb_missing import not_provided

__all__ = ["keras", "lightgbm", "xgboost"]


def __getattr__(name: str) -> Any:
    """What is not there says where it is."""
    raise not_provided("wandb.integration", name)
