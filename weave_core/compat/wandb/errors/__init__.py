"""`wandb.errors`: names of wandb's errors for errors of ours."""

from weave_core.compat.wandb.errors import term
from weave_core.compat.wandb_names import CommError, Error, UsageError

__all__ = ["AuthenticationError", "CommError", "Error", "UnsupportedError", "UsageError", "term"]

AuthenticationError = CommError
UnsupportedError = UsageError
