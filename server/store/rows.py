"""A decoded span to the row that lists and filters read: the normaliser's skeleton, priced.

Rows are tuples in the order of `SPAN_COLUMNS`; the ids in front are given by the writer.
"""

from dataclasses import fields
from operator import attrgetter
from typing import Any

import orjson

from weave_core import semconv
from weave_core.pricing import TokenCounts, find_price
from weave_core.server.normalise import COUNTED_KINDS, Skeleton, skeleton
from weave_core.server.otlp.records import RawSpan
from weave_core.server.store.attribute_names import shortened

__all__ = [
    "PREVIEW_COLUMNS",
    "SPAN_COLUMNS",
    "cleaned",
    "cleaned_value",
    "is_pending",
    "json_text",
    "span_values",
]

PREVIEW_COLUMNS = ("input_preview", "output_preview")
_SKELETON_COLUMNS = (
    *(
        field.name
        for field in fields(Skeleton)
        if field.name not in ("tags", "attributes", *PREVIEW_COLUMNS)
    ),
    *PREVIEW_COLUMNS,
)
_GIVEN = ("id", "project_id", "origin_id")
SPAN_COLUMNS = (
    *_GIVEN,
    "trace_id",
    "span_id",
    "parent_id",
    "name",
    "start_ns",
    "duration_ns",
    "is_duplicate",
    "has_content",
    "tags",
    "attributes",
    *_SKELETON_COLUMNS,
)
"""The previews are the last two, so that those who keep none can leave them out."""
_skeleton_values = attrgetter(*_SKELETON_COLUMNS)

_MAX_NAME = 512
"""Characters of a name in its row; the payload has all of them."""
_STEP_PREVIEW = 120
"""Characters of the preview of a span below another; they were a quarter of all bytes."""
_MAX_INT = 2**63 - 1


def is_pending(raw: RawSpan) -> bool:
    """Whether `raw` only says that the span has begun."""
    return raw.end_ns == 0 or raw.attributes.get(semconv.IS_PENDING) is True


def span_values(raw: RawSpan) -> tuple[Any, ...]:
    """The row of `raw` behind its ids."""
    skel = skeleton(raw)
    if skel.cost_usd is None and skel.model and skel.kind in COUNTED_KINDS:
        _price(skel, raw.start_ns)
    has_content = skel.input_preview is not None or skel.output_preview is not None
    if raw.parent_id is not None:
        # Lists show a root's preview in full, a step's in one line; the payload has all of it.
        skel.input_preview = skel.input_preview and skel.input_preview[:_STEP_PREVIEW]
        skel.output_preview = skel.output_preview and skel.output_preview[:_STEP_PREVIEW]
    # OTLP's times are unsigned, a column's are signed; the payload has what was sent.
    start_ns = min(raw.start_ns, _MAX_INT)
    duration_ns = None if is_pending(raw) else max(0, min(raw.end_ns, _MAX_INT) - start_ns)
    return (
        raw.trace_id,
        raw.span_id,
        raw.parent_id,
        raw.name[:_MAX_NAME],
        start_ns,
        duration_ns,
        False,
        has_content,
        json_text(skel.tags) if skel.tags else None,
        json_text(shortened(skel.attributes)) if skel.attributes else None,
        *_skeleton_values(skel),
    )


def cleaned(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """`row` with whatever no database takes made harmless.

    Only for rows that were refused: a sender's numbers may be beyond 64 bits and its JSON texts may
    hide half a surrogate pair, which is no UTF-8; looking for them in every row would cost each.
    """
    return tuple(cleaned_value(value) for value in row)


def json_text(value: Any) -> str:
    """JSON of `value` that every database takes."""
    try:
        text = orjson.dumps(value)
    except TypeError:
        text = orjson.dumps(cleaned_value(value))
    # JSON can say NUL, but no database can take it out of JSON as a text to compare.
    return (orjson.dumps(cleaned_value(value)) if b"\\u0000" in text else text).decode()


def cleaned_value(value: Any) -> Any:
    """`value` with whatever no database takes made harmless."""
    if isinstance(value, dict):
        return {cleaned_value(key): cleaned_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [cleaned_value(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "�")
    if isinstance(value, int) and not -_MAX_INT <= value <= _MAX_INT:
        return None
    return value


def _price(skel: Skeleton, start_ns: int) -> None:
    """Fill in what the call cost, where usage is known and the price list knows the model."""
    output_tokens = skel.output_tokens
    if output_tokens is None and skel.kind != "llm":
        output_tokens = 0  # Embedding and reranker calls report what went in and no more.
    if skel.input_tokens is None or output_tokens is None or skel.model is None:
        return
    counts = TokenCounts(
        input=skel.input_tokens,
        output=output_tokens,
        cache_read=skel.cache_read_tokens or 0,
        cache_write=skel.cache_write_tokens or 0,
    )
    price = find_price(skel.provider, skel.model, counts, start_ns)
    if price is None and skel.request_model and skel.request_model != skel.model:
        price = find_price(skel.provider, skel.request_model, counts, start_ns)
    if price is not None:
        skel.input_cost_usd = price.input_usd
        skel.output_cost_usd = price.output_usd
        skel.cost_usd = price.total_usd
        skel.cost_source = "computed"
