"""Run by tests/integrations/test_libraries_apart.py in an environment that has these libraries."""

from importlib.util import find_spec

from support.stored_traces import llm, stored

__all__ = ["llm", "stored"]

collect_ignore_glob = [] if find_spec("crewai") else ["test_*.py"]
