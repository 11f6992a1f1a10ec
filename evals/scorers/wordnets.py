"""Synonyms out of WordNet's database files, as far as METEOR asks for them.

WordNet itself and Debian's `wordnet-base` have the files in one folder.  nltk would read them too,
if one of its own were among them and the folder one of its own, and takes two seconds to begin.

Source: wndb(5WN) for the files, morphy(7WN) for base forms.
"""

import mmap
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from weave_core.errors import ConfigError

__all__ = ["FOLDER", "WordNet", "find_folder", "open_wordnet"]

FOLDER = Path("/usr/share/wordnet")
"""Where Debian's `wordnet-base` has them."""
_VARIABLE = "WNSEARCHDIR"
"""WordNet's own, for another place."""
_ENDINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "noun": (
        *(("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z")),
        *(("ches", "ch"), ("shes", "sh"), ("men", "man"), ("ies", "y")),
    ),
    "verb": (
        *(("s", ""), ("ies", "y"), ("es", "e"), ("es", "")),
        *(("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")),
    ),
    "adj": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "adv": (),
}
"""Of each part of speech: an ending, and what stands there in a base form."""
_RELEASE = re.compile(rb"WordNet (\d+\.\d+)")
_MARKER = re.compile(r"\((a|p|ip)\)$")
"""Where an adjective may stand."""
_CACHED_WORDS = 20_000


class _Part:
    """The files of one part of speech."""

    def __init__(self, folder: Path, part: str) -> None:
        self._endings = _ENDINGS[part]
        self._index: dict[str, str] = {}
        with (folder / f"index.{part}").open(encoding="utf-8") as file:
            for line in file:
                if not line.startswith("  "):  # The licence.
                    word, _, rest = line.partition(" ")
                    self._index[word] = rest
        with (folder / f"{part}.exc").open(encoding="utf-8") as file:
            self._irregular = {(words := line.split())[0]: words[1:] for line in file}
        with (folder / f"data.{part}").open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        found = _RELEASE.search(self._data[:4096])
        self.release = found.group(1).decode() if found else "of unknown release"

    def synonyms(self, word: str) -> Iterator[str]:
        """Words that mean the same as a word in one of its senses, whatever form it has."""
        for form in self._forms(word):
            fields = self._index[form].split()
            for offset in fields[-int(fields[1]) :]:
                yield from self._words(int(offset))

    def _forms(self, word: str) -> list[str]:
        others = self._irregular.get(word)
        if others is None:
            pairs = self._endings
            others = [word[: -len(old)] + new for old, new in pairs if word.endswith(old)]
        return [form for form in dict.fromkeys((word, *others)) if form in self._index]

    def _words(self, offset: int) -> Iterator[str]:
        fields = self._data[offset : self._data.find(b" | ", offset)].decode().split()
        for word in fields[4 : 4 + 2 * int(fields[3], 16) : 2]:
            yield _MARKER.sub("", word)


class WordNet:
    """A folder of database files.

    Args:
        folder: With `index.noun`, `data.noun`, `noun.exc` and the like.

    Raises:
        ConfigError: If they are not there.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self._parts = [_Part(folder, part) for part in _ENDINGS]
        except OSError as error:
            raise ConfigError(
                f"{folder} holds no database of WordNet: {error}",
                "name the folder with index.noun and data.noun in it",
            ) from error
        self.synonyms = lru_cache(_CACHED_WORDS)(self._synonyms)
        """Words that mean the same as a word in one of its senses; `_` between several."""

    @property
    def release(self) -> str:
        """Which WordNet it is."""
        return self._parts[0].release

    def _synonyms(self, word: str) -> frozenset[str]:
        return frozenset(each for part in self._parts for each in part.synonyms(word.lower()))


@lru_cache(maxsize=4)
def open_wordnet(folder: Path) -> WordNet:
    """The database in a folder, which takes 0.3 s and 40 MB; once for all scorers.

    Raises:
        ConfigError: If it is not there.
    """
    return WordNet(folder)


def find_folder(named: str | None) -> Path | None:
    """Where the database is: as it was named, by WNSEARCHDIR, or where Debian has it; else None."""
    said = named or os.environ.get(_VARIABLE)
    if said:
        return Path(said)
    return FOLDER if (FOLDER / "index.noun").exists() else None
