"""Calls are made within a limit and a time, and made again where that may help."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from weave_core.evals.calls import Call
from weave_core.evals.limits import AdaptiveLimit
from weave_core.evals.retries import is_rate_limit, is_transient, pause_before, retry_after_s
from weave_core.evals.scores import error_of
from weave_core.model import ItemError

__all__ = ["MAX_REFUSALS", "Attempts", "error_within"]

MAX_REFUSALS = 20
"""Times that one call is tried again after the other side said that there were too many."""


@dataclass
class Attempts:
    """How calls are made; used by one event loop."""

    concurrency: int
    """Calls of one provider at a time."""
    limits: dict[str, AdaptiveLimit] = field(default_factory=dict)

    async def call(
        self, call: Call, values: dict[str, Any], *, timeout_s: float | None, retries: int
    ) -> Any:
        """What a call gives, or the error of its last try."""
        limit = self.limits.get(call.provider or call.name)
        if limit is None:
            limit = AdaptiveLimit(self.concurrency)
            self.limits[call.provider or call.name] = limit
        attempt = refusals = 0
        while True:
            await limit.take()
            try:
                async with asyncio.timeout(timeout_s):
                    answer = await call(values)
            except Exception as error:
                if is_rate_limit(error) and refusals < MAX_REFUSALS:
                    refusals += 1
                    limit.refused(retry_after_s(error))
                    pause_s = pause_before(min(refusals, 6))
                elif is_transient(error) and attempt < retries:
                    attempt += 1
                    pause_s = retry_after_s(error) or pause_before(attempt)
                else:
                    raise
            else:
                limit.succeeded()
                return answer
            finally:
                limit.give_back()
            await asyncio.sleep(pause_s)


def error_within(error: BaseException, timeout_s: float | None) -> ItemError:
    """An exception as a record holds it; of a time that ran out, how long it was."""
    if isinstance(error, TimeoutError) and timeout_s is not None:
        said = str(error) or f"no answer within {timeout_s:g} s"
        return ItemError(type="TimeoutError", message=said)
    return error_of(error)
