"""Takes secrets and personal data out of spans before they are written or sent.

Runs in the writer's thread, on the span's copy: the traced program does not wait for it, and its
own values stay as they are.  Where redaction itself fails, the text is left out instead.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Self

import orjson
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Status

from weave_core import semconv
from weave_core.tracing.copies import copied
from weave_core.tracing.encoding import plain_attributes
from weave_core.tracing.failures import warn_once
from weave_core.tracing.lean_spans import LeanSpan
from weave_core.tracing.policies import BUILT_IN_PATTERNS, SECRET_KEYS, RedactionPolicy
from weave_core.tracing.presidio import Presidio
from weave_core.tracing.templates import Template

__all__ = ["REDACTED", "Redactor", "without_texts"]

REDACTED = "[redacted]"
"""Stands where a value of a secret key was."""
_FAILED = "[left out: redaction failed]"
_MAX_DEPTH = 60
_SPARED = frozenset({semconv.KIND, semconv.OP_NAME, semconv.OP_VERSION, semconv.TRUNCATED})
_LUHN = "credit_card"
_HARMLESS = frozenset({semconv.INPUTS, semconv.OUTPUTS, *_SPARED})
"""Keys of attributes that say nothing of what is in them."""
_MAX_TEMPLATES = 1_000
_MIN_PERSONAL = 3
"""Shorter texts are nobody's data, and Presidio takes a millisecond for each."""


