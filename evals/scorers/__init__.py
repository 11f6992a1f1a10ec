"""Built-in scorers: each says in its docstring what it computes, its range, and its source.

Names are imported on first use, so that a library that is not installed is missed only by its own
scorer.
"""

from typing import TYPE_CHECKING

from weave_core.evals.doors import imported

if TYPE_CHECKING:
    from weave_core.evals.scorers.contract import Scorer as Scorer
    from weave_core.evals.scorers.judges import Jury as Jury
    from weave_core.evals.scorers.judges import Pairwise as Pairwise
    from weave_core.evals.scorers.judges import Rubric as Rubric
    from weave_core.evals.scorers.overlaps import Bleu as Bleu
    from weave_core.evals.scorers.overlaps import ChrF as ChrF
    from weave_core.evals.scorers.overlaps import Rouge as Rouge
    from weave_core.evals.scorers.overlaps import TokenF1 as TokenF1
    from weave_core.evals.scorers.programs import RunsPython as RunsPython
    from weave_core.evals.scorers.rankings import Ranking as Ranking
    from weave_core.evals.scorers.structures import JsonMatches as JsonMatches
    from weave_core.evals.scorers.structures import JsonSchema as JsonSchema
    from weave_core.evals.scorers.structures import Numeric as Numeric
    from weave_core.evals.scorers.structures import SqlMatches as SqlMatches
    from weave_core.evals.scorers.texts import Contains as Contains
    from weave_core.evals.scorers.texts import Exact as Exact
    from weave_core.evals.scorers.texts import Levenshtein as Levenshtein
    from weave_core.evals.scorers.texts import Matches as Matches
    from weave_core.evals.scorers.tools import ToolCalls as ToolCalls

_HOME = {
    "Bleu": "overlaps",
    "ChrF": "overlaps",
    "Contains": "texts",
    "Exact": "texts",
    "JsonMatches": "structures",
    "JsonSchema": "structures",
    "Jury": "judges",
    "Levenshtein": "texts",
    "Matches": "texts",
    "Numeric": "structures",
    "Pairwise": "judges",
    "Ranking": "rankings",
    "Rouge": "overlaps",
    "Rubric": "judges",
    "RunsPython": "programs",
    "Scorer": "contract",
    "SqlMatches": "structures",
    "TokenF1": "overlaps",
    "ToolCalls": "tools",
}

__all__ = [
    "Bleu",
    "ChrF",
    "Contains",
    "Exact",
    "JsonMatches",
    "JsonSchema",
    "Jury",
    "Levenshtein",
    "Matches",
    "Numeric",
    "Pairwise",
    "Ranking",
    "Rouge",
    "Rubric",
    "RunsPython",
    "Scorer",
    "SqlMatches",
    "TokenF1",
    "ToolCalls",
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
