"""Scorers that compare what texts mean, by vectors of a model."""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weave_core.errors import ConfigError
from weave_core.evals.scorers.contract import Scorer, references_of, text_of
from weave_core.evals.scorers.models import in_turn

__all__ = ["Embedder", "EmbeddingSimilarity", "OpenAIEmbedder", "cosine"]

Vectors = Sequence[Sequence[float]]
Embedder = Callable[[list[str]], Vectors | Awaitable[Vectors]]
"""Texts to one vector each: any function of yours, blocking or not."""


@dataclass(frozen=True, kw_only=True)
class OpenAIEmbedder:
    """Embeddings by a client of `openai`, or of whoever speaks its protocol.

    Example:
        >>> embed = OpenAIEmbedder(client=openai.AsyncOpenAI(), model="text-embedding-3-small")
        >>> EmbeddingSimilarity(embed=embed)
    """

    client: Any
    """`openai.OpenAI` or `openai.AsyncOpenAI`."""
    model: str

    async def __call__(self, texts: list[str]) -> Vectors:
        """One vector a text, in their order."""
        found = await in_turn(self.client.embeddings.create, model=self.model, input=texts)
        return [each.embedding for each in sorted(found.data, key=lambda one: one.index)]


@dataclass(frozen=True, kw_only=True)
class EmbeddingSimilarity(Scorer):
    """How near the output is to the expected text in meaning, as a model of embeddings sees it.

    Formula: cosine of the angle between the vectors of both, u v / (|u| |v|); with several expected
    texts the best.  Range: -1 to 1; most models give 0 to 1, and few of them much below 0.2, so
    that differences say more than values.

    Source: Salton, Wong and Yang 1975; Reimers and Gurevych 2019 for sentences.
    """

    name: str = "embedding_similarity"
    column: str = "expected"
    embed: Embedder

    async def score(self, output: Any, row: Mapping[str, Any]) -> float:
        """Judge one output."""
        texts = [text_of(output), *references_of(row, self.column)]
        vectors = await in_turn(self.embed, texts)
        if len(vectors) != len(texts):
            raise ConfigError(
                f"the embedder gave {len(vectors)} vectors for {len(texts)} texts",
                "it must give one each, in their order",
            )
        told, *wanted = vectors
        return max(cosine(told, each) for each in wanted)


def cosine(first: Sequence[float], second: Sequence[float]) -> float:
    """Cosine of the angle between two vectors.

    Raises:
        ValueError: If they differ in length, or one has none.
    """
    product = sum(float(a) * float(b) for a, b in zip(first, second, strict=True))
    lengths = math.hypot(*map(float, first)) * math.hypot(*map(float, second))
    if not lengths:
        raise ValueError("a vector of zeros has no direction: the text has nothing to embed")
    return min(max(product / lengths, -1.0), 1.0)
