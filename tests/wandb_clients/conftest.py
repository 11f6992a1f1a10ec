"""Run by tests/wandb_clients/run.py in an environment that has wandb."""

from importlib.util import find_spec

import pytest

collect_ignore_glob = [] if find_spec("wandb") else ["test_*.py"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """What was sent becomes tests/data/wandb_requests."""
    parser.addoption("--record", action="store_true", help="keep what the client sends")
