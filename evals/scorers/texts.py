"""Scorers that compare texts as they are."""

import re
import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import Levenshtein as _Distance

from weave_core.evals.scorers.contract import Scorer, expected_of, text_of
from weave_core.evals.scores import Score

__all__ = ["Contains", "Exact", "Levenshtein", "Matches", "normalised", "words_of"]

_WORD = re.compile(r"\w+(?:'\w+)*|[^\w\s]")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_MAX_SHOWN = 200


def normalised(text: str) -> str:
    """Small letters, without accents' compositions, punctuation, English articles, double spaces.

    Source: Rajpurkar et al. 2016, the evaluation script of SQuAD, with Unicode NFKC before.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(sign for sign in text if sign not in string.punctuation)
    return " ".join(_ARTICLES.sub(" ", text).split())


def words_of(text: str) -> list[str]:
    """Words and signs of a text, each by itself, in small letters."""
    return _WORD.findall(text.casefold())


@dataclass(frozen=True, kw_only=True)
class Exact(Scorer):
    """Whether the output is the expected value.

    Formula: output == expected, or one of them where a list is expected; with `normalise` both as
    `normalised` writes them.  Range: true or false.
    """

    name: str = "exact"
    column: str = "expected"
    """What is expected; a list: any of them."""
    normalise: bool = False
    """Whether case, punctuation, articles and spaces may differ."""

    def score(self, output: Any, row: Mapping[str, Any]) -> bool:
        """Judge one output."""
        expected = expected_of(row, self.column)
        accepted = expected if isinstance(expected, list) else [expected]
        if self.normalise:
            told = normalised(text_of(output))
            return any(told == normalised(text_of(each)) for each in accepted)
        return output == expected or any(output == each for each in accepted)


@dataclass(frozen=True, kw_only=True)
class Contains(Scorer):
    """Whether the output contains all expected texts.

    Formula: share of the expected texts that stand in the output; `all_of` asks for all of them.
    Range: true or false, or 0 to 1 with `all_of=False`.
    """

    name: str = "contains"
    column: str = "expected"
    """A text, or a list of them."""
    ignore_case: bool = True
    all_of: bool = True

    def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output."""
        expected = expected_of(row, self.column)
        wanted = [
            text_of(each) for each in (expected if isinstance(expected, list) else [expected])
        ]
        told = text_of(output)
        if self.ignore_case:
            told = told.casefold()
        missing = [
            each for each in wanted if (each.casefold() if self.ignore_case else each) not in told
        ]
        reason = f"missing: {', '.join(missing)}"[:_MAX_SHOWN] if missing else None
        if self.all_of:
            return Score(not missing, reason=reason)
        return Score(1 - len(missing) / len(wanted) if wanted else 1.0, reason=reason)


@dataclass(frozen=True, kw_only=True)
class Matches(Scorer):
    """Whether a regular expression is found in the output.

    Range: true or false.
    """

    name: str = "matches"
    pattern: str
    """As Python's `re` has it; `(?i)` in front ignores case."""

    def score(self, output: Any, row: Mapping[str, Any]) -> bool:
        """Judge one output."""
        del row
        return re.search(self.pattern, text_of(output)) is not None


@dataclass(frozen=True, kw_only=True)
class Levenshtein(Scorer):
    """How near the output is to the expected text, letter by letter.

    Formula: 1 - distance / length of the longer text, where the distance counts insertions,
    deletions and substitutions.  Range: 0 to 1, 1 is the same.

    Source: Levenshtein 1966; `rapidfuzz.distance.Levenshtein.normalized_similarity`.
    """

    name: str = "levenshtein"
    column: str = "expected"

    def score(self, output: Any, row: Mapping[str, Any]) -> float:
        """Judge one output."""
        expected = text_of(expected_of(row, self.column))
        return float(_Distance.normalized_similarity(text_of(output), expected))
