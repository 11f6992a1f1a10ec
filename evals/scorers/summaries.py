"""A judge of summaries: what they say of their text, whether it is so, and whether it is needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from weave_core.evals.prompts import JudgePrompt
from weave_core.evals.scorers.claims import SPLIT_PROMPT, judged, score_of, split, verdict_prompt
from weave_core.evals.scorers.contract import Scorer, expected_of, text_of
from weave_core.evals.scorers.models import Model, cut
from weave_core.evals.scorers.retrieval import SUPPORTED_PROMPT
from weave_core.evals.scores import Score

__all__ = ["COVERED_PROMPT", "NEEDED_PROMPT", "POINTS_PROMPT", "Summary"]

Aspect = Literal["coverage", "faithfulness", "conciseness"]

POINTS_PROMPT = JudgePrompt(
    name="key-points",
    text="""You list the key points of a text: what a reader must learn from a good summary of it.

Three to ten of them, fewer for a short text, the most important first. Each is a short sentence
that can be understood alone.
{context}
# Text
{text}

Reply with one JSON object and nothing else:
{{"claims": ["...", "..."]}}""",
)
COVERED_PROMPT = verdict_prompt(
    "covered",
    "You say of each key point whether the summary tells it, in whatever words.",
)
NEEDED_PROMPT = verdict_prompt(
    "needed",
    "You say of each claim of a summary whether it is needed there: it does not repeat another"
    " claim of the list, and it is no minor detail of the text that is summarised.",
)


@dataclass(frozen=True, kw_only=True)
class Summary(Scorer):
    """How good a summary is.

    Gives, each 0 to 1:

    - `coverage`: key points of the text that the summary tells / all key points.
    - `faithfulness`: claims of the summary that the text supports / all claims.
    - `conciseness`: claims of the summary that are needed, neither repeated nor minor / all claims.

    A judge says so of each point and claim, which stand in the details.  A summary that says
    nothing has a coverage of 0, and no more.

    Source: Es et al. 2024 for claims; Fabbri et al. 2021, "SummEval", for what is to be judged
    (relevance, consistency); Liu et al. 2023, "Revisiting the Gold Standard", for key points.
    """

    name: str = "summary"
    model: Model
    column: str = "document"
    """The column with the text that is summarised."""
    aspects: Sequence[Aspect] = ("coverage", "faithfulness", "conciseness")
    points_prompt: JudgePrompt = POINTS_PROMPT
    split_prompt: JudgePrompt = SPLIT_PROMPT
    covered_prompt: JudgePrompt = COVERED_PROMPT
    supported_prompt: JudgePrompt = SUPPORTED_PROMPT
    needed_prompt: JudgePrompt = NEEDED_PROMPT

    async def score(self, output: Any, row: Mapping[str, Any]) -> dict[str, Score]:
        """Judge one output."""
        document, summary = text_of(expected_of(row, self.column)), text_of(output)
        given = f"\n# Document\n{cut(document)}\n"
        found: dict[str, Score] = {}
        if not summary.strip():
            return {"coverage": Score(0.0, reason="the summary says nothing")}
        if "coverage" in self.aspects:
            points = await split(self.model, self.points_prompt, document)
            context = f"\n# Summary\n{cut(summary)}\n"
            told = await judged(self.model, self.covered_prompt, points, context=context)
            if points:
                found["coverage"] = score_of(points, told)
        asked = {"faithfulness": self.supported_prompt, "conciseness": self.needed_prompt}
        wanted = [aspect for aspect in asked if aspect in self.aspects]
        claims = await split(self.model, self.split_prompt, summary) if wanted else []
        for aspect in wanted if claims else ():
            told = await judged(self.model, asked[aspect], claims, context=given)
            found[aspect] = score_of(claims, told)
        return found
