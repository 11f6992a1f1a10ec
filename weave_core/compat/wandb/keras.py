"""`wandb.keras`: wandb's callbacks, which are ours here."""

from typing import Any

from weave_core.compat.wandb_missing import not_provided
from weave_core.compat.wandb_sessions import open_run

__all__ = ["WandbCallback", "WandbMetricsLogger"]


def WandbMetricsLogger(log_freq: str | int = "epoch", *_given: Any, **_ignored: Any) -> Any:  # noqa: N802  # wandb's name.
    """Log the metrics of each epoch as `epoch/...`, of batches too where `log_freq` says so.

    Args:
        log_freq: `epoch`, `batch`, or every how many batches.
        *_given: Not read.
        **_ignored: Likewise.

    Raises:
        MissingExtra: If Keras is not installed.
    """
    from weave_core.integrations.keras import WeaveCallback  # Loads Keras.

    if log_freq == "epoch":
        return WeaveCallback(open_run(), prefix="epoch/")
    return WeaveCallback(open_run(), log_freq=1 if log_freq == "batch" else int(log_freq))


def WandbCallback(*_given: Any, **_ignored: Any) -> Any:  # noqa: N802  # wandb's name.
    """Log the metrics of each epoch; models and pictures are yours to log.

    Raises:
        MissingExtra: If Keras is not installed.
    """
    from weave_core.integrations.keras import WeaveCallback  # Loads Keras.

    return WeaveCallback(open_run())


def __getattr__(name: str) -> Any:
    """What is not there says so."""
    raise not_provided("wandb.keras", name)
