"""How a process of the server keeps its memory."""

import ctypes
import gc

__all__ = ["settle_heap", "share_arenas"]

_GC_OBJECTS = 50_000
_ARENAS = 2
_M_ARENA_MAX = -8
"""Of glibc's malloc.h."""


def share_arenas() -> None:
    """Let threads share heaps of the C library; before the first of them is started.

    It gives each thread its own, and none gets back what another one freed: a server under load
    held some 20 MB more.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:  # Not every C library has it.
        set_option(_M_ARENA_MAX, _ARENAS)


def settle_heap() -> None:
    """Look for circles of garbage after 50,000 new objects, not 700.

    A request makes some 100,000 objects that no circle holds and that go with it; looking at them
    again and again took a sixth of the writer's time.  What was loaded until now stays, and is
    never looked at: of 145 MB that was less than one.
    """
    gc.freeze()
    gc.set_threshold(_GC_OBJECTS, 20, 20)
    gc.enable()
