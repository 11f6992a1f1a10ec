"""A span as it was sent to compressed bytes and back; ids and origin lie in columns of their own.

JSON keeps text, numbers, booleans, null, lists and maps apart, but has no bytes and no NaN.  A
payload that holds some is marked, and in it `{"$": base64}` stands for bytes and `{"$": ["NaN"]}`
for a double; a sender's own map with the one key `$` gets one more `$`.  Payloads without, which
is nearly all, are never walked.

What is 0 for nearly every span lies at the end of its list, which is shorter without it.
"""

import base64
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
import zstandard

from weave_core.server.otlp.records import OddDouble, RawEvent, RawLink, RawOrigin, RawSpan

__all__ = [
    "ENCODING_ZSTD_JSON",
    "Dictionary",
    "compress",
    "origin_json",
    "payload_json",
    "read_dictionary",
    "read_span",
    "read_values",
    "unpack",
    "unpack_origin",
    "values_json",
]

ENCODING_ZSTD_JSON = 1
"""`span_payload.encoding`: zstd over the JSON list that `payload_json` makes."""

_LEVEL = 3
_SETTLED = zstandard.ZstdCompressionParameters(
    strategy=zstandard.STRATEGY_LAZY2,
    window_log=18,
    chain_log=17,
    hash_log=17,
    search_log=5,
    min_match=5,
)
"""For what is compressed once more in the background: 22 us a span of 2.5 KB instead of 5, and 170
bytes instead of 213 (prose: 7 % less).  Level 9 has matches of 4 for blocks of our size, which
chance finds in ids and digits: 183; levels from 13 on take 260 us for 155."""
_ESCAPED = 1
"""Flag at the head of a payload: bytes are inside, as the module says."""
_MAX_JSON_BYTES = 1 << 30
"""Bound of one decompressed payload; far above any request that the server reads."""

_SELDOM = ("dropped_of_scope", "dropped_of_resource", "entities")
"""Fields of an origin that are left out where they are empty: ids of known origins stay theirs."""
_MANY = 64
_THREADS = min(2, os.cpu_count() or 1)
_MAX_CONTEXTS = 64
"""Dictionaries that a thread keeps contexts for before it starts anew."""

