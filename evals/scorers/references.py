"""Judges of answers to questions: against an expert's answer, or by one criterion.

Whether documents support an answer is asked in `weave_core.evals.scorers.retrieval`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, Field

from weave_core.errors import ConfigError
from weave_core.evals.prompts import JudgePrompt
from weave_core.evals.scorers.contract import Scorer, expected_of
from weave_core.evals.scorers.judges import context_of, valued
from weave_core.evals.scorers.models import Model, ask_for, cut
from weave_core.evals.scores import Score

__all__ = ["CLOSED_PROMPT", "FACTS_PROMPT", "FACT_VALUES", "ClosedQA", "Factuality"]

Relation = Literal["subset", "superset", "equal", "contradicts", "immaterial"]

FACT_VALUES: Mapping[str, float] = {
    "subset": 0.4,
    "superset": 0.6,
    "equal": 1.0,
    "contradicts": 0.0,
    "immaterial": 1.0,
}
"""What each relation of an answer to the expert's is worth, unless it is said otherwise; as in
`autoevals`, for OpenAI's template gives only the labels."""

FACTS_PROMPT = JudgePrompt(
    name="factuality",
    text="""You compare the facts of an answer with those of an expert's answer to a question.
Style, wording, grammar and length do not matter. What the expert says is true.
{context}
# Answer
{output}

Which of these is the answer?
- subset: all that it says the expert says as well, and it leaves some of it out
- superset: it says all that the expert says and more, and nothing that contradicts it
- equal: it says the same as the expert
- contradicts: something in it can't be true if the expert is right
- immaterial: it differs, but in nothing that matters for the facts

Reply with one JSON object and nothing else:
{{"reason": "one or two sentences", "choice": ONE OF the five words}}""",
)
"""What `Factuality` asks."""

CLOSED_PROMPT = JudgePrompt(
    name="closed-qa",
    text="""You say whether an answer meets a criterion. Be strict, and judge by nothing else.

# Criterion
{criterion}
{context}
# Answer
{output}

Reply with one JSON object and nothing else:
{{"reason": "one or two sentences", "choice": "yes" or "no"}}""",
)
"""What `ClosedQA` asks."""


class Compared(BaseModel):
    """How an answer stands to the expert's."""

    reason: str = Field(description="One or two sentences.")
    choice: Relation


class Met(BaseModel):
    """Whether a criterion is met."""

    reason: str = Field(description="One or two sentences.")
    choice: Literal["yes", "no"]


@dataclass(frozen=True, kw_only=True)
class Factuality(Scorer):
    """How the facts of an answer stand to those of an expert's answer.

    Formula: the value of the relation that the model finds, in `values`.  Range: that of the
    values, 0 to 1 by default; the label is the relation.  `subset`, `superset`, `equal`,
    `contradicts`, or `immaterial`, which is a difference that does not matter.

    Source: OpenAI Evals, template `fact`; values as in `autoevals`.

    Raises:
        ConfigError: If a value is given for what is no relation.
    """

    name: str = "factuality"
    model: Model
    question: str = "question"
    """The column with the question."""
    expected: str = "expected"
    """The column with the expert's answer."""
    values: Mapping[str, float] = field(default_factory=lambda: FACT_VALUES)
    """Those that are other than in `FACT_VALUES`: `{"superset": 1.0}` where more is no worse."""
    prompt: JudgePrompt = FACTS_PROMPT

    def __post_init__(self) -> None:
        if unknown := set(self.values) - set(FACT_VALUES):
            raise ConfigError(
                f"{sorted(unknown)} are no relations of an answer to an expert's",
                f"give values for {', '.join(FACT_VALUES)}",
            )
        # All of them, so that the version holds what the scores were made of.
        object.__setattr__(self, "values", {**FACT_VALUES, **self.values})

    async def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output."""
        expert = cut(expected_of(row, self.expected))
        context = f"{context_of(row, [self.question])}\n# The expert's answer\n{expert}\n"
        asked = self.prompt.filled(context=context, output=cut(output))
        found = await ask_for(Compared, self.model, asked)
        return valued(found.choice, self.values, found.reason)


@dataclass(frozen=True, kw_only=True)
class ClosedQA(Scorer):
    """Whether an answer meets a criterion, given the question and a reference.

    Range: true or false; the label is `yes` or `no`.  An answer that is neither is an error.

    Source: OpenAI Evals, template `closedqa`, to which the reference is added.
    """

    name: str = "closed_qa"
    model: Model
    criterion: str
    """What has to hold, such as: The answer names the year that the reference names."""
    question: str = "question"
    """The column with the question."""
    expected: str | None = "expected"
    """The column with the reference; None: the judge sees none."""
    prompt: JudgePrompt = CLOSED_PROMPT

    async def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output."""
        context = context_of(row, [self.question])
        if self.expected is not None:
            context += f"\n# Reference\n{cut(expected_of(row, self.expected))}\n"
        asked = self.prompt.filled(criterion=self.criterion, context=context, output=cut(output))
        found = await ask_for(Met, self.model, asked)
        return valued(found.choice, {"yes": 1.0, "no": 0.0}, found.reason)
