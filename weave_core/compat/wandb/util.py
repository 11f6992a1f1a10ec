"""`wandb.util`: what of it scripts use."""

import importlib
from typing import Any

from weave_core.compat.wandb_missing import not_provided
from weave_core.compat.wandb_names import generate_id
from weave_core.errors import MissingExtra

__all__ = ["generate_id", "get_module"]


def get_module(name: str, required: str | bool | None = None, lazy: bool = True) -> Any:  # noqa: FBT001, FBT002
    """A module, or None where it is not installed.

    Raises:
        MissingExtra: If it is not, and `required` says so.
    """
    del lazy
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if required:
            raise MissingExtra(f"{name} is not installed", str(required)) from error
        return None


def __getattr__(name: str) -> Any:
    """What is not there says so."""
    raise not_provided("wandb.util", name)
