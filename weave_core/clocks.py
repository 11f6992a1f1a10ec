"""A clock that nobody sets: what the wall clock is held against where it may have jumped.

Clocks of machines are set, by hand and by the network, and those of virtual machines jump when
they are moved.  Where a span of time is measured `time.monotonic` does; this module is for what
needs both: when it was, and that it was not an hour earlier a moment before.
"""

import time
from collections.abc import Callable
from functools import partial

__all__ = ["steady_ns"]


def _steady_clock() -> Callable[[], int]:
    # One that goes on while the machine sleeps: waking up is no jump.  macOS has no BOOTTIME, its
    # MONOTONIC does so; Windows has neither.
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        if hasattr(time, name):
            return partial(time.clock_gettime_ns, getattr(time, name))
    return time.monotonic_ns


steady_ns: Callable[[], int] = _steady_clock()
"""Nanoseconds since some moment, sleep included; never goes back and never jumps."""
