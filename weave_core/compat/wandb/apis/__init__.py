"""`wandb.apis`: reading what is stored."""

from weave_core.compat.wandb.apis import public
from weave_core.compat.wandb_api import Api as PublicApi

__all__ = ["PublicApi", "public"]
