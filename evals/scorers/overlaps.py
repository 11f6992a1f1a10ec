"""Scorers that count what two texts have in common: words, n-grams, letters."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from weave_core.evals.scorers.contract import Scorer, references_of, text_of
from weave_core.evals.scorers.texts import normalised

__all__ = ["Bleu", "ChrF", "Rouge", "TokenF1"]


@dataclass(frozen=True, kw_only=True)
class TokenF1(Scorer):
    """How many words output and expected text share.

    Formula: 2 P R / (P + R) over the words of both texts as `normalised` writes them, where P is
    the share of the output's words that are expected and R that of the expected words that are
    there; with several expected texts the best.  Range: 0 to 1.

    Source: Rajpurkar et al. 2016, "SQuAD", section 6.1.
    """

    name: str = "token_f1"
    column: str = "expected"

    def score(self, output: Any, row: Mapping[str, Any]) -> float:
        """Judge one output."""
        told = normalised(text_of(output)).split()
        return max(_f1(told, normalised(each).split()) for each in references_of(row, self.column))


def _f1(told: list[str], wanted: list[str]) -> float:
    if not told or not wanted:
        return float(told == wanted)
    shared = sum((Counter(told) & Counter(wanted)).values())
    return 2 * shared / (len(told) + len(wanted))


@dataclass(frozen=True, kw_only=True)
class Bleu(Scorer):
    """How many n-grams of the output are expected, with a penalty for what is too short.

    Formula: exp(sum of log of smoothed 1- to 4-gram precisions / 4) times the brevity penalty, of
    one sentence, with exponential smoothing and effective order.  Range: 0 to 1.

    Source: Papineni et al. 2002; Post 2018 (`sacrebleu`), whose 0 to 100 is divided by 100.
    """

    name: str = "bleu"
    column: str = "expected"

    def score(self, output: Any, row: Mapping[str, Any]) -> float:
        """Judge one output."""
        metric = BLEU(effective_order=True)
        found = metric.sentence_score(text_of(output), references_of(row, self.column))
        return min(float(found.score) / 100, 1.0)  # Rounding gives 100.00000000000004.


@dataclass(frozen=True, kw_only=True)
class ChrF(Scorer):
    """How many n-grams of letters output and expected text share; good for rich inflection.

    Formula: F-score with beta 2 over 1- to 6-grams of letters.  Range: 0 to 1.

    Source: Popović 2015; `sacrebleu`, whose 0 to 100 is divided by 100.
    """

    name: str = "chrf"
    column: str = "expected"

    def score(self, output: Any, row: Mapping[str, Any]) -> float:
        """Judge one output."""
        found = CHRF().sentence_score(text_of(output), references_of(row, self.column))
        return min(float(found.score) / 100, 1.0)


@dataclass(frozen=True, kw_only=True)
class Rouge(Scorer):
    """How much of the expected text the output covers, for summaries.

    Formula: F1 of the shared 1-grams, 2-grams, or of the longest common subsequence (`rougeL`),
    with stems; with several expected texts the best.  Range: 0 to 1.

    Source: Lin 2004; Google's `rouge-score`.
    """

    name: str = "rouge"
    column: str = "expected"
    variant: Literal["rouge1", "rouge2", "rougeL"] = "rougeL"

    def score(self, output: Any, row: Mapping[str, Any]) -> float:
        """Judge one output."""
        scorer = RougeScorer([self.variant], use_stemmer=True)
        told = text_of(output)
        return max(
            float(scorer.score(each, told)[self.variant].fmeasure)
            for each in references_of(row, self.column)
        )
