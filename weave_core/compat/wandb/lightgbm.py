"""`wandb.lightgbm`: wandb's callback, which is ours here."""

from typing import Any

from weave_core.compat.wandb_missing import not_provided
from weave_core.compat.wandb_sessions import open_run

__all__ = ["log_summary", "wandb_callback"]


def wandb_callback(*_given: Any, **_ignored: Any) -> Any:
    """Log every metric of every iteration, the parameters and the best iteration.

    Raises:
        MissingExtra: If LightGBM is not installed.
    """
    from weave_core.integrations.lightgbm import WeaveCallback  # Loads LightGBM.

    return WeaveCallback(open_run())


def log_summary(*_given: Any, **_ignored: Any) -> None:
    """Nothing to do: the callback has logged importances and the best iteration."""


def __getattr__(name: str) -> Any:
    """What is not there says so."""
    raise not_provided("wandb.lightgbm", name)
