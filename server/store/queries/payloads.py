"""The payload of spans: what was sent, and what the normaliser reads out of it today."""

from collections.abc import Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import Connection

from weave_core.model import OTEL_KINDS
from weave_core.server.normalise import content, skeleton
from weave_core.server.otlp.records import RawSpan
from weave_core.server.store.previews import read_previews
from weave_core.server.store.queries.scores import SpanScores
from weave_core.server.store.queries.shapes import (
    SPAN_COLUMNS,
    TRACE_AND_SPAN,
    SpanShapes,
    json_piece,
)
from weave_core.server.store.sent_spans import SentSpans, SpanKey

__all__ = ["FullSpans", "add_previews"]

_PREVIEWS = ("input_preview", "output_preview")
_READ = (
    *("inputs", "outputs", "messages", "tools", "tool", "documents", "embedding_inputs", "scores"),
    *("params", "is_stream", "finish_reasons", "metadata", "sources"),
)
"""Fields of `Content` that a Span has under the same name and nowhere else."""
_READ_FROM = attrgetter(*_READ)
_PLACES = [str(column.name) for column in SPAN_COLUMNS]
_KEY = itemgetter(-1, *(_PLACES.index(name) for name in SpanKey._fields[1:]))
_MAX_PIECES = 2_000
"""Pieces that are remembered before they are forgotten."""


class FullSpans:
    """Spans of one project with their payload, for one answer.

    Args:
        connection: In the snapshot of the query.
        project: Its name.
        in_pieces: What spans have in common stands in their dicts as a `json_piece`.
        scores: Adds feedback to them; None: one that knows nothing yet.
    """

    def __init__(
        self,
        connection: Connection,
        project: str,
        *,
        in_pieces: bool = False,
        scores: SpanScores | None = None,
    ) -> None:
        self._made = json_piece if in_pieces else dict
        self._shapes = SpanShapes(connection, project, in_pieces=in_pieces)
        self._sent = SentSpans(connection)
        self._scores = scores or SpanScores(connection, project)
        self._known: dict[Any, Mapping[str, Any]] = {}

    def read(self, rows: Sequence[Sequence[Any]], *, has_previews: bool) -> list[dict[str, Any]]:
        """A Span of each of `rows`.

        Args:
            rows: `SPAN_COLUMNS`, and last the row id.
            has_previews: Fill them in too, where the row did not.
        """
        shapes = {row[-1]: self._shapes.shape(row) for row in rows}
        keys = {row[-1]: SpanKey._make(_KEY(row)) for row in rows}
        for row_id, raw in self._sent.read(list(keys.values())):
            shape = shapes[row_id]
            shape.update(self._common(keys[row_id].origin_id, raw))
            _fill_sent(shape, raw)
            _fill_read(shape, raw)
            if has_previews and all(shape[name] is None for name in _PREVIEWS):
                read = skeleton(raw)
                shape["input_preview"], shape["output_preview"] = (
                    read.input_preview,
                    read.output_preview,
                )
        self._scores.add([TRACE_AND_SPAN(row) for row in rows], shapes.values())
        return list(shapes.values())

    def _common(self, origin_id: int, raw: RawSpan) -> Mapping[str, Any]:
        """What spans of one origin that are alike to OpenTelemetry have in common."""
        dropped = (raw.dropped_attributes, raw.dropped_events, raw.dropped_links)
        key = (origin_id, raw.otel_kind, raw.flags, raw.trace_state, dropped)
        fields = self._known.get(key)
        if fields is None:
            if len(self._known) >= _MAX_PIECES:
                self._known.clear()
            fields = self._known[key] = self._made(_otel_fields(raw))
        return fields


def add_previews(connection: Connection, shapes: Mapping[int, dict[str, Any]]) -> None:
    """Put the previews into `shapes`, Spans by their row id whose rows have none."""
    for row_id, previews in read_previews(connection, list(shapes)).items():
        shapes[row_id]["input_preview"], shapes[row_id]["output_preview"] = previews


def _fill_read(shape: dict[str, Any], raw: RawSpan) -> None:
    """What the normaliser reads: a better one reads old spans better too."""
    read = content(raw)
    shape.update(zip(_READ, _READ_FROM(read), strict=True))
    if shape["error"] is not None and read.error is not None:
        shape["error"] = read.error
    shape["model"] = shape["model"] or read.request_model
    shape["response_model"] = read.response_model or shape["response_model"]
    shape["response_id"] = shape["response_id"] or read.response_id


def _fill_sent(shape: dict[str, Any], raw: RawSpan) -> None:
    shape["attributes"] = raw.attributes
    shape["events"] = raw.events and [
        {
            "name": event.name,
            "time_ns": event.time_ns,
            "attributes": event.attributes,
            "dropped_attributes": event.dropped_attributes,
        }
        for event in raw.events
    ]
    shape["links"] = raw.links and [
        {
            "trace_id": link.trace_id.hex(),
            "span_id": link.span_id.hex(),
            "attributes": link.attributes,
            "trace_state": link.trace_state,
            "flags": link.flags,
            "dropped_attributes": link.dropped_attributes,
        }
        for link in raw.links
    ]


def _otel_fields(raw: RawSpan) -> dict[str, Any]:
    origin = raw.origin
    return {
        "resource": origin.resource,
        "scope": {"name": origin.scope_name, "version": origin.scope_version},
        "dropped": {
            "attributes": raw.dropped_attributes,
            "events": raw.dropped_events,
            "links": raw.dropped_links,
        },
        "otel": {
            "kind": OTEL_KINDS[raw.otel_kind],
            "flags": raw.flags,
            "trace_state": raw.trace_state,
            "scope_attributes": origin.scope_attributes,
            "scope_schema_url": origin.schema_url,
            "dropped_of_scope": origin.dropped_of_scope,
            "resource_schema_url": origin.resource_schema_url,
            "dropped_of_resource": origin.dropped_of_resource,
            "entities": origin.entities,
        },
    }
