"""Judges of answers that are made of retrieved documents, and of the retrieval itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from weave_core.evals.prompts import JudgePrompt
from weave_core.evals.scorers.claims import SPLIT_PROMPT, Verdict, judged, listed, score_of, split
from weave_core.evals.scorers.claims import verdict_prompt as _asking
from weave_core.evals.scorers.contract import Scorer, expected_of, references_of, text_of
from weave_core.evals.scorers.models import Model, cut
from weave_core.evals.scores import Score
from weave_core.model import Span

__all__ = [
    "ADDRESSES_PROMPT",
    "RELEVANT_PROMPT",
    "SUPPORTED_PROMPT",
    "USEFUL_PROMPT",
    "AnswerRelevance",
    "ContextPrecision",
    "ContextRecall",
    "ContextRelevance",
    "Faithfulness",
    "Grounded",
    "documents_of",
]

Source = Literal["auto", "output", "row", "trace"]

MAX_CONTEXTS = 100
"""Documents of one item that a judge sees, the first ones."""

SUPPORTED_PROMPT = _asking(
    "supported",
    "You say of each claim whether the documents support it: whether it can be inferred from them"
    " directly. What they do not say does not hold, even if it is true.",
)
ADDRESSES_PROMPT = _asking(
    "addresses-question",
    "You say of each part of an answer whether it helps to answer the question. Whether it is true"
    " does not matter.",
)
USEFUL_PROMPT = _asking(
    "useful-document",
    "You say of each document whether it was useful to arrive at the given answer to the question.",
)
RELEVANT_PROMPT = _asking(
    "relevant-document",
    "You say of each document whether it holds something that helps to answer the question.",
)


@dataclass(frozen=True, kw_only=True)
class Grounded(Scorer):
    """What the judges of retrieval have in common: where question, documents and answer are."""

    model: Model
    question: str = "question"
    """The column with the question."""
    contexts: str = "contexts"
    """The column of the row, or the key of the output, with the documents: texts, or mappings with
    `content`, `page_content` or `text`."""
    answer: str = "answer"
    """Where the output has the answer, if it is a mapping."""
    source: Source = "auto"
    """Where the documents are read; `auto`: of the output where it has them, else of the row, else
    of the spans of retrievers in the trace of the task."""

    def documents(
        self, output: Any, row: Mapping[str, Any], spans: Sequence[Span] | None
    ) -> list[str]:
        """The documents, as `documents_of` finds them."""
        return documents_of(output, row, spans, contexts=self.contexts, source=self.source)

    def text(self, output: Any) -> str:
        """The answer."""
        return text_of(expected_of(output, self.answer) if isinstance(output, Mapping) else output)

    def asked(self, row: Mapping[str, Any]) -> str:
        """The question, as a part of a prompt."""
        return f"\n# Question\n{cut(expected_of(row, self.question))}\n"


@dataclass(frozen=True, kw_only=True)
class _Supported(Grounded):
    """A judge that holds the claims of a text against the documents."""

    split_prompt: JudgePrompt = SPLIT_PROMPT
    prompt: JudgePrompt = SUPPORTED_PROMPT

    async def supported(
        self, text: str, output: Any, row: Mapping[str, Any], spans: Sequence[Span] | None
    ) -> Score | None:
        """The share of its claims that they support; None where it makes none."""
        documents = self.documents(output, row, spans)
        context = self.asked(row) if self.question in row else ""
        claims = await split(self.model, self.split_prompt, text, context=context)
        if not claims:
            return None
        told = f"\n# Documents\n{listed(documents) or 'There are none.'}\n"
        return score_of(claims, await judged(self.model, self.prompt, claims, context=told))


@dataclass(frozen=True, kw_only=True)
class _OfDocuments(Grounded):
    """A judge that says of each document whether something holds; 0 where none was found."""

    prompt: JudgePrompt

    async def score(
        self, output: Any, row: Mapping[str, Any], spans: Sequence[Span] | None = None
    ) -> Score:
        """Judge one output."""
        documents = self.documents(output, row, spans)
        if not documents:
            return Score(0.0, reason="no document was found")
        verdicts = await judged(self.model, self.prompt, documents, context=self.context(row))
        return score_of(documents, verdicts, self.worth(verdicts))

    def context(self, row: Mapping[str, Any]) -> str:
        """What the judge sees beside the documents."""
        return self.asked(row)

    def worth(self, verdicts: Sequence[Verdict]) -> float | None:
        """What the verdicts come to; None: the share that holds."""
        del verdicts
        return None


@dataclass(frozen=True, kw_only=True)
class Faithfulness(_Supported):
    """Whether an answer says only what the documents say.

    Formula: claims of the answer that the documents support / all claims.  Range: 0 to 1; an answer
    that makes no claim has no score.  Two questions to the model: for the claims, and for a verdict
    on each, which stand in the detail.

    Source: Es et al. 2024, "RAGAS: Automated Evaluation of Retrieval Augmented Generation",
    section 3.
    """

    name: str = "faithfulness"

    async def score(
        self, output: Any, row: Mapping[str, Any], spans: Sequence[Span] | None = None
    ) -> Score | None:
        """Judge one output."""
        return await self.supported(self.text(output), output, row, spans)


@dataclass(frozen=True, kw_only=True)
class AnswerRelevance(Grounded):
    """Whether an answer answers the question, and nothing else.

    Formula: parts of the answer that help to answer the question / all parts.  Range: 0 to 1; an
    answer that says nothing is 0.  Whether it is true is `Faithfulness`'s business.

    Source: Es et al. 2024, section 3, who compare questions that the answer would answer; counted
    by parts as in DeepEval, so that each can be seen.
    """

    name: str = "answer_relevance"
    split_prompt: JudgePrompt = SPLIT_PROMPT
    prompt: JudgePrompt = ADDRESSES_PROMPT

    async def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output."""
        context = self.asked(row)
        parts = await split(self.model, self.split_prompt, self.text(output), context=context)
        if not parts:
            return Score(0.0, reason="the answer says nothing")
        return score_of(parts, await judged(self.model, self.prompt, parts, context=context))


