"""Asking a server again that has no time, or does not answer for a moment."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from weave_core.errors import Overloaded, ServerUnreachable

__all__ = ["patiently"]

_MAX_TRIES = 5
_FIRST_WAIT_S = 0.25

T = TypeVar("T")


def patiently(ask: Callable[[], T]) -> T:
    """What `ask` gives; asked again where the server has no time, or does not answer.

    Raises:
        ServerUnreachable: If it did not answer several times.
        Overloaded: If it had no time several times.
    """
    for attempt in range(1, _MAX_TRIES):
        try:
            return ask()
        except (ServerUnreachable, Overloaded) as error:
            asked_s = error.retry_after_s if isinstance(error, Overloaded) else 0
            wait_s = _FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1.0)  # noqa: S311  # No secret.
            time.sleep(max(asked_s, wait_s))
    return ask()
