"""One span as its extractors see it: attributes by key, JSON decoded once, indexed keys as trees.

Reading is linear in what was sent, whatever its shape: indexes may be sparse, huge or out of
order, and a key may be both a value and a prefix.
"""

from typing import Any

from weave_core.server.normalise import texts
from weave_core.server.normalise.own_words import said_otherwise
from weave_core.server.otlp.records import RawEvent, RawSpan

__all__ = ["DETAILS_EVENT", "Sent", "Tree", "attributes_of", "ordered"]

Tree = dict[str, Any]
"""Nested mappings by segment; a value that is also a prefix sits under the key `""`."""

DETAILS_EVENT = "gen_ai.client.inference.operation.details"
_MAX_DETAILS = 100
_MAX_SEGMENTS = 12
_MAX_DIGITS = 18
_WRITES_BYTES = "langsmith"
"""Scope of LangSmith, which wrote its JSON texts as bytes until its version 0.5."""


def attributes_of(raw: RawSpan) -> dict[str, Any]:
    """What a span says of itself, with what its events add, as texts and numbers."""
    attributes = _with_details(raw.attributes, raw.events) if raw.events else raw.attributes
    said = said_otherwise(attributes, raw.origin.scope_name, raw.events)
    if said:
        return {key: value for key, (_, value) in said.items()} | attributes
    if raw.origin.scope_name == _WRITES_BYTES:
        return {
            key: value.decode(errors="replace") if type(value) is bytes else value
            for key, value in attributes.items()
        }
    return attributes


def _with_details(attributes: dict[str, Any], events: list[RawEvent]) -> dict[str, Any]:
    """`attributes`, and below them what details events say: the same, from logs or events.

    Some senders have one event for what went in and one for what came out.
    """
    details = [event.attributes for event in events if event.name == DETAILS_EVENT]
    if not details:
        return attributes
    merged: dict[str, Any] = {}
    for told in reversed(details[:_MAX_DETAILS]):
        merged |= told
    return merged | attributes


class Sent:
    """What one span sent."""

    __slots__ = ("_decoded", "_families", "_trees", "attributes", "kind", "raw")

    def __init__(self, raw: RawSpan) -> None:
        """Read nothing yet."""
        self.raw = raw
        self.attributes = attributes_of(raw)
        self.kind = "span"
        """Set once it is known; some extractors read the same key differently by kind."""
        self._families: set[str] | None = None
        self._decoded: dict[str, Any] = {}
        self._trees: dict[str, Tree] = {}

    @property
    def families(self) -> set[str]:
        """First segments of all keys: an extractor of an absent convention need not look."""
        if self._families is None:
            self._families = {key.partition(".")[0] for key in self.attributes}
        return self._families

    def get(self, key: str) -> Any:
        """The attribute, or None when it is missing or says nothing."""
        value = self.attributes.get(key)
        return None if texts.is_empty(value) else value

    def first(self, keys: tuple[str, ...]) -> tuple[str, Any] | None:
        """The first of `keys` that says something, with its value."""
        for key in keys:
            value = self.attributes.get(key)
            if value is not None and not texts.is_empty(value):
                return key, value
        return None

    def json(self, key: str) -> Any:
        """The attribute decoded; None when missing, empty, or a text that is no JSON."""
        value = self.decoded(key)
        return value if isinstance(value, dict | list) else None

    def decoded(self, key: str) -> Any:
        """The attribute, decoded where it is JSON, else as it is; None when it says nothing."""
        if key in self._decoded:
            return self._decoded[key]
        value = self.get(key)
        if value is not None:
            value = texts.decode(value)
            if texts.is_empty(value):
                value = None
        self._decoded[key] = value
        return value

    def text(self, key: str) -> str | None:
        """The attribute as a short text."""
        return texts.as_text(self.attributes.get(key))

    def below(self, prefix: str) -> dict[str, Any]:
        """All attributes under `prefix` (with its dot), the prefix cut off."""
        size = len(prefix)
        return {k[size:]: v for k, v in self.attributes.items() if k.startswith(prefix)}

    def as_sent(self, sources: dict[str, str]) -> dict[str, str]:
        """`sources` by the keys that were sent, where a sender has words of its own."""
        if self.attributes is self.raw.attributes:
            return sources
        said = said_otherwise(self.raw.attributes, self.raw.origin.scope_name, self.raw.events)
        return {name: said[key][0] if key in said else key for name, key in sources.items()}

    def tree(self, prefix: str) -> Tree:
        """All attributes under `prefix` (without its dot) as nested mappings."""
        tree = self._trees.get(prefix)
        if tree is None:
            tree = self._trees[prefix] = _grow(self.below(prefix + "."))
        return tree


def _grow(flat: dict[str, Any]) -> Tree:
    root: Tree = {}
    for key, value in flat.items():
        segments = key.split(".", _MAX_SEGMENTS)
        node = root
        for segment in segments[:-1]:
            child = node.get(segment)
            if type(child) is not dict:
                child = node[segment] = {} if child is None else {"": child}
            node = child
        last = segments[-1]
        if type(node.get(last)) is dict:
            node[last][""] = value
        elif type(value) is dict:  # A map that was sent as one: not to be mixed up with a branch.
            node[last] = {"": value}
        else:
            node[last] = value
    return root


def ordered(tree: Any) -> list[Tree]:
    """The branches of a list that was sent key by key, by index; gaps are skipped."""
    if type(tree) is not dict:
        return []
    indexes = [(int(k), k) for k in tree if len(k) <= _MAX_DIGITS and k.isascii() and k.isdigit()]
    return [v for _, k in sorted(indexes) if type(v := tree[k]) is dict]
