"""Libraries that import `wandb` by themselves, served by ours, where `install` was called first."""

import importlib
import sys
from types import ModuleType

from weave_core.errors import ConfigError

__all__ = ["install"]

_OURS = "weave_core.compat.wandb"
_MODULES = (
    "apis",
    "apis.public",
    "data_types",
    "errors",
    "errors.errors",
    "errors.term",
    "integration",
    "plot",
    "sdk",
    "sdk.data_types",
    "sdk.lib",
    "sdk.lib.config_util",
    "sdk.lib.runid",
    "sdk.wandb_run",
    "util",
    "wandb_run",
)


def install() -> ModuleType:
    """Let `import wandb` in this process, in any library, give this module.

    Call it before the library is imported that uses wandb: Lightning's `WandbLogger`, Transformers
    with `report_to="wandb"`, Accelerate's tracker...

    Raises:
        ConfigError: If wandb itself was imported before.
    """
    ours = importlib.import_module(_OURS)
    before = sys.modules.get("wandb")
    if before is not None and before is not ours:
        raise ConfigError(
            "wandb was imported before weave_core.compat.wandb.install()",
            "call it first, above the imports of libraries that use wandb",
        )
    sys.modules["wandb"] = ours
    for name in _MODULES:
        sys.modules[f"wandb.{name}"] = importlib.import_module(f"{_OURS}.{name}")
    return ours
