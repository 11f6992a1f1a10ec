"""Content addresses: the same content has the same digest, on every machine and for ever."""

import hashlib
from typing import Any

import orjson

__all__ = ["canonical_json", "digest_bytes", "digest_json"]


def canonical_json(value: Any) -> bytes:
    """JSON text of `value` in the one form that is digested: UTF-8, keys sorted, no spaces.

    Raises:
        TypeError: If `value` is not JSON (dict with text keys, list, text, number, bool, None).
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest_bytes(content: bytes) -> str:
    """Address of `content`: `sha256:` and 64 hex digits."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def digest_json(value: Any) -> str:
    """Address of the canonical JSON of `value`; raises what `canonical_json` raises."""
    return digest_bytes(canonical_json(value))
