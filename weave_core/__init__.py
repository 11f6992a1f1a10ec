"""weave-core: tracing, evaluation and experiment tracking, built on OpenTelemetry.

These are the public names.  This file is the roof: it may look at every layer, no layer looks
at it.  Each name is imported on first use (PEP 562), so that `import weave_core` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weave_core.artifacts import Artifact as Artifact
    from weave_core.client import Client as Client
    from weave_core.errors import WeaveError as WeaveError
    from weave_core.evals import Dataset as Dataset
    from weave_core.evals import Evaluation as Evaluation
    from weave_core.evals import EvaluationLogger as EvaluationLogger
    from weave_core.evals import Model as Model
    from weave_core.evals import Score as Score
    from weave_core.evals import Scorer as Scorer
    from weave_core.evals.sweep_agents import agent as agent
    from weave_core.evals.sweep_agents import sweep as sweep
    from weave_core.publishing import get as get
    from weave_core.publishing import publish as publish
    from weave_core.setup import init as init
    from weave_core.tracing import Run as Run
    from weave_core.tracing import attributes as attributes
    from weave_core.tracing import current_span as current_span
    from weave_core.tracing import feedback as feedback
    from weave_core.tracing import flush as flush
    from weave_core.tracing import op as op
    from weave_core.tracing import run as run
    from weave_core.tracing import session as session
    from weave_core.tracing import shutdown as shutdown
    from weave_core.tracing import span as span
    from weave_core.tracing.bodies import Molecule as Molecule
    from weave_core.tracing.bodies import Object3D as Object3D
    from weave_core.tracing.histograms import Histogram as Histogram
    from weave_core.tracing.media import Audio as Audio
    from weave_core.tracing.media import Html as Html
    from weave_core.tracing.media import Image as Image
    from weave_core.tracing.media import Markdown as Markdown
    from weave_core.tracing.media import Video as Video
    from weave_core.tracing.tables import Table as Table

_HOME = {
    "Artifact": "weave_core.artifacts",
    "Audio": "weave_core.tracing.media",
    "Client": "weave_core.client",
    "Histogram": "weave_core.tracing.histograms",
    "Html": "weave_core.tracing.media",
    "Image": "weave_core.tracing.media",
    "Markdown": "weave_core.tracing.media",
    "Molecule": "weave_core.tracing.bodies",
    "Object3D": "weave_core.tracing.bodies",
    "Table": "weave_core.tracing.tables",
    "Video": "weave_core.tracing.media",
    "Dataset": "weave_core.evals",
    "Evaluation": "weave_core.evals",
    "EvaluationLogger": "weave_core.evals",
    "Model": "weave_core.evals",
    "Run": "weave_core.tracing",
    "Score": "weave_core.evals",
    "Scorer": "weave_core.evals",
    "WeaveError": "weave_core.errors",
    "agent": "weave_core.evals.sweep_agents",
    "attributes": "weave_core.tracing",
    "current_span": "weave_core.tracing",
    "feedback": "weave_core.tracing",
    "flush": "weave_core.tracing",
    "get": "weave_core.publishing",
    "init": "weave_core.setup",
    "op": "weave_core.tracing",
    "publish": "weave_core.publishing",
    "run": "weave_core.tracing",
    "session": "weave_core.tracing",
    "shutdown": "weave_core.tracing",
    "span": "weave_core.tracing",
    "sweep": "weave_core.evals.sweep_agents",
}

__all__ = [
    "Artifact",
    "Audio",
    "Client",
    "Dataset",
    "Evaluation",
    "EvaluationLogger",
    "Histogram",
    "Html",
    "Image",
    "Markdown",
    "Model",
    "Molecule",
    "Object3D",
    "Run",
    "Score",
    "Scorer",
    "Table",
    "Video",
    "WeaveError",
    "agent",
    "attributes",
    "current_span",
    "feedback",
    "flush",
    "get",
    "init",
    "op",
    "publish",
    "run",
    "session",
    "shutdown",
    "span",
    "sweep",
]


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
