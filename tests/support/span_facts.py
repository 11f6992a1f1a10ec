"""What a finished OpenTelemetry span tells, as plain values."""

import json
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["facts", "parts_of", "read_json"]


def facts(span: ReadableSpan, *prefixes: str) -> dict[str, Any]:
    """Attributes whose names begin with one of `prefixes`; all where none are given."""
    attributes = dict(span.attributes or {})
    return {
        name: value
        for name, value in attributes.items()
        if not prefixes or name.startswith(prefixes)
    }


def read_json(span: ReadableSpan, name: str) -> Any:
    """The value of an attribute that holds JSON text."""
    return json.loads(str((span.attributes or {})[name]))


def parts_of(span: ReadableSpan, name: str) -> list[dict[str, Any]]:
    """Parts of all messages of an attribute, in order."""
    return [part for message in read_json(span, name) for part in message["parts"]]
