"""What every test of pages needs: an app that knows its server."""

from collections.abc import Iterator

import pytest
import streamlit as st


@pytest.fixture
def app_reads_the_server(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The app is told its server by the environment, as the command line tells it."""
    server = request.getfixturevalue(
        "own_server" if "own_server" in request.fixturenames else "server"
    )
    monkeypatch.setenv("WEAVE_CORE_ENDPOINT", server.url)
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
