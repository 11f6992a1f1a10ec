"""OTLP under any path that ends as the specification says it does.

Senders are given a base URL, to which they add `/v1/traces`: `http://host:4318/` makes two
slashes of it in some of them, and what was set up for another product, or for a proxy that passes
its prefix on, brings `/otlp/v1/traces` or `/api/public/otel/v1/traces`.
"""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from weave_core.server.compat.addresses import TELEMETRY_PREFIX

__all__ = ["OtlpPaths"]

_OTLP = re.compile(r"/(?:.*/)?(v1/(?:traces|logs|metrics))/?")
_OTHERS = ("/api/projects/", TELEMETRY_PREFIX)
"""An object may have such a name; and what clients tell of themselves is for nobody here."""


class OtlpPaths:
    """Gives what is sent to an OTLP path the path that the routes know."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, under the plain path."""
        if scope["type"] == "http" and scope["method"] == "POST":
            path: str = scope["path"]
            found = None if path.startswith(_OTHERS) else _OTLP.fullmatch(path)
            if found:
                plain = f"/{found[1]}"
                scope = {**scope, "path": plain, "raw_path": plain.encode()}
        await self._app(scope, receive, send)
