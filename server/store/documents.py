"""What a span says, read out of its payload: the text that searches look at.

It reads JSON and no convention.  When it comes to say something else of the same rows, the version
in `texts` has to change, which makes the index anew.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from weave_core import semconv
from weave_core.server.store.attribute_names import written_out
from weave_core.server.store.payloads import read_values
from weave_core.server.store.shared_texts import spelled_sql
from weave_core.server.store.stored_texts import StoredTexts
from weave_core.server.store.words import mark_of

__all__ = ["Document", "document", "document_row", "documents"]

_log = logging.getLogger(__name__)

_MAX_CHARS = 64 * 1024
"""Of one span that are searched: its first."""
_MAX_DEPTH = 12
_REPEATED = frozenset(
    (semconv.GEN_AI_SYSTEM_INSTRUCTIONS, semconv.GEN_AI_TOOL_DEFINITIONS, "ai.prompt.tools")
)
_NO_PROSE = frozenset(("role", "type", "id", "mime_type", "mimeType", "object", "finish_reason"))
"""Keys in messages whose values are marks, not words."""
_CONTENT = frozenset(
    ("content", "input", "inputs", "message", "output", "outputs", "response", "result", "value")
)
"""Last parts of keys under which a word alone was said: an answer may be as short as that."""
_INSTRUCTIONS = ("system", "developer")
"""Roles whose messages every call repeats: the largest part of an index, and of no use in one."""
_BLANK = re.compile(r"\s")

_NAMES = ("s.name", "s.display_name")


def document_row(dialect: str) -> str:
    """What `documents` reads, for queries of a kind of database that add a condition."""
    names = ", ".join(spelled_sql(name, dialect) for name in _NAMES)
    return f"""
s.id, s.project_id, s.attributes, {names}, s.status_message, s.input_preview, s.output_preview
FROM span AS s
"""


class Document(NamedTuple):
    """What is searched of one span."""

    row_id: int
    said: str
    name: str
    """Its names, a line each."""
    marks: str
    """Words for its attributes with their values, so that filters find them."""


def documents(
    rows: Iterable[Any], stored: StoredTexts, *, has_marks: bool = True
) -> Iterator[Document]:
    """The texts of `rows`, which are `document_row`; marks only where they are wanted."""
    by_id = {row[0]: row for row in rows}
    for row_id, text in stored.find(list(by_id)):
        _, _, filters, *names = by_id[row_id]
        try:
            found = document(row_id, names, text)
            yield found._replace(marks=_marks(filters)) if filters and has_marks else found
        except Exception:  # noqa: BLE001  # One span of an odd shape must not stop the index.
            _log.warning("can't read the text of span row %d; its name is searched", row_id)
            yield Document(row_id, "", names[0], "")


def document(row_id: int, row: Any, text: bytes) -> Document:
    """What is searched of a span.

    Args:
        row_id: Its row's.
        row: Name, display name, message of its status and both previews.
        text: Its payload.
    """
    name, display_name, status_message, *previews = row
    attributes, events = _sent(text)
    said: list[str] = [status_message] if status_message else []
    for key, value in attributes.items():
        if key not in _REPEATED:
            _add_words(said, key, value)
    for event in events:
        for key, value in event.items():
            _add_words(said, key, value)
    joined = "\n".join(said)[:_MAX_CHARS]
    # A preview of what came as log records is nowhere in the payload.
    more = [preview for preview in previews if preview and preview not in joined]
    return Document(row_id, "\n".join((joined, *more)), f"{name}\n{display_name or ''}", "")


def _marks(filters: str | dict[str, Any]) -> str:
    values: dict[str, Any] = orjson.loads(filters) if isinstance(filters, str) else filters
    return " ".join(
        mark_of(written_out(name), value) for name, value in values.items() if type(value) is str
    )


def _sent(text: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    values = read_values(text)
    return values[6], [event[2] for event in values[7]]


def _add_words(said: list[str], key: str, value: Any) -> None:
    """Add prose to `said`: JSON text is opened; a word alone, such as an id, is for filters."""
    kind = type(value)
    if kind is str:
        if value[:1] in ("{", "["):
            try:
                value = orjson.loads(value)
            except ValueError:
                said.append(value)
            else:
                _add_leaves(said, value, 0)
        elif _BLANK.search(value) or key.rpartition(".")[2] in _CONTENT:
            said.append(value)
    elif kind is dict or kind is list:
        _add_leaves(said, value, 0)


def _add_leaves(said: list[str], value: Any, depth: int) -> None:
    """Add the texts within `value`; into one list, since generators in each other took thrice."""
    kind = type(value)
    if kind is str:
        if value:
            said.append(value)
    elif depth > _MAX_DEPTH:
        return
    elif kind is dict:
        if value.get("role") in _INSTRUCTIONS:
            return
        for key, inner in value.items():
            if key not in _NO_PROSE:
                _add_leaves(said, inner, depth + 1)
    elif kind is list:
        for inner in value:
            _add_leaves(said, inner, depth + 1)
