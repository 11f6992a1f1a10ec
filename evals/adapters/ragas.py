"""Metrics of ragas, of both its interfaces."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ragas import SingleTurnSample

from weave_core.evals.adapters.foreign import DOCUMENTS, OUTPUT, Foreign
from weave_core.evals.scorers.contract import text_of
from weave_core.evals.scores import Score
from weave_core.model import Span

__all__ = ["Ragas"]

_TEXTS = ("user_input", "response", "reference")


@dataclass(frozen=True, kw_only=True)
class Ragas(Foreign):
    """A metric of ragas on one turn: its value, with its reason where it gives one.

    Range: 0 to 1 for most; a word for those that choose one.  NaN, which ragas gives where its
    judge failed, is an error.  `user_input` is the column `question`, `response` the output,
    `reference` is `expected`, `retrieved_contexts` are the documents; other fields are named in
    `columns`.
    Metrics of `ragas.metrics.collections`, and older ones with `single_turn_ascore`.

    Example:
        >>> Ragas(metric=Faithfulness(llm=llm_factory("gpt-4o-mini", client=client)))

    Source: https://github.com/explodinggradients/ragas
    """

    library: ClassVar[str] = "ragas"
    usual: ClassVar[Mapping[str, str]] = {
        "user_input": "question",
        "response": OUTPUT,
        "reference": "expected",
        "retrieved_contexts": DOCUMENTS,
    }

    async def score(
        self, output: Any, row: Mapping[str, Any], spans: Sequence[Span] | None = None
    ) -> Score:
        """Judge one output."""
        given = self.fields(output, row, spans)
        for name in _TEXTS:
            if name in given:
                given[name] = text_of(given[name])
        if hasattr(self.metric, "single_turn_ascore"):
            found: Any = await self.metric.single_turn_ascore(SingleTurnSample(**given))
        else:
            known = inspect.signature(self.metric.ascore).parameters
            takes_all = any(each.kind is each.VAR_KEYWORD for each in known.values())
            found = await self.metric.ascore(
                **{name: value for name, value in given.items() if takes_all or name in known}
            )
        value, reason = getattr(found, "value", found), getattr(found, "reason", None)
        if isinstance(value, str):
            return Score(label=value, reason=reason)
        return Score(value, reason=reason)
