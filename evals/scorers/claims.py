"""Judging part by part: a text is cut into what it says, and each part gets a verdict.

A share of parts can be checked by a reader, which one number for the whole can't: each part stands
with its verdict and its reason in the score's detail.
"""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from weave_core.evals.prompts import JudgePrompt
from weave_core.evals.scorers.models import Model, ask_for, cut
from weave_core.evals.scores import Score

__all__ = ["SPLIT_PROMPT", "Verdict", "judged", "listed", "score_of", "split", "verdict_prompt"]

MAX_CLAIMS = 200
"""Parts of one text that a judge is asked about; of a longer text the first ones."""
_MAX_REASON = 3_000


class Verdict(BaseModel):
    """What a judge says of one part."""

    number: int = Field(description="Of the part, as it was given.")
    reason: str = Field(description="One sentence.")
    holds: bool = Field(description="Whether what is asked holds of this part.")


class Verdicts(BaseModel):
    """One for each part."""

    verdicts: list[Verdict]


class Claims(BaseModel):
    """The parts of a text."""

    claims: list[str] = Field(description="In the order of the text; empty where it says nothing.")


SPLIT_PROMPT = JudgePrompt(
    name="split-claims",
    text="""You cut a text into the single claims that it makes.

Each claim is a short sentence that can be understood alone: replace pronouns by what they mean.
Leave out greetings, questions, and remarks about the text itself. Add nothing and judge nothing.
{context}
# Text
{text}

Reply with one JSON object and nothing else:
{{"claims": ["...", "..."]}}""",
)
"""What `split` asks unless it is told otherwise."""


def verdict_prompt(name: str, question: str) -> JudgePrompt:
    """A prompt that asks the same question of each part of a list.

    Args:
        name: Of the prompt.
        question: What has to hold of a part, as an instruction to the judge.
    """
    text = (
        f"{question}\n"
        "Be strict. Judge each part alone, by what is written here and not by what you know.\n"
        "{context}\n# Parts\n{parts}\n\n"
        "Reply with one JSON object and nothing else, a verdict for each part, in their order:\n"
        '{{"verdicts": [{{"number": 1, "reason": "one sentence", "holds": true or false}}]}}'
    )
    return JudgePrompt(name=name, text=text)


async def split(model: Model, prompt: JudgePrompt, text: str, *, context: str = "") -> list[str]:
    """The claims that a text makes; none where it says nothing."""
    if not text.strip():
        return []
    found = await ask_for(Claims, model, prompt.filled(context=context, text=cut(text)))
    return [claim.strip() for claim in found.claims if claim.strip()][:MAX_CLAIMS]


async def judged(
    model: Model, prompt: JudgePrompt, parts: Sequence[str], *, context: str
) -> list[Verdict]:
    """A verdict on each part, in their order.

    Raises:
        ValueError: If the judge leaves one out.
    """
    if not parts:
        return []
    asked = prompt.filled(context=context, parts=listed(parts))
    told = (await ask_for(Verdicts, model, asked)).verdicts
    by_number = {each.number: each for each in told}
    wanted = range(1, len(parts) + 1)
    if set(wanted) <= by_number.keys():
        return [by_number[number] for number in wanted]
    if len(told) == len(parts):  # It counted from 0, or gave all the same number.
        return told
    missing = next(number for number in wanted if number not in by_number)
    raise ValueError(f"the judge gave no verdict on part {missing} of {len(parts)}")


def listed(parts: Sequence[str]) -> str:
    """Parts with their numbers, as a judge sees them."""
    return "\n".join(f"{number}. {cut(part)}" for number, part in enumerate(parts, 1))


def score_of(
    parts: Sequence[str], verdicts: Sequence[Verdict], value: float | None = None
) -> Score:
    """The share of parts that hold, or `value`, with each part in the detail."""
    failed = [
        f"{part[:200]}: {said.reason}"
        for part, said in zip(parts, verdicts, strict=True)
        if not said.holds
    ]
    holding = len(parts) - len(failed)
    reason = f"{holding} of {len(parts)} hold" + (f"; not: {' / '.join(failed)}" if failed else "")
    return Score(
        holding / len(parts) if value is None else value,
        reason=reason[:_MAX_REASON],
        detail=[
            {"claim": part, "holds": said.holds, "reason": said.reason}
            for part, said in zip(parts, verdicts, strict=True)
        ],
    )
