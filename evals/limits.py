"""How many calls run at a time: as many as the other side takes.

Additive increase, multiplicative decrease, as TCP does it: each success adds a little, a refusal
(429) halves, and nothing new begins before the moment that the refusal named.
Source: Chiu and Jain 1989, "Analysis of the Increase and Decrease Algorithms".
"""

import asyncio
import time
from collections import deque

__all__ = ["AdaptiveLimit"]

_COOL_S = 1.0
"""Refusals of calls that were under way together are one sign, not many."""


class AdaptiveLimit:
    """Places for calls to one provider; used by one event loop.

    Args:
        most: Places at the start, and never more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._places = float(most)
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._not_before = 0.0
        self._cut_at = -_COOL_S

    @property
    def places(self) -> int:
        """How many calls may run at a time now."""
        return max(int(self._places), 1)

    async def take(self) -> None:
        """Wait for a place."""
        while self._taken >= self.places:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            try:
                await future
            finally:
                if not future.done():
                    self._waiting.remove(future)
        self._taken += 1
        try:
            while (pause_s := self._not_before - time.monotonic()) > 0:  # noqa: ASYNC110  # The moment may move on.
                await asyncio.sleep(pause_s)
        except BaseException:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Give a place back."""
        self._taken -= 1
        self._wake()

    def succeeded(self) -> None:
        """A call was answered: a little more is tried."""
        if self._places < self._most:
            self._places = min(self._places + 1 / self._places, self._most)

    def refused(self, retry_after_s: float | None) -> None:
        """A call was refused for being one too many."""
        now = time.monotonic()
        if now - self._cut_at >= _COOL_S:
            self._cut_at = now
            self._places = max(self._places / 2, 1.0)
        if retry_after_s:
            self._not_before = max(self._not_before, now + retry_after_s)

    def _wake(self) -> None:
        free = self.places - self._taken
        while free > 0 and self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                free -= 1
