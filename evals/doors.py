"""Names of a package that are imported on first use, and what to say where a library is missing."""

from collections.abc import Collection, Mapping
from importlib import import_module

from weave_core.errors import MissingExtra

__all__ = ["imported"]

_EXTRAS = {
    "autoevals": "autoevals",
    "deepeval": "deepeval",
    "evaluate": "huggingface",
    "onnxruntime": "toxicity",
    "ragas": "ragas",
    "tokenizers": "toxicity",
}
"""Libraries that come with another extra than `evals`."""


def imported(
    package: str, home: Mapping[str, str], name: str, *, libraries: Collection[str] | None = None
) -> object:
    """The value of `name`, for a module's `__getattr__`.

    Args:
        package: The module's name.
        home: Module below the package, by name.
        name: What is asked for.
        libraries: Those of the extra; None: whatever is not ours.

    Raises:
        AttributeError: If there is no such name.
        MissingExtra: If a library of the extra is not installed.
    """
    if name not in home:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{package}.{home[name]}"), name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        is_ours = missing.startswith("weave_core")
        if is_ours if libraries is None else missing not in libraries:
            raise
        raise MissingExtra(
            f"`{name}` needs {error.name}, which is not installed",
            f'pip install "weave-core[{_EXTRAS.get(missing, "evals")}]"',
        ) from error
