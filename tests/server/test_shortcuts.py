"""A request reaches its route by the noun in its path, not through all the others."""

import re
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Match

from weave_core.server.factory import create_app
from weave_core.server.shortcuts import Shortcuts
from weave_core.settings import Settings


def test_each_route_is_found_by_the_noun_in_its_path(tmp_path: Path) -> None:
    """And it is the one that FastAPI finds by asking all in turn."""
    app = create_app(Settings(home=tmp_path))
    shortcuts = Shortcuts(app.routes)
    routes = [context.original_route for context in iter_route_contexts(app.routes)]
    ours = [route for route in routes if isinstance(route, APIRoute)]
    assert len(ours) > 100
    for route in ours:
        for method in route.methods or ():
            path = re.sub(r"{[^}]+}", "word", route.path)
            scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": []}
            match, found = shortcuts.matches(scope)
            assert match is Match.FULL, path
            first = next(other for other in ours if other.matches(scope)[0] is Match.FULL)
            assert found["route"] is first, path
    nowhere = {"type": "http", "method": "GET", "path": "/nowhere", "headers": []}
    assert shortcuts.matches(nowhere)[0] is Match.NONE
