"""A judge that grades on a scale by steps, and by how sure the model is of each grade."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import BaseModel, Field

from weave_core.errors import ConfigError
from weave_core.evals.prompts import JudgePrompt
from weave_core.evals.scorers.claims import listed
from weave_core.evals.scorers.contract import Scorer
from weave_core.evals.scorers.judges import context_of
from weave_core.evals.scorers.models import (
    ChatModel,
    Model,
    Weighed,
    ask_for,
    cut,
    read_form,
    schema_of,
)
from weave_core.evals.scores import Score

__all__ = ["GRADE_PROMPT", "STEPS_PROMPT", "GEval"]

MAX_STEPS = 20
"""Steps of G-Eval that are kept of those that a model derives, the first ones."""
_GRADE = re.compile(r'"score"\s*:\s*(\d+)')

STEPS_PROMPT = JudgePrompt(
    name="g-eval-steps",
    text="""You write the instructions by which others will grade answers from {low} to {high}.

# Criteria
{criteria}

They see the answer{seen}. Think about what the criteria ask for and how an answer can fail them,
then list the three to six steps that a grader takes, in their order, each in one sentence.

Reply with one JSON object and nothing else:
{{"steps": ["...", "..."]}}""",
)
"""How `GEval` derives its steps."""

GRADE_PROMPT = JudgePrompt(
    name="g-eval",
    text="""You grade an answer. Be strict, judge only by the criteria, and take each of the steps.

# Criteria
{criteria}

# Steps
{steps}
{context}
# Answer
{output}

