"""Which optional parts are installed, and what to type when one is missing."""

from importlib.metadata import PackageNotFoundError, version

from weave_core.errors import MissingExtra
from weave_core.integrations import LIBRARIES, TRAINERS

__all__ = ["EXTRAS", "missing_packages", "package_versions", "require_extra"]

EXTRAS: dict[str, tuple[str, ...]] = {
    "server": (
        "alembic",
        "fastapi",
        "genai-prices",
        "googleapis-common-protos",
        "grpcio",
        "numpy",
        "scipy",
        "sqlglot",
        "sqlmodel",
        "tsdownsample",
        "uvicorn",
        "zstandard",
    ),
    "runs": ("nvidia-ml-py", "psutil"),
    "postgres": ("psycopg",),
    "blobs": ("fsspec",),
    "app": ("pandas", "streamlit"),
    "data": ("pandas", "pyarrow"),
    "evals": (
        "datasketch",
        "genai-prices",
        "jsonschema",
        "nltk",
        "numpy",
        "rapidfuzz",
        "rouge-score",
        "sacrebleu",
        "scipy",
        "sqlglot",
    ),
    "presidio": ("presidio-analyzer",),
    "toxicity": ("onnxruntime", "tokenizers"),
    "autoevals": ("autoevals",),
    "deepeval": ("deepeval",),
    "huggingface": ("evaluate",),
    "ragas": ("ragas",),
    **{name: library.distributions for name, library in LIBRARIES.items()},
    **TRAINERS,
}
"""Extra to the distributions it brings."""


def missing_packages(extra: str) -> list[str]:
    """Distributions of `extra` that are not installed; nothing is imported to tell."""
    installed = package_versions(extra)
    return [name for name in EXTRAS[extra] if name not in installed]


def package_versions(extra: str) -> dict[str, str]:
    """Installed distributions of `extra` with their versions."""
    found = {}
    for distribution in EXTRAS[extra]:
        try:
            found[distribution] = version(distribution)
        except PackageNotFoundError:
            continue
    return found


def require_extra(*extras: str, wanted_by: str) -> None:
    """Refuse to go on without `extras`.

    Raises:
        MissingExtra: If a package of one is not installed.
    """
    if missing := [name for extra in extras for name in missing_packages(extra)]:
        raise MissingExtra(
            f"`{wanted_by}` needs what is not installed: {', '.join(missing)}",
            f'pip install "weave-core[{",".join(extras)}]"',
        )
