"""Content addresses: the same content has the same digest, on every machine and for ever."""

import hashlib
import math
import re
from typing import Any

import orjson

from weave_core.errors import BadRequest

__all__ = ["canonical_json", "checked_digest", "digest_bytes", "digest_json", "hex_of"]

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_OPTIONS = (
    orjson.OPT_SORT_KEYS
    # What is not JSON is refused rather than told in text: the caller decides how it is written.
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


def canonical_json(value: Any) -> bytes:
    """JSON text of `value` in the one form that is digested: UTF-8, keys sorted, no spaces.

    Raises:
        TypeError: If `value` is not JSON (dict with text keys, list, text, number, bool, None).
        ValueError: If it holds a number that JSON has not: NaN or an infinity.
    """
    text = orjson.dumps(value, option=_OPTIONS)
    # orjson writes NaN as null, so two values would share an address.  Only a text that holds a
    # null can have begun with one, and most hold none: they are not walked.
    if b"null" in text and not _is_finite(value):
        raise ValueError(f"{value!r:.200} holds NaN or an infinity, which JSON can't tell")
    return text


def digest_bytes(content: bytes) -> str:
    """Address of `content`: `sha256:` and 64 hex digits."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def checked_digest(text: str) -> str:
    """`text`, which is the address of some content.

    Raises:
        BadRequest: If it is none.
    """
    if _DIGEST.fullmatch(text) is None:
        raise BadRequest(
            f"{text[:100]!r} is no digest", "give sha256: and 64 hex digits in lower case"
        )
    return text


def hex_of(digest: str) -> str:
    """The 64 hex digits of `digest`; raises what `checked_digest` raises."""
    return checked_digest(digest).removeprefix("sha256:")


def digest_json(value: Any) -> str:
    """Address of the canonical JSON of `value`; raises what `canonical_json` raises."""
    return digest_bytes(canonical_json(value))


def _is_finite(value: Any) -> bool:
    """Whether no number in `value` is NaN or infinite; `value` was already proved to be JSON."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, float) and not math.isfinite(item):
            return False
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item
    return True
