"""The store inside this process: how the ground floor reaches the server without knowing it.

`endpoint="embedded"` opens the server's store here, behind the same HTTP API, with no socket.  The
ground and tracing may not look at the server, so the roof's `weave_core.embedded` is looked up by
name when, and only when, somebody asks for it.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from weave_core.settings import Settings

__all__ = ["EMBEDDED", "EMBEDDED_URL", "is_open", "open_transport"]

EMBEDDED = "embedded"
"""The endpoint that means it."""
EMBEDDED_URL = "http://embedded"
"""What requests are addressed to; nothing listens there."""
_DOOR = "weave_core.embedded"


def open_transport(settings: "Settings") -> "httpx.BaseTransport":
    """Open the store of `settings.home` in this process, once, and give the way to its API.

    Raises:
        ConfigError: If the store can't be opened: another process has it, or this one was forked
            from the one that does.
        MissingExtra: If the server is not installed.
    """
    return cast("httpx.BaseTransport", import_module(_DOOR).open_embedded(settings))


def is_open(home: "Path") -> bool:
    """Whether the store of `home` is open in this process."""
    door = sys.modules.get(_DOOR)
    return door is not None and bool(door.is_open(home))
