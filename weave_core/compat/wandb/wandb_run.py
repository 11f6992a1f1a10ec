"""The class of runs, where libraries import it from."""

from weave_core.compat.wandb_runs import Run

__all__ = ["Run"]
