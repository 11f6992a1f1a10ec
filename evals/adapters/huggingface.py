"""Metrics of Hugging Face's `evaluate`."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from evaluate import EvaluationModule

from weave_core.errors import ConfigError
from weave_core.evals.adapters.foreign import OUTPUT, Foreign
from weave_core.evals.scores import Score
from weave_core.model import Span

__all__ = ["HuggingFace"]

_lock = threading.Lock()  # Scorers may share a module, which keeps on disk what it is given.


@dataclass(frozen=True, kw_only=True)
class HuggingFace(Foreign):
    """A metric of `evaluate`, computed on each output by itself.

    Range: the metric's own.  Every number of its result is a score, or the one that `key` names.  A
    metric that only makes sense over many outputs (a correlation, a corpus' BLEU) gives means of
    what it says of one.  One output is computed at a time.

    `evaluate.load("rouge")` fetches the metric's program from the internet; a path to it does not.

    Example:
        >>> HuggingFace(metric=evaluate.load("./metrics/exact_match"), key="exact_match")

    Source: https://github.com/huggingface/evaluate
    """

    metric: EvaluationModule
    key: str | None = None
    """The number that is meant."""
    options: Mapping[str, Any] | None = None
    """Given to `compute`."""
    library: ClassVar[str] = "evaluate"
    usual: ClassVar[Mapping[str, str]] = {"predictions": OUTPUT, "references": "expected"}

    def settings(self) -> dict[str, Any]:
        """What of the metric is part of its version; its other values change with each use."""
        told = {"name": self.metric.name, "config": self.metric.config_name, "key": self.key}
        return {**told, "options": dict(self.options or {})}

    async def score(
        self, output: Any, row: Mapping[str, Any], spans: Sequence[Span] | None = None
    ) -> dict[str, float] | Score:
        """Judge one output."""
        given = {name: [value] for name, value in self.fields(output, row, spans).items()}
        return await asyncio.to_thread(self._computed, given)

    def _computed(self, given: dict[str, Any]) -> dict[str, float] | Score:
        with _lock:
            found = self.metric.compute(**given, **(self.options or {})) or {}
        if self.key is None:
            return {k: float(v) for k, v in found.items() if isinstance(v, int | float)}
        if self.key not in found:
            raise ConfigError(f"{self.name} gives no {self.key!r}", f"it gives {', '.join(found)}")
        return Score(float(found[self.key]))
