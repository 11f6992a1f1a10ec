"""Which failures are tried again, and when."""

import email.utils
import random
import time
from collections.abc import Mapping
from typing import Any

__all__ = ["is_rate_limit", "is_transient", "pause_before", "retry_after_s"]

MAX_PAUSE_S = 60.0
"""Longest pause before a call is tried again, unless the other side names a longer one."""
MAX_RETRY_AFTER_S = 600.0
"""Longest `Retry-After` that is kept to."""
_FIRST_PAUSE_S = 0.5
_BUSY = (429, 529)
_TRANSIENT = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 529))
_NAMES = frozenset(
    (
        *("APIConnectionError", "APITimeoutError", "InternalServerError", "OverloadedError"),
        *("RateLimitError", "ServiceUnavailableError", "TooManyRequests"),
        *("ConnectError", "ConnectTimeout", "PoolTimeout", "ReadError", "ReadTimeout"),
        *("RemoteProtocolError", "WriteError", "WriteTimeout"),
    )
)


def is_rate_limit(error: BaseException) -> bool:
    """Whether the other side says that there were too many calls."""
    return _status(error) in _BUSY or type(error).__name__ in ("RateLimitError", "TooManyRequests")


def is_transient(error: BaseException) -> bool:
    """Whether the same call may well succeed later: the network, or a server that is busy."""
    status = _status(error)
    if status is not None:
        return status in _TRANSIENT
    return isinstance(error, ConnectionError) or type(error).__name__ in _NAMES


def retry_after_s(error: BaseException) -> float | None:
    """Seconds that the other side asks to wait; None where it does not."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    if not isinstance(headers, Mapping):
        return None
    text = headers.get("retry-after")
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def pause_before(attempt: int) -> float:
    """Seconds before the next try, drawn evenly up to a bound that doubles ("full jitter").

    Source: Brooker 2015, "Exponential Backoff And Jitter".
    """
    return random.uniform(0, min(_FIRST_PAUSE_S * 2**attempt, MAX_PAUSE_S))  # noqa: S311  # No secret.


def _status(error: BaseException) -> int | None:
    found: Any = getattr(error, "status_code", None)
    if found is None:
        found = getattr(getattr(error, "response", None), "status_code", None)
    return found if isinstance(found, int) else None
