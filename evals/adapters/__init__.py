"""Metrics of other libraries as scorers: one module a library, each with an extra of its own.

A metric keeps its settings and asks its own model; what an adapter adds is where its fields come
from, its reason, and that a failure of it is an error of one score and no zero.  Names are imported
on first use.
"""

from typing import TYPE_CHECKING

from weave_core.evals.doors import imported

if TYPE_CHECKING:
    from weave_core.evals.adapters.autoevals import Autoevals as Autoevals
    from weave_core.evals.adapters.deepeval import DeepEval as DeepEval
    from weave_core.evals.adapters.foreign import Foreign as Foreign
    from weave_core.evals.adapters.huggingface import HuggingFace as HuggingFace
    from weave_core.evals.adapters.ragas import Ragas as Ragas

_HOME = {
    "Autoevals": "autoevals",
    "DeepEval": "deepeval",
    "Foreign": "foreign",
    "HuggingFace": "huggingface",
    "Ragas": "ragas",
}

__all__ = ["Autoevals", "DeepEval", "Foreign", "HuggingFace", "Ragas"]


def __getattr__(name: str) -> object:
    """Import a name on first use.

    Raises:
        MissingExtra: If its library is not installed.
    """
    value = imported(__name__, _HOME, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
