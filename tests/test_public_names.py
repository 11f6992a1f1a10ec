"""The public names: each is there, typed, explained by an example and written down in the docs."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import clean_env

import weave_core

ROOT = Path(__file__).parents[1]
HEAVY = ["fastapi", "httpx", "opentelemetry", "pandas", "pydantic", "sqlmodel", "streamlit"]


@pytest.mark.parametrize("name", weave_core.__all__)
def test_a_public_name_explains_itself(name: str) -> None:
    """Whoever hovers over a name reads what it does and sees it used."""
    value = getattr(weave_core, name)
    text = inspect.getdoc(value) or ""

    assert text.partition("\n")[0].endswith(".")
    is_error = inspect.isclass(value) and issubclass(value, Exception)
    assert is_error or ">>> " in text or "```" in text, f"{name} has no example"


@pytest.mark.parametrize("name", weave_core.__all__)
def test_a_public_name_is_in_the_reference(name: str) -> None:
    """The reference is made from the code, by naming each name once."""
    reference = "".join(
        page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md")
    )

    assert f"::: weave_core.{name}\n" in reference


def test_checkers_see_the_same_names() -> None:
    """Names are imported on first use; editors and mypy read the block for checkers instead."""
    tree = ast.parse((ROOT / "weave_core" / "__init__.py").read_text(encoding="utf-8"))
    typed = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }

    assert typed == set(weave_core.__all__)
    assert dir(weave_core) == sorted(weave_core.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """`hasattr` and tools that probe a module must not get anything else."""
    assert not hasattr(weave_core, "no_such_name")


def test_importing_the_package_loads_nothing_heavy() -> None:
    """A program that only names weave_core pays for no web framework and no SDK."""
    code = f"import sys, weave_core; print([name for name in {HEAVY!r} if name in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", code], env=clean_env(), capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