_local = threading.local()  # zstd contexts may not be used by two threads at once.


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A trained zstd dictionary and its row id."""

    id: int
    data: zstandard.ZstdCompressionDict


@lru_cache(maxsize=32)
def read_dictionary(dictionary_id: int, body: bytes) -> Dictionary:
    """A stored dictionary, parsed once.

    Keyed by the content too, since tests open many stores in one process.
    """
    return Dictionary(dictionary_id, zstandard.ZstdCompressionDict(body))


def payload_json(raw: RawSpan) -> bytes:
    """The payload of `raw`, without its ids and origin: the same span gives the same bytes."""
    return values_json(_fields(raw))


def values_json(values: Sequence[Any]) -> bytes:
    """JSON text of values as senders give them, bytes too; `read_values` reads it back."""
    try:
        return orjson.dumps([0, *values], option=orjson.OPT_PASSTHROUGH_SUBCLASS)
    except TypeError:  # Bytes or an OddDouble inside.
        return orjson.dumps([_ESCAPED, *(_escape(value) for value in values)])


def read_values(text: bytes) -> list[Any]:
    """The values that `values_json` wrote."""
    values: list[Any] = orjson.loads(text)
    flags = values.pop(0)
    return [_unescape(value) for value in values] if flags & _ESCAPED else values


def compress(
    texts: Sequence[bytes], dictionary: Dictionary | None = None, *, is_settled: bool = False
) -> list[bytes]:
    """Each of `texts` compressed on its own; what has settled with more effort.

    Many go to zstd in one call, which gives up the interpreter's lock once, not once a text, and
    uses a second core where there is one.
    """
    compressor = _compressor(dictionary, is_settled=is_settled)
    if len(texts) < _MANY:
        return [compressor.compress(text) for text in texts]
    packed = compressor.multi_compress_to_buffer(list(texts), threads=_THREADS)
    return [packed[index].tobytes() for index in range(len(packed))]


def unpack(body: bytes, dictionary: Dictionary | None = None) -> bytes:
    """The JSON text that was packed."""
    return _decompressor(dictionary).decompress(body, max_output_size=_MAX_JSON_BYTES)


def read_span(  # The columns beside the payload, each by name.
    text: bytes,
    *,
    trace_id: bytes,
    span_id: bytes,
    parent_id: bytes | None,
    origin: RawOrigin,
) -> RawSpan:
    """The span that `payload_json` wrote.

    Args:
        text: Its payload.
        trace_id: As in the span's row; `span_id` and `parent_id` too.
        span_id: 8 bytes.
        parent_id: None for a root.
        origin: `unpack_origin` of the row that `origin_id` names; shared, so build it once a row.
    """
    (name, otel_kind, start_ns, end_ns, status_code, message, *rest) = read_values(text)
    (attributes, events, links, trace_state, dropped) = rest
    return RawSpan(
        # By place: by name each field took as long again.
        trace_id,
        span_id,
        parent_id,
        name,
        otel_kind,
        start_ns,
        end_ns,
        status_code,
        message,
        attributes,
        events=[RawEvent(*event) for event in events] if events else events,
        links=[
            RawLink(bytes.fromhex(trace), bytes.fromhex(span), *rest)
            for trace, span, *rest in links
        ]
        if links
        else links,
        origin=origin,
        trace_state=trace_state,
        dropped_attributes=dropped[0],
        dropped_events=dropped[1],
        dropped_links=dropped[2],
        flags=dropped[3] if len(dropped) > 3 else 0,  # noqa: PLR2004  # As `_fields` writes it.
    )


def origin_json(origin: RawOrigin) -> bytes:
    """`origin` as the JSON of `origin.body`, the same for equal ones; bytes as in payloads."""
    body = {
        "resource": _escape(origin.resource),
        "scope": {
            "name": origin.scope_name,
            "version": origin.scope_version,
            "attributes": _escape(origin.scope_attributes),
        },
        "schema_url": origin.schema_url,
        "resource_schema_url": origin.resource_schema_url,
    }
    body |= {key: value for key in _SELDOM if (value := getattr(origin, key))}
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def unpack_origin(body: dict[str, Any]) -> RawOrigin:
    """The origin that `origin_json` wrote."""
    scope = body["scope"]
    return RawOrigin(
        resource=_unescape(body["resource"]),
        scope_name=scope["name"],
        scope_version=scope["version"],
        scope_attributes=_unescape(scope["attributes"]),
        schema_url=body["schema_url"],
        resource_schema_url=body["resource_schema_url"],
        **{key: body[key] for key in _SELDOM if key in body},
    )


def _fields(raw: RawSpan) -> tuple[Any, ...]:
    return (
        raw.name,
        raw.otel_kind,
        raw.start_ns,
        raw.end_ns,
        raw.status_code,
        raw.status_message,
        raw.attributes,
        [
            (event.name, event.time_ns, event.attributes, event.dropped_attributes)
            if event.dropped_attributes
            else (event.name, event.time_ns, event.attributes)
            for event in raw.events
        ],
        [_link(link) for link in raw.links],
        raw.trace_state,
        (raw.dropped_attributes, raw.dropped_events, raw.dropped_links, raw.flags)
        if raw.flags
        else (raw.dropped_attributes, raw.dropped_events, raw.dropped_links),
    )


def _link(link: RawLink) -> tuple[Any, ...]:
    said = (link.trace_id.hex(), link.span_id.hex(), link.attributes, link.trace_state)
    more = (link.flags, link.dropped_attributes)
    return said + more if any(more) else said


def _escape(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$": base64.b64encode(value).decode()}
    if isinstance(value, OddDouble):
        return {"$": [str(value)]}
    if isinstance(value, dict):
        escaped = {key: _escape(item) for key, item in value.items()}
        return _rename_marker(escaped, "$")
    if isinstance(value, list | tuple):
        return [_escape(item) for item in value]
    return value


def _rename_marker(mapping: dict[str, Any], more: str) -> dict[str, Any]:
    if len(mapping) == 1:
        ((key, item),) = mapping.items()
        if key and not key.strip("$"):
            return {key + more: item}
    return mapping


def _unescape(value: Any) -> Any:
    if isinstance(value, dict):
        if len(value) == 1:
            ((key, item),) = value.items()
            if key == "$":
                return OddDouble(item[0]) if isinstance(item, list) else base64.b64decode(item)
            if key and not key.strip("$"):
                return {key[1:]: _unescape(item)}
        return {key: _unescape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unescape(item) for item in value]
    return value


def _compressor(dictionary: Dictionary | None, *, is_settled: bool) -> zstandard.ZstdCompressor:
    contexts = _contexts("settling" if is_settled else "compressors")
    key = id(dictionary.data) if dictionary else 0
    found = contexts.get(key)
    if found is None:
        data = dictionary.data if dictionary else None
        # SQLite and the transport have checksums of their own; the size is needed to decompress.
        found = (
            zstandard.ZstdCompressor(compression_params=_SETTLED, dict_data=data)
            if is_settled
            else zstandard.ZstdCompressor(level=_LEVEL, dict_data=data, write_content_size=True)
        )
        contexts[key] = found
    return found


def _decompressor(dictionary: Dictionary | None) -> zstandard.ZstdDecompressor:
    contexts = _contexts("decompressors")
    key = id(dictionary.data) if dictionary else 0
    found = contexts.get(key)
    if found is None:
        found = zstandard.ZstdDecompressor(dict_data=dictionary.data if dictionary else None)
        contexts[key] = found
    return found


def _contexts(kind: str) -> dict[int, Any]:
    """By the dictionary object, which a context keeps alive: ids repeat between stores."""
    contexts: dict[int, Any] | None = getattr(_local, kind, None)
    if contexts is None or len(contexts) > _MAX_CONTEXTS:
        contexts = {}
        setattr(_local, kind, contexts)
    return contexts
