"""`wandb.xgboost`: wandb's callback, which is ours here."""

from typing import Any

from weave_core.compat.wandb_missing import not_provided
from weave_core.compat.wandb_sessions import open_run

__all__ = ["WandbCallback", "wandb_callback"]


def WandbCallback(*_given: Any, **_ignored: Any) -> Any:  # noqa: N802  # wandb's name.
    """Log every metric of every round, the parameters, the best round and the importances.

    Raises:
        MissingExtra: If XGBoost is not installed.
    """
    from weave_core.integrations.xgboost import WeaveCallback  # Loads XGBoost.

    return WeaveCallback(open_run())


wandb_callback = WandbCallback


def __getattr__(name: str) -> Any:
    """What is not there says so."""
    raise not_provided("wandb.xgboost", name)
