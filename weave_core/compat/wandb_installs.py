"""Libraries that import `wandb` by themselves, served by ours, where `install` was called first."""

import importlib
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, DistributionFinder
from pathlib import Path
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
    "integration.keras",
    "integration.lightgbm",
    "integration.xgboost",
    "keras",
    "lightgbm",
    "plot",
    "sdk",
    "sdk.data_types",
    "sdk.lib",
    "sdk.lib.config_util",
    "sdk.lib.runid",
    "sdk.wandb_run",
    "sklearn",
    "util",
    "wandb_run",
    "xgboost",
)


class _Told(Distribution):
    """What a library hears that asks which version of wandb is here."""

    def __init__(self, version: str) -> None:
        self._version = version

    def read_text(self, filename: str) -> str | None:
        """Name and version."""
        told = f"Metadata-Version: 2.1\nName: wandb\nVersion: {self._version}\n"
        return f"{told}Summary: {_OURS}\n" if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        """It has no files."""
        return Path(str(path))


class _Finder(MetaPathFinder):
    """Answers who asks for wandb's version by name; lists of what is installed do not have it."""

    def find_spec(
        self,
        fullname: str,  # noqa: ARG002
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Modules are found otherwise."""
        return None

    def find_distributions(
        self, context: DistributionFinder.Context | None = None
    ) -> Iterable[Distribution]:
        """The version of wandb whose calls these are."""
        is_asked = context is not None and context.name == "wandb"
        return [_Told(importlib.import_module(_OURS).__version__)] if is_asked else []


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
    if before is None:
        sys.meta_path.append(_Finder())
    sys.modules["wandb"] = ours
    for name in _MODULES:
        sys.modules[f"wandb.{name}"] = importlib.import_module(f"{_OURS}.{name}")
    return ours
