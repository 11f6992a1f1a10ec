"""A web page may send from a browser only where the server was told so."""

from pathlib import Path

import httpx
import pytest
from support.servers import ServerProcess, start_server

from weave_core.errors import ConfigError
from weave_core.server.factory import create_app
from weave_core.settings import Settings

PAGE = "https://shop.example"
ASK = {
    "origin": PAGE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,authorization",
}


def test_pages_that_are_named_may_send(tmp_path: Path) -> None:
    """Any method of a route, and without the key the browser's question before; others get no."""
    env = {"WEAVE_CORE_CORS_ORIGINS": f"http://other.example, {PAGE}", "WEAVE_CORE_API_KEY": "k"}
    with start_server(tmp_path, env=env) as server:
        url = f"{server.url}/v1/traces"
        asked = httpx.options(url, headers=ASK)
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == PAGE
        assert "authorization" in asked.headers["access-control-allow-headers"]
        change = httpx.options(
            f"{server.url}/api/projects/p", headers=ASK | {"access-control-request-method": "PATCH"}
        )
        assert change.status_code == 200, change.text
        sent = httpx.post(url, json={}, headers={"origin": PAGE, "authorization": "Bearer k"})
        assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (200, PAGE)
        refused = httpx.post(url, json={}, headers={"origin": PAGE})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, PAGE)
        stranger = httpx.options(url, headers=ASK | {"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers


def test_by_default_no_page_may(server: ServerProcess) -> None:
    """A page that someone happens to visit must not read what a local server holds."""
    answer = httpx.get(f"{server.url}/api/projects", headers={"origin": PAGE})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origins", ["shop.example", f"{PAGE}/", f"{PAGE},what"])
def test_what_is_no_origin_is_refused_at_the_start(tmp_path: Path, origins: str) -> None:
    """A browser would never send it, so it would silently do nothing."""
    with pytest.raises(ConfigError, match="is no origin of a web page"):
        create_app(Settings(home=tmp_path, cors_origins=origins))
