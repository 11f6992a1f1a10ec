"""The manual's table of integrations is the code's."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

from weave_core import integrations

ROOT = Path(__file__).parents[2]


def test_each_integration_has_a_row_with_the_version_that_is_tested_here_and_an_extra() -> None:
    """A version in the manual is one that these tests have run with."""
    page = (ROOT / "docs" / "reference" / "integrations.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\w-]+) ([\d.]+) \|", page, re.MULTILINE)
    assert [name for name, _, _ in rows] == list(integrations.LIBRARIES)
    for name, library, tested in rows:
        assert version(library).startswith(f"{tested}."), f"{name}: {library} {version(library)}"

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    for name, library, _ in rows:
        assert any(needed.startswith(library) for needed in extras[name]), name
    assert all(name in extras["all"][0] for name in integrations.LIBRARIES)
