"""Scorers of Braintrust's `autoevals`."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from autoevals import Score as TheirScore
from autoevals import Scorer as TheirScorer

from weave_core.evals.adapters.foreign import OUTPUT, Foreign
from weave_core.evals.scores import Score
from weave_core.model import Span

__all__ = ["Autoevals"]


@dataclass(frozen=True, kw_only=True)
class Autoevals(Foreign):
    """A scorer of `autoevals`: its score, with its rationale as reason and its choice as label.

    Range: 0 to 1, by its own contract.  A score that it skips is none.  `columns` names what it
    takes beside output and `expected`; `input` is the column `question`.

    Example:
        >>> Autoevals(metric=autoevals.Factuality(client=client), columns={"input": "prompt"})

    Source: https://github.com/braintrustdata/autoevals
    """

    metric: Any
    """A scorer, or its class."""
    library: ClassVar[str] = "autoevals"
    usual: ClassVar[Mapping[str, str]] = {
        "output": OUTPUT,
        "expected": "expected",
        "input": "question",
    }

    def __post_init__(self) -> None:
        if isinstance(self.metric, type):
            object.__setattr__(self, "metric", self.metric())
        super().__post_init__()

    def own_name(self) -> str:
        """What it calls itself."""
        return str(self.metric._name())  # noqa: SLF001  # It has no other name.

    async def score(
        self, output: Any, row: Mapping[str, Any], spans: Sequence[Span] | None = None
    ) -> Score | None:
        """Judge one output."""
        given = self.fields(output, row, spans)
        if type(self.metric)._run_eval_async is TheirScorer._run_eval_async:  # noqa: SLF001
            # It blocks in either form.
            found: TheirScore = await asyncio.to_thread(self.metric.eval, **given)
        else:
            found = await self.metric.eval_async(**given)
        if found.score is None:
            return None
        metadata = found.metadata or {}
        reason, choice = metadata.get("rationale"), metadata.get("choice")
        return Score(
            found.score,
            label=None if choice is None else str(choice),
            reason=None if reason is None else str(reason),
            detail=metadata or None,
        )
