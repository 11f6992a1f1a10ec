"""Built-in scorers: each says in its docstring what it computes, its range, and its source.

Names are imported on first use, so that a library that is not installed is missed only by its own
scorer.
"""

from typing import TYPE_CHECKING

from weave_core.evals.doors import imported

if TYPE_CHECKING:
    from weave_core.evals.scorers.alignments import Meteor as Meteor
    from weave_core.evals.scorers.contract import Scorer as Scorer
    from weave_core.evals.scorers.embeddings import EmbeddingSimilarity as EmbeddingSimilarity
    from weave_core.evals.scorers.embeddings import OpenAIEmbedder as OpenAIEmbedder
    from weave_core.evals.scorers.grades import GEval as GEval
    from weave_core.evals.scorers.judges import Jury as Jury
    from weave_core.evals.scorers.judges import Pairwise as Pairwise
    from weave_core.evals.scorers.judges import Rubric as Rubric
    from weave_core.evals.scorers.labels import Classification as Classification
    from weave_core.evals.scorers.models import ChatModel as ChatModel
    from weave_core.evals.scorers.overlaps import Bleu as Bleu
    from weave_core.evals.scorers.overlaps import ChrF as ChrF
    from weave_core.evals.scorers.overlaps import Rouge as Rouge
    from weave_core.evals.scorers.overlaps import TokenF1 as TokenF1
    from weave_core.evals.scorers.programs import RunsPython as RunsPython
    from weave_core.evals.scorers.rankings import Ranking as Ranking
    from weave_core.evals.scorers.references import ClosedQA as ClosedQA
    from weave_core.evals.scorers.references import Factuality as Factuality
    from weave_core.evals.scorers.retrieval import AnswerRelevance as AnswerRelevance
    from weave_core.evals.scorers.retrieval import ContextPrecision as ContextPrecision
    from weave_core.evals.scorers.retrieval import ContextRecall as ContextRecall
    from weave_core.evals.scorers.retrieval import ContextRelevance as ContextRelevance
    from weave_core.evals.scorers.retrieval import Faithfulness as Faithfulness
    from weave_core.evals.scorers.safety import NoPersonalData as NoPersonalData
    from weave_core.evals.scorers.safety import NotFlagged as NotFlagged
    from weave_core.evals.scorers.safety import Refusal as Refusal
    from weave_core.evals.scorers.structures import JsonMatches as JsonMatches
    from weave_core.evals.scorers.structures import JsonSchema as JsonSchema
    from weave_core.evals.scorers.structures import Numeric as Numeric
    from weave_core.evals.scorers.structures import SqlMatches as SqlMatches
    from weave_core.evals.scorers.summaries import Summary as Summary
    from weave_core.evals.scorers.texts import Contains as Contains
    from weave_core.evals.scorers.texts import Exact as Exact
    from weave_core.evals.scorers.texts import Levenshtein as Levenshtein
    from weave_core.evals.scorers.texts import Matches as Matches
    from weave_core.evals.scorers.tools import ToolCalls as ToolCalls
    from weave_core.evals.scorers.toxicity import NotToxic as NotToxic
    from weave_core.evals.scorers.trajectories import Trajectory as Trajectory

_HOME = {
    "AnswerRelevance": "retrieval",
    "Bleu": "overlaps",
    "ChatModel": "models",
    "ChrF": "overlaps",
    "Classification": "labels",
    "ClosedQA": "references",
    "Contains": "texts",
    "ContextPrecision": "retrieval",
    "ContextRecall": "retrieval",
    "ContextRelevance": "retrieval",
    "EmbeddingSimilarity": "embeddings",
    "Exact": "texts",
    "Factuality": "references",
    "Faithfulness": "retrieval",
    "GEval": "grades",
    "JsonMatches": "structures",
    "JsonSchema": "structures",
    "Jury": "judges",
    "Levenshtein": "texts",
    "Matches": "texts",
    "Meteor": "alignments",
    "NoPersonalData": "safety",
    "NotFlagged": "safety",
    "NotToxic": "toxicity",
    "Numeric": "structures",
    "OpenAIEmbedder": "embeddings",
    "Pairwise": "judges",
    "Ranking": "rankings",
    "Refusal": "safety",
    "Rouge": "overlaps",
    "Rubric": "judges",
    "RunsPython": "programs",
    "Scorer": "contract",
    "SqlMatches": "structures",
    "Summary": "summaries",
    "TokenF1": "overlaps",
    "ToolCalls": "tools",
    "Trajectory": "trajectories",
}

__all__ = [
    "AnswerRelevance",
    "Bleu",
    "ChatModel",
    "ChrF",
    "Classification",
    "ClosedQA",
    "Contains",
    "ContextPrecision",
    "ContextRecall",
    "ContextRelevance",
    "EmbeddingSimilarity",
    "Exact",
    "Factuality",
    "Faithfulness",
    "GEval",
    "JsonMatches",
    "JsonSchema",
    "Jury",
    "Levenshtein",
    "Matches",
    "Meteor",
    "NoPersonalData",
    "NotFlagged",
    "NotToxic",
    "Numeric",
    "OpenAIEmbedder",
    "Pairwise",
    "Ranking",
    "Refusal",
    "Rouge",
    "Rubric",
    "RunsPython",
    "Scorer",
    "SqlMatches",
    "Summary",
    "TokenF1",
    "ToolCalls",
    "Trajectory",
]


def __getattr__(name: str) -> object:
    """Import a name on first use.

    Raises:
        MissingExtra: If the library of a scorer is not installed.
    """
    value = imported(__name__, _HOME, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
