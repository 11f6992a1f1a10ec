"""METEOR: words of two texts, aligned one to one.

Apart from the other overlaps, since nltk's module takes two seconds to import.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nltk.corpus import wordnet
from nltk.translate.meteor_score import meteor_score

from weave_core.errors import ConfigError
from weave_core.evals.scorers.contract import Scorer, references_of, text_of
from weave_core.evals.scorers.texts import words_of

__all__ = ["Meteor"]


class _NoSynonyms:
    """Stands where WordNet would: no word has a synonym."""

    def synsets(self, word: str) -> list[Any]:
        del word
        return []


@dataclass(frozen=True, kw_only=True)
class Meteor(Scorer):
    """How well the words of the output can be aligned with those of the expected text.

    Formula: (1 - gamma (chunks / matches)^beta) P R / (alpha P + (1 - alpha) R), where matches are
    words that are the same or have the same stem (Porter's), P and R their shares of the output's
    and the expected words, and chunks the runs of matches that stand together in both; with several
    expected texts the best.  Range: 0 to 1; a little below 1 for the same text, which is one chunk.
    A word that stands twice is aligned from the end, as nltk does it, where METEOR's own program
    looks for the fewest chunks.

    Synonyms, METEOR's third stage, need the data of WordNet, which nltk fetches from the internet:
    they are left out unless `synonyms` asks for them and the data is there
    (`python -m nltk.downloader wordnet`).

    Source: Banerjee and Lavie 2005, with the parameters of Lavie and Agarwal 2007; `nltk`.
    """

    name: str = "meteor"
    column: str = "expected"
    synonyms: bool = False
    """Whether synonyms match, as WordNet has them: English only."""
    alpha: float = 0.9
    beta: float = 3.0
    gamma: float = 0.5

    def __post_init__(self) -> None:
        if self.synonyms:
            try:
                wordnet.synsets("word")
            except LookupError as error:
                raise ConfigError(
                    "METEOR is to match synonyms, and the data of WordNet is not there",
                    "python -m nltk.downloader wordnet, or leave out synonyms=True",
                ) from error

    def score(self, output: Any, row: Mapping[str, Any]) -> float:
        """Judge one output."""
        found = meteor_score(
            [words_of(each) for each in references_of(row, self.column)],
            words_of(text_of(output)),
            wordnet=wordnet if self.synonyms else _NoSynonyms(),
            alpha=self.alpha,
            beta=self.beta,
            gamma=self.gamma,
        )
        return float(found)
