"""`wandb.integration`: callbacks for libraries, of which ours are in `weave_core.integrations`."""

from typing import Any

from weave_core.compat.wandb_missing import not_provided

__all__: list[str] = []


def __getattr__(name: str) -> Any:
    """What is not there says where it is."""
    raise not_provided("wandb.integration", name)