@dataclass(frozen=True, kw_only=True)
class ContextPrecision(_OfDocuments):
    """Whether the useful documents stand before the useless ones.

    Formula: average precision, the mean over useful documents of (useful ones up to its place / its
    place); what was useful for the expected answer, a judge says.  Range: 0 to 1; 0 where no
    document is useful, or there is none.

    Source: Es et al. 2024 and `ragas`' context precision with a reference; Manning, Raghavan and
    Schütze 2008, section 8.4, for average precision.
    """

    name: str = "context_precision"
    column: str = "expected"
    """The column with the expected answer."""
    prompt: JudgePrompt = USEFUL_PROMPT

    def context(self, row: Mapping[str, Any]) -> str:
        """The question, and the answer that is expected."""
        return f"{self.asked(row)}\n# Answer\n{cut(references_of(row, self.column)[0])}\n"

    def worth(self, verdicts: Sequence[Verdict]) -> float | None:
        """The average precision."""
        useful, total = 0, 0.0
        for place, verdict in enumerate(verdicts, 1):
            if verdict.holds:
                useful += 1
                total += useful / place
        return total / useful if useful else 0.0


@dataclass(frozen=True, kw_only=True)
class ContextRecall(_Supported):
    """Whether the documents hold what the expected answer says.

    Formula: claims of the expected answer that the documents support / all of its claims.  Range: 0
    to 1; an expected answer without a claim gives no score.

    Source: Es et al. 2024 and `ragas`' context recall.
    """

    name: str = "context_recall"
    column: str = "expected"
    """The column with the expected answer."""

    async def score(
        self, output: Any, row: Mapping[str, Any], spans: Sequence[Span] | None = None
    ) -> Score | None:
        """Judge one output."""
        return await self.supported(references_of(row, self.column)[0], output, row, spans)


@dataclass(frozen=True, kw_only=True)
class ContextRelevance(_OfDocuments):
    """Whether the documents are about the question.

    Formula: documents that help to answer it / all documents.  Range: 0 to 1; no document is 0.
    Needs no expected answer.

    Source: Es et al. 2024, section 3, who count sentences; here whole documents, which is what a
    retriever chooses.
    """

    name: str = "context_relevance"
    prompt: JudgePrompt = RELEVANT_PROMPT


def documents_of(
    output: Any,
    row: Mapping[str, Any],
    spans: Sequence[Span] | None,
    *,
    contexts: str = "contexts",
    source: Source = "auto",
) -> list[str]:
    """The documents that an answer is made of, in their order; none where a retriever found none.

    Args:
        output: What the task gave.
        row: The item.
        spans: What the task did; None: it was not kept.
        contexts: The key of the output, or the column of the row.
        source: Where to look; `auto`: output, then row, then trace.

    Raises:
        LookupError: If there are none to be seen.
    """
    is_any = source == "auto"
    if isinstance(output, Mapping) and contexts in output and (is_any or source == "output"):
        return _texts(output[contexts])
    if contexts in row and (is_any or source == "row"):
        return _texts(row[contexts])
    retrievers = [span for span in spans or () if span.kind == "retriever"]
    # Of a reranker what it gave back, which is what the model saw.
    last = [span for span in spans or () if span.kind == "reranker"][-1:]
    if retrievers and (is_any or source == "trace"):
        return _texts([each.content for span in (last or retrievers) for each in span.documents])
    told = {
        "auto": "neither output nor row nor a retriever's span has them",
        "output": f"the output has no {contexts!r}",
        "row": f"the row has no column {contexts!r}",
        "trace": "the trace has no span of a retriever",
    }
    raise LookupError(f"there are no documents to judge by: {told[source]}")


def _texts(documents: Any) -> list[str]:
    if isinstance(documents, str | Mapping):
        documents = [documents]
    return [_text(each) for each in documents][:MAX_CONTEXTS]


def _text(document: Any) -> str:
    if isinstance(document, Mapping):
        for key in ("content", "page_content", "text"):
            if document.get(key):
                return text_of(document[key])
    return document if isinstance(document, str) else cut(document)
