"""Scorers that ask a model: one rubric, two answers side by side, or several models at once.

A judge is only as good as it agrees with people: `weave_core.evals.calibrations` measures that.
"""

import asyncio
import inspect
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weave_core.evals.scorers.contract import Scorer, expected_of, text_of
from weave_core.evals.scores import Score

__all__ = ["Jury", "Model", "Pairwise", "Rubric"]

Model = Callable[[str], str | Awaitable[str]]
"""A prompt to its answer: any function of yours, blocking or not."""

_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_YES_NO = {"yes": 1.0, "no": 0.0}
_MAX_TEXT = 50_000
"""Characters of one part of a prompt; what is judged is cut, and the judge is told so."""

_ASK = """You judge an answer. Be strict, and judge only by the rubric.

# Rubric
{rubric}
{context}
# Answer
{output}

Reply with one JSON object and nothing else:
{{"reason": "one or two sentences", "choice": ONE OF {choices}}}"""

_ASK_PAIR = """You compare two answers. Be strict, and judge only by the rubric.
Their order says nothing.

# Rubric
{rubric}
{context}
# Answer A
{first}

# Answer B
{second}

Reply with one JSON object and nothing else:
{{"reason": "one or two sentences", "choice": "A", "B" or "tie"}}"""


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

    async def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output."""
        prompt = _ASK.format(
            rubric=self.rubric,
            context=_context(row, self.columns),
            output=_cut(output),
            choices=json.dumps(list(self.choices)),
        )
        reply = await _ask(self.model, prompt)
        choice, reason = _choice(reply, self.choices)
        value: float | bool = self.choices[choice]
        if set(self.choices.values()) <= {0.0, 1.0}:
            value = bool(value)
        return Score(value, label=choice, reason=reason)


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
        prompt = _ASK_PAIR.format(
            rubric=self.rubric,
            context=_context(row, self.columns),
            first=_cut(first),
            second=_cut(second),
        )
        return _choice(await _ask(self.model, prompt), ("A", "B", "tie"))


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

    async def score(self, output: Any, row: Mapping[str, Any]) -> dict[str, Any]:
        """Judge one output."""
        judges = [
            Rubric(model=model, rubric=self.rubric, columns=self.columns, choices=self.choices)
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


async def _ask(model: Model, prompt: str) -> str:
    """The answer of a model, which may block: then in a thread."""
    if inspect.iscoroutinefunction(model) or inspect.iscoroutinefunction(
        getattr(model, "__call__", None)  # noqa: B004  # Its kind, not whether it is there.
    ):
        reply = model(prompt)
    else:
        reply = await asyncio.to_thread(model, prompt)
    return text_of(await reply if inspect.isawaitable(reply) else reply)


def _choice(reply: str, choices: Mapping[str, float] | Sequence[str]) -> tuple[str, str]:
    """The choice and the reason that a reply gives.

    Raises:
        ValueError: If it gives none of `choices`.
    """
    found = _OBJECT.search(reply)
    try:
        told = json.loads(found[0]) if found else {}
    except json.JSONDecodeError:
        told = {}
    word = str(told.get("choice", "")).strip() if isinstance(told, dict) else ""
    for choice in choices:
        if choice.casefold() == word.casefold():
            return choice, text_of(told.get("reason"))
    raise ValueError(f"the judge gave no choice of {', '.join(choices)}: {reply[:200]!r}")


def _context(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    return "".join(f"\n# {column}\n{_cut(expected_of(row, column))}\n" for column in columns)


def _cut(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]} [cut here: {len(text)} letters]"
