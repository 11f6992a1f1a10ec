"""The page that describes the HTTP API."""

import re

import httpx
import pytest
from support.servers import ServerProcess


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_api_page_asks_no_other_host(server: ServerProcess, path: str) -> None:
    """All that the page loads comes from this server, so it works without the internet."""
    page = httpx.get(server.url + path).raise_for_status().text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert any(address.endswith(".js") for address in loaded)
    for address in loaded:
        assert address.startswith("/"), f"{path} loads {address}"
        assert httpx.get(server.url + address).status_code == 200
