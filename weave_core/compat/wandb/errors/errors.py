"""`wandb.errors.errors`: the same as `wandb.errors`."""

from weave_core.compat.wandb_names import CommError, Error, UsageError

__all__ = ["AuthenticationError", "CommError", "Error", "UnsupportedError", "UsageError"]

AuthenticationError = CommError
UnsupportedError = UsageError