class Redactor:
    """Applies one policy; used by one thread.

    Args:
        policy: What to take out.
    """

    def __init__(self, policy: RedactionPolicy) -> None:
        keys = [*policy.keys, *(SECRET_KEYS if policy.default_keys else ())]
        globs = [re.escape(_bare(key)).replace(r"\*", ".*") for key in keys]
        self._is_secret = re.compile("|".join(globs)).fullmatch if globs else None
        # Cheap to look for, and in every text that names one of the keys.
        self._pieces = _pieces(keys)
        self._known_templates: dict[Template, bool] = {}
        named = {**{name: BUILT_IN_PATTERNS[name] for name in policy.builtin}, **policy.patterns}
        self._patterns = [(name, re.compile(pattern)) for name, pattern in named.items()]
        self._hook = policy.hook
        self._presidio = (
            Presidio(tuple(policy.presidio), policy.presidio_model) if policy.presidio else None
        )
        self._known_keys: dict[str, bool] = {}
        self._assigned = _assignments(keys)

    @classmethod
    def of_code(cls, policy: RedactionPolicy) -> Self:
        """For source and patches, which are nobody's data: all but Presidio, which is slow."""
        return cls(replace(policy, presidio=()))

    def passes(self, spans: Iterable[LeanSpan]) -> bool:
        """Whether spans of ours have nothing to be taken out, as one search in all of them tells.

        False where only reading each text tells.
        """
        if self._patterns or self._hook or self._presidio:
            return False
        texts: list[str] = []
        known = self._known_templates
        for span in spans:
            if span.template not in known:
                if len(known) >= _MAX_TEMPLATES:
                    known.clear()
                known[span.template] = not self._may_name_secret(_texts_of(span.template))
            if not known[span.template]:
                return False
            for key, value in span.own.items():
                if type(value) is str:
                    texts.append(value)
                elif type(value) is tuple:
                    texts.append(repr(value))
                if key not in _HARMLESS:
                    texts.append(key)
        return not self._may_name_secret("\n".join(texts))

    def clean(self, span: ReadableSpan) -> ReadableSpan:
        """`span` without what the policy takes out; the same object where that is nothing."""
        try:
            return self._clean(span)
        except Exception as error:  # noqa: BLE001  # A hook may raise anything; nothing may pass unredacted then.
            warn_once("redact", "redaction failed: texts of a span were left out", error=error)
            return without_texts(span)

    def _clean(self, span: ReadableSpan) -> ReadableSpan:
        given = plain_attributes(span)
        attributes, changed = self._attributes(given)
        events = []
        for event in span.events:
            told, names = self._attributes(event.attributes or {})
            changed += names
            events.append(Event(event.name, told, event.timestamp) if names else event)
        description = span.status.description
        told_description = self.text(description) if description else description
        name = self._patterned(span.name)
        if not changed and told_description == description and name == span.name:
            return span
        if changed:
            attributes[semconv.REDACTED] = tuple(dict.fromkeys(changed))
        return copied(
            span,
            name=name,
            attributes=attributes,
            events=events,
            status=Status(span.status.status_code, told_description),
        )

    def _attributes(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Cleaned values, and the names of those that changed."""
        out: dict[str, Any] = {}
        changed = []
        for key, value in given.items():
            told = value if key in _SPARED else self._attribute(key, value)
            if told is not value and told != value:
                changed.append(key)
            out[key] = told
        return out, changed

    def _attribute(self, key: str, value: Any) -> Any:
        # http.request.header.authorization: the last part is the key.
        if isinstance(value, str | bytes | tuple) and self._names_secret(key.rpartition(".")[2]):
            return REDACTED
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            return tuple(self.text(item) if isinstance(item, str) else item for item in value)
        return self._told(value, 0) if isinstance(value, Mapping) else value

    def text(self, text: str, depth: int = 0) -> str:
        """`text` cleaned: as JSON where it is JSON, so that what comes out is JSON too."""
        has_secret = self._may_name_secret(text)
        if not (has_secret or self._patterns or self._hook or self._presidio):
            return text
        if text[:1] in ("{", "[", '"') and depth < _MAX_DEPTH:
            try:
                value = orjson.loads(text)
            except orjson.JSONDecodeError:
                pass
            else:
                told = self._told(value, depth + 1)
                return text if told == value else orjson.dumps(told).decode()
        if has_secret:
            text = self._assigned.sub(rf"\g<1>{REDACTED}", text)
        return self._patterned(text)

    def _told(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self.text(value, depth)
        if depth >= _MAX_DEPTH:
            return REDACTED if isinstance(value, dict | list) else value
        if isinstance(value, Mapping):
            return {
                key: REDACTED
                if self._names_secret(key) and value[key] not in (None, "")
                else self._told(value[key], depth + 1)
                for key in value
            }
        if isinstance(value, list | tuple):
            return [self._told(item, depth + 1) for item in value]
        return value

    def _patterned(self, text: str) -> str:
        for name, pattern in self._patterns:
            if name == _LUHN:
                text = pattern.sub(_card, text)
            else:
                text = pattern.sub(f"[redacted:{name}]", text)
        if self._presidio is not None and len(text) > _MIN_PERSONAL:
            text = self._presidio.text(text)
        return self._hook(text) if self._hook is not None else text

    def _may_name_secret(self, text: str) -> bool:
        bare = text.lower().encode("utf-8", "replace").translate(None, b"-_ ")
        for piece in self._pieces:  # noqa: SIM110  # A generator costs more than the search.
            if piece in bare:
                return True
        return False

    def _names_secret(self, key: str) -> bool:
        if self._is_secret is None:
            return False
        known = self._known_keys.get(key)
        if known is None:
            known = self._is_secret(_bare(key)) is not None
            if len(self._known_keys) < 10_000:  # noqa: PLR2004  # Keys of users' data have no end.
                self._known_keys[key] = known
        return known


def _bare(key: str) -> str:
    return key.lower().replace("-", "").replace("_", "").replace(" ", "")


def _pieces(keys: list[str]) -> tuple[bytes, ...]:
    """Short texts of which each bare text with one of `keys` has one."""
    found = {max(_bare(key).split("*"), key=len).encode() for key in keys}
    return tuple(f for f in sorted(found) if not any(o in f for o in found if o != f))


def _texts_of(template: Template) -> str:
    pairs = (text for pair in template.attributes.items() for text in map(str, pair))
    return "\n".join((template.name, *pairs))


def _assignments(keys: list[str]) -> "re.Pattern[str]":
    """`key: value` and `key=value` in text that is no JSON: reprs, cut JSON, messages of errors."""
    names = [r"[\w-]*".join(_loose(part) for part in key.split("*")) for key in keys]
    return re.compile(
        rf"((?<![A-Za-z0-9])(?:{'|'.join(names) or '(?!)'})\\*[\"']?\s*[:=]\s*)"
        # A quote that is escaped is within cut JSON: too much is taken rather than too little.
        r"(?:\\+\".*?(?:\\+\"\s*(?=[,}\]])|$)|\"(?:[^\"\\]|\\.)*\"?|'[^']*'?"
        r"|(?:Bearer |Basic )?[^\s,;&}\"']+)",
        re.IGNORECASE | re.DOTALL,
    )


def _loose(part: str) -> str:
    return re.sub(r"[_\-]|\\-", "[-_ ]?", re.escape(part))


def _card(match: "re.Match[str]") -> str:
    """Digits that pass Luhn's check, which one of ten other numbers does too."""
    digits = [int(sign) for sign in match.group() if sign.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    is_card = (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
    return f"[redacted:{_LUHN}]" if is_card else match.group()


def without_texts(span: ReadableSpan) -> ReadableSpan:
    """A copy that says nothing but what was called when; for where redaction is not possible."""
    kept = {
        key: value if key in _SPARED or isinstance(value, bool | int | float) else _FAILED
        for key, value in plain_attributes(span).items()
    }
    return copied(
        span,
        name=_FAILED,
        attributes=kept,
        events=(),
        links=(),
        status=Status(span.status.status_code),
    )
