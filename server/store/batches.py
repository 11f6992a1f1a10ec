"""Spans of one request on their way in: rows and payloads that lack only the ids of the database.

Making them takes most of what a span costs and asks nothing of the database, so it can be done
anywhere, also in another process.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from weave_core import semconv
from weave_core.server.otlp.records import RawOrigin, RawSpan
from weave_core.server.otlp.requests import EncodedRequest, Share, TraceRequest
from weave_core.server.store.blob_links import digests_in
from weave_core.server.store.blocks import Block, Item, cut, opened, packed
from weave_core.server.store.evaluation_words import EvaluationWord, evaluation_word
from weave_core.server.store.feedback_words import FeedbackWord, feedback_words, given_word
from weave_core.server.store.inline_media import Keep, take_media
from weave_core.server.store.payloads import Dictionary, origin_json, payload_json
from weave_core.server.store.rows import span_values
from weave_core.server.store.run_files import files_owner
from weave_core.server.store.run_media import media_owner
from weave_core.server.store.run_words import RunWord, run_word

__all__ = ["Batch", "Part", "batches_of", "decode_part"]


@dataclass(slots=True)
class Batch:
    """Spans of one project."""

    project: str
    origins: list[tuple[bytes, int]] = field(default_factory=list)
    """`origin_json`, and how many spans in a row have it."""
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    """`span_values` of each."""
    texts: list[bytes] = field(default_factory=list)
    """`payload_json` of each; none where they lie in `blocks`."""
    blocks: list[Block] = field(default_factory=list)
    """Those of the payloads, as if the first row had the id 0."""
    dictionary_id: int | None = None
    """With what `blocks` are compressed."""
    sent_bytes: int = 0
    """What lies in `blocks`, before that."""
    digests: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Trace and blob, where a span names one."""
    evaluation_words: list[EvaluationWord] = field(default_factory=list)
    """What spans tell of evaluations."""
    run_words: list[RunWord] = field(default_factory=list)
    """What spans tell of runs, in their order."""
    feedback_words: list[FeedbackWord] = field(default_factory=list)
    """Feedback that came as spans, and on spans as events."""

    def pack(self, dictionary: Dictionary | None) -> None:
        """Put `texts` into `blocks`."""
        self.blocks = packed(list(cut(enumerate(self.texts))), dictionary)
        self.dictionary_id = dictionary.id if dictionary else None
        self.sent_bytes = sum(map(len, self.texts))
        self.texts = []

    def unpack(self, dictionary: Dictionary | None) -> None:
        """Take `texts` out of `blocks`."""
        items: list[Item] = []
        for block in self.blocks:
            items += opened(block.first_row_id, block.body, dictionary)
        self.texts = [text for _, text in items]
        self.blocks = []


class Part(NamedTuple):
    """A share of a request, decoded."""

    request: TraceRequest
    """What was refused of it, and how much was taken; its spans are in `batches`."""
    batches: list[Batch]


def decode_part(
    encoded: EncodedRequest[TraceRequest],
    share: Share,
    *,
    keep: Keep,
    dictionary_of: Callable[[str], Dictionary | None],
) -> Part:
    """Decode a share of a request down to packed batches.

    Args:
        encoded: All of the request.
        share: What is wanted of it.
        keep: For the media in it.
        dictionary_of: What the payloads of a project are compressed with.

    Raises:
        BadRequest: If the request is none.
    """
    decoded = encoded.decode(encoded.body, encoded.header_project, share=share)
    take_media(decoded, keep)
    batches = batches_of(decoded.spans)
    for batch in batches:
        batch.pack(dictionary_of(batch.project))
    count = sum(len(batch.rows) for batch in batches)
    return Part(TraceRequest(decoded.rejected, decoded.first_reason, span_count=count), batches)


def batches_of(spans: Mapping[str, Iterable[RawSpan]]) -> list[Batch]:
    """The spans of a request, given by project."""
    return [_batch(project, sent) for project, sent in spans.items()]


def _batch(project: str, sent: Iterable[RawSpan]) -> Batch:
    batch = Batch(project)
    origin: RawOrigin | None = None
    start = 0
    for raw in sent:
        if semconv.RUN_WRITER in raw.attributes:
            batch.run_words.append(word := run_word(raw))
            batch.digests += _of_run(project, word, raw)
            if semconv.RUN_POINTS in raw.attributes:
                # Stands for many steps and becomes points; kept as a span it would be there twice.
                continue
        elif semconv.FEEDBACK in raw.attributes:
            batch.feedback_words.append(given_word(raw))
            continue
        if raw.origin is not origin:
            if origin is not None:
                batch.origins.append((origin_json(origin), len(batch.rows) - start))
            origin, start = raw.origin, len(batch.rows)
        batch.rows.append(span_values(raw))
        if semconv.EVALUATION_ID in raw.attributes:
            batch.evaluation_words.append(evaluation_word(raw))
        if raw.events:
            batch.feedback_words += feedback_words(raw.trace_id, raw.span_id, raw.events)
        text = payload_json(raw)
        batch.texts.append(text)
        batch.digests += ((raw.trace_id, digest) for digest in digests_in(raw, text))
    if origin is not None:
        batch.origins.append((origin_json(origin), len(batch.rows) - start))
    return batch


def _of_run(project: str, word: RunWord, raw: RawSpan) -> Iterable[tuple[bytes, bytes]]:
    """The blobs that a run names, its code, its media and its files, as those of the run."""
    media, files = media_owner(project, word.run_id), files_owner(project, word.run_id)
    for text, owner in ((word.record, media), (word.media, media), (word.files, files)):
        if text is not None and "sha256:" in text:
            yield from ((owner, digest) for digest in digests_in(raw, text.encode()))
