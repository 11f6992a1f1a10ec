"""What the spans of one operation have in common, made into OTLP bytes once.

A span of ours (`weave_core.tracing.lean_spans`) is one of these with its ids, its times and what
it was given: the bytes of it are joined from few pieces where it ends, so that the writer thread,
which competes with the traced program for the interpreter, has nothing left to build.
"""

from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import SpanKind

from weave_core.tracing.wire import named_and_kind, pair_of

__all__ = ["Template"]


class Template:
    """Name, kind and attributes that many spans share.

    Args:
        name: Of the spans.
        kind: OpenTelemetry's.
        attributes: Texts and numbers; never changed after.
    """

    __slots__ = ("attributes", "head", "kind", "name", "pairs")

    def __init__(self, name: str, kind: SpanKind, attributes: Mapping[str, Any]) -> None:
        self.name = name
        self.kind = kind
        self.attributes = dict(attributes)
        self.head = named_and_kind(name, kind)
        self.pairs = b"".join(pair_of(key, value) for key, value in self.attributes.items())
