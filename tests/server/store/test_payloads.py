"""What was sent of a span comes back from its payload, types and all."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from support.raw_spans import raw_span

from weave_core.server.otlp.records import RawEvent, RawLink, RawOrigin, RawSpan
from weave_core.server.store.payloads import origin_json, payload_json, read_span, unpack_origin

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
)
KEYS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["$", "$$", "$$$"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
ATTRIBUTES = st.dictionaries(KEYS, VALUES, max_size=4)


def back(span: RawSpan) -> RawSpan:
    """`span` through its payload and its origin's row."""
    return read_span(
        payload_json(span),
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_id=span.parent_id,
        origin=unpack_origin(orjson.loads(origin_json(span.origin))),
    )


@given(ATTRIBUTES, ATTRIBUTES)
def test_attributes_of_any_type_come_back(
    attributes: dict[str, Any], resource: dict[str, Any]
) -> None:
    """Bytes stay bytes, even beside maps that look like the mark for bytes."""
    span = raw_span(1, attributes=attributes, origin=RawOrigin(resource=resource))
    assert back(span) == span


def test_every_field_comes_back() -> None:
    """Events, links, states and what the sender dropped are part of the record."""
    span = raw_span(
        1,
        parent=2,
        otel_kind=5,
        start_ns=2**64 - 1,
        end_ns=2**64 - 1,
        status_code=2,
        status_message="no",
        events=[RawEvent("e", 2**63, {"a": [1, b"\xff"]})],
        links=[RawLink(b"\x01" * 16, b"\x02" * 8, {"k": 1.5}, "w=1")],
        trace_state="v=1",
        dropped_attributes=1,
        dropped_events=2,
        dropped_links=3,
    )
    assert back(span) == span