Reply with one JSON object and nothing else:
{{"reason": "one or two sentences", "score": A WHOLE NUMBER FROM {low} TO {high}}}""",
)
"""What `GEval` asks of each output."""


class Steps(BaseModel):
    """How to grade."""

    steps: list[str] = Field(description="In their order, each one sentence.")


class Grade(BaseModel):
    """What a judge gives."""

    reason: str = Field(description="One or two sentences.")
    score: int = Field(description="On the scale that is asked for.")


class _Derived:
    """The steps that are known so far; not part of what the judge is, so not of its version."""

    def __init__(self) -> None:
        self.steps: tuple[str, ...] = ()
        # A lock belongs to one loop, and a scorer may be used in several, one after the other.
        self._locks = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]()

    @property
    def lock(self) -> asyncio.Lock:
        """That of the loop that runs."""
        return self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())


@dataclass(frozen=True, kw_only=True)
class GEval(Scorer):
    """What grade a model gives by criteria, weighed by how likely it was to give each.

    Formula: (sum of p(s) s - low) / (high - low) over the grades s of the scale.  p(s) is the
    probability of the grade's token where the provider tells it (`ChatModel`), normalised over the
    scale, else the share of `samples` answers that gave it.  Range: 0 to 1; the detail has the
    steps, p of each grade, and which of both it is.  A grade outside the scale is an error.

    The steps are derived from the criteria by the model, once for each object; give those that
    `derived` tells as `steps`, and every run judges by the same.

    Source: Liu et al. 2023, "G-Eval", arXiv:2303.16634, sections 2 and 2.1, where 20 answers are
    sampled and no reason is asked for; here it comes before the grade.

    Raises:
        ConfigError: If the scale is not from 0 or more upwards, or no answer is to be sampled.
    """

    name: str = "g_eval"
    model: Model
    criteria: str
    """What is graded, such as: Coherence: the sentences build on each other."""
    steps: Sequence[str] = ()
    """How a grader proceeds; empty: the model derives it."""
    columns: Sequence[str] = ()
    """What of the row the judge sees, such as `question`."""
    low: int = 1
    high: int = 5
    samples: int = 5
    """Answers for one grade, where there are no probabilities; a `ChatModel` is asked for them at
    temperature 1, another model has to vary by itself."""
    weighed: bool = True
    """False: sample at once, of a provider that is known to tell no probabilities."""
    steps_prompt: JudgePrompt = STEPS_PROMPT
    prompt: JudgePrompt = GRADE_PROMPT
    _derived: _Derived = field(default_factory=_Derived, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high or self.samples < 1:
            raise ConfigError(
                f"the scale is {self.low} to {self.high}, with {self.samples} answers for a grade",
                "give 0 <= low < high, and one answer at least",
            )

    async def derived(self) -> tuple[str, ...]:
        """The steps: those that were given, or what the model makes of the criteria, once.

        Raises:
            ValueError: If the model gives none.
        """
        if self.steps:
            return tuple(self.steps)
        async with self._derived.lock:
            if not self._derived.steps:
                asked = self.steps_prompt.filled(
                    criteria=self.criteria,
                    seen="".join(f", the {column}" for column in self.columns),
                    low=str(self.low),
                    high=str(self.high),
                )
                told = (await ask_for(Steps, self.model, asked)).steps
                kept = tuple(step.strip() for step in told if step.strip())[:MAX_STEPS]
                if not kept:
                    raise ValueError(f"the judge derived no steps from {self.criteria[:200]!r}")
                self._derived.steps = kept
        return self._derived.steps

    async def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output."""
        steps = await self.derived()
        asked = self.prompt.filled(
            criteria=self.criteria,
            steps=listed(steps),
            context=context_of(row, self.columns),
            output=cut(output),
            low=str(self.low),
            high=str(self.high),
        )
        found = await self._weighed(asked) if self.weighed else None
        source = "probabilities" if found else "samples"
        shares, reason = found or await self._sampled(asked)
        mean = sum(grade * share for grade, share in shares.items())
        told = {str(grade): round(share, 6) for grade, share in sorted(shares.items())}
        return Score(
            (mean - self.low) / (self.high - self.low),
            reason=reason,
            detail={"steps": [*steps], "grades": told, "by": source},
        )

    async def _weighed(self, prompt: str) -> tuple[dict[int, float], str] | None:
        """The share of each grade by its token; None where the provider does not tell."""
        if not isinstance(self.model, ChatModel):
            return None
        reply, tokens = await self.model.weighed(prompt, schema=schema_of(Grade))
        grade = self._read(reply)
        likely = _at_grade(tokens, grade.score)
        weights: dict[int, float] = {}
        for token, share in likely.items():
            word = token.strip()
            if word.isdecimal() and self.low <= int(word) <= self.high:
                weights[int(word)] = weights.get(int(word), 0.0) + share
        total = sum(weights.values())
        if not total:
            return None
        return {each: weight / total for each, weight in weights.items()}, grade.reason

    async def _sampled(self, prompt: str) -> tuple[dict[int, float], str]:
        """The share of each grade among some answers, with the reason of the one most like all."""
        model = self.model
        if isinstance(model, ChatModel) and model.temperature is not None:
            model = replace(model, temperature=1.0)  # At 0 all answers would be the same one.
        told = await asyncio.gather(*(ask_for(Grade, model, prompt) for _ in range(self.samples)))
        grades = [self._checked(each) for each in told]
        counts = Counter(each.score for each in grades)
        mean = sum(each.score for each in grades) / len(grades)
        nearest = min(grades, key=lambda each: abs(each.score - mean))
        return {grade: n / len(grades) for grade, n in counts.items()}, nearest.reason

    def _read(self, reply: str) -> Grade:
        return self._checked(read_form(Grade, reply))

    def _checked(self, grade: Grade) -> Grade:
        if not self.low <= grade.score <= self.high:
            raise ValueError(
                f"the judge gave {grade.score}, which is not on the scale of {self.low} to"
                f" {self.high}: {grade.reason[:200]!r}"
            )
        return grade


def _at_grade(tokens: Sequence[Weighed], grade: int) -> dict[str, float]:
    """The likeliest tokens where the grade stands; none where it is not one token.

    Places are counted in the tokens, not in the answer: a letter may be cut in two, and then they
    differ.
    """
    found = [*_GRADE.finditer("".join(text for text, _ in tokens))]
    place = 0
    for text, likely in tokens:
        place += len(text)
        if found and place > found[-1].start(1):
            return likely if text.strip() == str(grade) else {}
    return {}
