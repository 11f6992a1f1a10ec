"""`wandb.errors.term`: words on the terminal."""

from weave_core.compat.wandb_names import termerror, termlog, termsetup, termwarn

__all__ = ["termerror", "termlog", "termsetup", "termwarn"]
