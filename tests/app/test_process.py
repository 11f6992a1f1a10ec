"""How the app is started."""

import re

import pytest

from weave_core.app.process import START, app_command
from weave_core.errors import ConfigError


def test_the_command_names_address_port_and_server() -> None:
    """What a supervisor needs: argv, and what to add to the environment."""
    command, environment = app_command(
        server_url="http://127.0.0.1:4318", host="0.0.0.0", port=8501, project="shop"
    )

    assert str(START) in command
    assert "--server.address=0.0.0.0" in command
    assert "--server.port=8501" in command
    assert environment == {
        "WEAVE_CORE_ENDPOINT": "http://127.0.0.1:4318",
        "WEAVE_CORE_PROJECT": "shop",
    }


def test_a_port_that_can_not_be_is_refused() -> None:
    """With the range that would be right."""
    with pytest.raises(ConfigError, match=re.escape("from 0 (any free) to 65535")):
        app_command(server_url="http://x", host="127.0.0.1", port=70_000)


def test_the_start_script_does_not_lie_beside_the_pages() -> None:
    """Else a link to a trace as the first request runs the page without the frame."""
    assert not (START.parent / "pages").exists()
    assert (START.parent / ".streamlit" / "config.toml").is_file()
