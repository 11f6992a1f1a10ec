"""Scorers that ask a model: one rubric, two answers side by side, or several models at once.

A judge is only as good as it agrees with people: `weave_core.evals.calibrations` measures that.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weave_core.evals.prompts import JudgePrompt
from weave_core.evals.scorers.contract import Scorer, expected_of, text_of
from weave_core.evals.scorers.models import Model, ask, cut, json_of
from weave_core.evals.scores import Score

__all__ = [
    "PAIR_PROMPT",
    "RUBRIC_PROMPT",
    "Jury",
    "Model",
    "Pairwise",
    "Rubric",
    "context_of",
    "valued",
]

_YES_NO = {"yes": 1.0, "no": 0.0}

RUBRIC_PROMPT = JudgePrompt(
    name="rubric",
    text="""You judge an answer. Be strict, and judge only by the rubric.

# Rubric
{rubric}
{context}
# Answer
{output}

Reply with one JSON object and nothing else:
{{"reason": "one or two sentences", "choice": ONE OF {choices}}}""",
)
"""What `Rubric` and `Jury` ask."""

PAIR_PROMPT = JudgePrompt(
    name="pairwise",
    text="""You compare two answers. Be strict, and judge only by the rubric.
Their order says nothing.

# Rubric
{rubric}
{context}
# Answer A
{first}

# Answer B
{second}

Reply with one JSON object and nothing else:
{{"reason": "one or two sentences", "choice": "A", "B" or "tie"}}""",
)
"""What `Pairwise` asks."""


@dataclass(frozen=True, kw_only=True)
class Rubric(Scorer):
    """What a model says of the output, by a rubric.

    Formula: the value of the choice that the model makes, in `choices`.  Range: that of the values.
    An answer that is no choice is an error, not a zero.

    Source: Zheng et al. 2023, "Judging LLM-as-a-Judge", single answer grading; reason before choice
    as in Liu et al. 2023, "G-Eval".
    """

    name: str = "rubric"
    model: Model
    rubric: str
    """What is asked, such as: Does the answer say only what the documents say?"""
    columns: Sequence[str] = ()
    """What of the row the judge sees, such as `question` and `documents`."""
    choices: Mapping[str, float] = field(default_factory=lambda: dict(_YES_NO))
    """Words to values; yes and no by default."""
    prompt: JudgePrompt = RUBRIC_PROMPT

    async def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output."""
        prompt = self.prompt.filled(
            rubric=self.rubric,
            context=context_of(row, self.columns),
            output=cut(output),
            choices=json.dumps(list(self.choices)),
        )
        reply = await ask(self.model, prompt)
        choice, reason = _choice(reply, self.choices)
        return valued(choice, self.choices, reason)


@dataclass(frozen=True, kw_only=True)
class Pairwise(Scorer):
    """Whether the output is better than another answer, asked in both orders.

    Gives `win` (1 better, 0 worse, 0.5 a tie, which is what two orders that contradict each other
    are) and `consistent` (whether both orders say the same).

    Source: Zheng et al. 2023, section 3.4: a judge that prefers a place is found by swapping.
    """

    name: str = "pairwise"
    model: Model
    rubric: str
    other: str = "baseline"
    """The column with the other answer."""
    columns: Sequence[str] = ()
    """What else of the row the judge sees."""
    prompt: JudgePrompt = PAIR_PROMPT

    async def score(self, output: Any, row: Mapping[str, Any]) -> dict[str, Any]:
        """Judge one output."""
        other = expected_of(row, self.other)
        forth, back = await asyncio.gather(
            self._winner(output, other, row), self._winner(other, output, row)
        )
        # As seen from the output: it was A, then B.
        first = {"A": 1.0, "B": 0.0, "tie": 0.5}[forth[0]]
        second = {"A": 0.0, "B": 1.0, "tie": 0.5}[back[0]]
        is_consistent = first == second
        return {
            "win": Score(first if is_consistent else 0.5, reason=f"{forth[1]} / {back[1]}"),
            "consistent": is_consistent,
        }

    async def _winner(self, first: Any, second: Any, row: Mapping[str, Any]) -> tuple[str, str]:
        prompt = self.prompt.filled(
            rubric=self.rubric,
            context=context_of(row, self.columns),
            first=cut(first),
            second=cut(second),
        )
        return _choice(await ask(self.model, prompt), ("A", "B", "tie"))


@dataclass(frozen=True, kw_only=True)
class Jury(Scorer):
    """What most of several models say, by a rubric.

    Gives `vote` (the value that most gave; the mean of the first ones where they are even) and
    `agreement` (the share that gave it).  A model that fails has no vote; all failing is an error.

    Source: Verga et al. 2024, "Replacing Judges with Juries".
    """

    name: str = "jury"
    models: Sequence[Model]
    rubric: str
    columns: Sequence[str] = ()
    choices: Mapping[str, float] = field(default_factory=lambda: dict(_YES_NO))
    prompt: JudgePrompt = RUBRIC_PROMPT

    async def score(self, output: Any, row: Mapping[str, Any]) -> dict[str, Any]:
        """Judge one output."""
        judges = [
            Rubric(
                model=model,
                rubric=self.rubric,
                columns=self.columns,
                choices=self.choices,
                prompt=self.prompt,
            )
            for model in self.models
        ]
        told = await asyncio.gather(
            *(judge.score(output, row) for judge in judges), return_exceptions=True
        )
        votes = [each for each in told if isinstance(each, Score)]
        if not votes:
            raise next(each for each in told if isinstance(each, BaseException))
        counts = Counter(float(vote.value or 0.0) for vote in votes).most_common()
        most = [value for value, count in counts if count == counts[0][1]]
        reasons = " / ".join(vote.reason or "" for vote in votes)
        return {
            "vote": Score(sum(most) / len(most), reason=reasons),
            "agreement": counts[0][1] / len(votes),
        }


def _choice(reply: str, choices: Mapping[str, float] | Sequence[str]) -> tuple[str, str]:
    """The choice and the reason that a reply gives.

    Raises:
        ValueError: If it gives none of `choices`.
    """
    told = json_of(reply)
    word = str(told.get("choice", "")).strip() if isinstance(told, dict) else ""
    for choice in choices:
        if choice.casefold() == word.casefold():
            return choice, text_of(told.get("reason"))
    raise ValueError(f"the judge gave no choice of {', '.join(choices)}: {reply[:200]!r}")


def valued(choice: str, values: Mapping[str, float], reason: str) -> Score:
    """The score of a choice: a truth where there are only 0 and 1, else a number."""
    value = values[choice]
    is_truth = set(values.values()) <= {0.0, 1.0}
    return Score(bool(value) if is_truth else value, label=choice, reason=reason)


def context_of(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    """Columns of a row, as a part of a prompt.

    Raises:
        LookupError: If the row has not all of them.
    """
    return "".join(f"\n# {column}\n{cut(expected_of(row, column))}\n" for column in columns)
