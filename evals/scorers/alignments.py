"""METEOR: words of two texts, aligned one to one.

Apart from the other overlaps, since nltk's module takes two seconds to import.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from typing import Any

from nltk.corpus import wordnet as nltk_wordnet
from nltk.stem.porter import PorterStemmer
from nltk.translate.meteor_score import meteor_score

from weave_core.errors import ConfigError
from weave_core.evals.scorers.contract import Scorer, references_of, text_of
from weave_core.evals.scorers.texts import words_of
from weave_core.evals.scorers.wordnets import find_folder, open_wordnet

__all__ = ["Meteor"]


Synonyms = Callable[[str], Iterable[str]]


class _Stem(str):
    """A word's stem that knows the word: nltk looks for synonyms of what it has stemmed."""

    __slots__ = ("word",)
    word: str


class _Stemmer:
    """Porter's, as `nltk` has it."""

    def __init__(self) -> None:
        self._porter = PorterStemmer()

    def stem(self, word: str) -> str:
        stem = _Stem(self._porter.stem(word))
        stem.word = word
        return stem


class _Thesaurus:
    """Stands where nltk's WordNet would, with one sense for each word."""

    def __init__(self, synonyms: Synonyms) -> None:
        self._synonyms = synonyms

    def synsets(self, stem: str) -> "list[_Sense]":
        word = stem.word if isinstance(stem, _Stem) else stem
        return [_Sense(self._synonyms(word))]


class _Sense:
    def __init__(self, words: Iterable[str]) -> None:
        self._words = words

    def lemmas(self) -> "list[_Lemma]":
        return [_Lemma(_STEMMER.stem(word)) for word in self._words]


class _Lemma:
    def __init__(self, stem: str) -> None:
        self._stem = stem

    def name(self) -> str:
        # What it is compared with has been stemmed as well.
        return self._stem


_STEMMER = _Stemmer()


@dataclass(frozen=True, kw_only=True)
class Meteor(Scorer):
    """How well the words of the output can be aligned with those of the expected text.

    Formula: (1 - gamma (chunks / matches)^beta) P R / (alpha P + (1 - alpha) R), where matches are
    words that are the same or have the same stem (Porter's), P and R their shares of the output's
    and the expected words, and chunks the runs of matches that stand together in both; with several
    expected texts the best.  Range: 0 to 1; a little below 1 for the same text, which is one chunk.
    A word that stands twice is aligned from the end, as nltk does it, where METEOR's own program
    looks for the fewest chunks.

    Synonyms, METEOR's third stage, need the data of WordNet, which no package on PyPI brings: they
    are left out unless `synonyms` asks for them.  It is found in the folder that `wordnet` or the
    environment's `WNSEARCHDIR` names, in `/usr/share/wordnet` (`apt-get install wordnet-base`), or
    among nltk's data (`python -m nltk.downloader wordnet`).  Which release it is, is part of the
    scorer's version.  They are looked up by whole words, where nltk looks up what it has stemmed.

    Source: Banerjee and Lavie 2005, with the parameters of Lavie and Agarwal 2007; `nltk`.
    """

    name: str = "meteor"
    column: str = "expected"
    synonyms: bool = False
    """Whether synonyms match, as WordNet has them: English only."""
    alpha: float = 0.9
    beta: float = 3.0
    gamma: float = 0.5
    wordnet: InitVar[str | None] = None
    """Folder of WordNet's database files; where it lies is no part of the version."""
    matches: str = field(init=False, default="words and stems")
    """What counts as the same word."""
    _folder: Path | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self, wordnet: str | None) -> None:
        if self.synonyms:
            object.__setattr__(self, "_folder", find_folder(wordnet))
            release, _ = self._found()
            matches = f"words, stems and synonyms of WordNet {release}"
            object.__setattr__(self, "matches", matches)

    def score(self, output: Any, row: Mapping[str, Any]) -> float:
        """Judge one output."""
        found = meteor_score(
            [words_of(each) for each in references_of(row, self.column)],
            words_of(text_of(output)),
            stemmer=_STEMMER,
            wordnet=_Thesaurus(self._found()[1] if self.synonyms else _none),
            alpha=self.alpha,
            beta=self.beta,
            gamma=self.gamma,
        )
        return float(found)

    def _found(self) -> tuple[str, Synonyms]:
        """WordNet's release and synonyms, by our own reader or nltk's.

        Raises:
            ConfigError: If it is nowhere.
        """
        if self._folder is not None:
            found = open_wordnet(self._folder)
            return found.release, found.synonyms
        try:
            release = nltk_wordnet.get_version()
        except LookupError as error:
            raise ConfigError(
                "METEOR is to match synonyms, and the data of WordNet is not there",
                "apt-get install wordnet-base, or name its folder with wordnet= or WNSEARCHDIR, or"
                " python -m nltk.downloader wordnet; else leave out synonyms=True",
            ) from error
        return release, _by_nltk


def _by_nltk(word: str) -> set[str]:
    return {lemma.name() for synset in nltk_wordnet.synsets(word) for lemma in synset.lemmas()}


def _none(_word: str) -> tuple[str, ...]:
    return ()
