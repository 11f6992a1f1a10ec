"""The manual's table of integrations is the code's."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

from weave_core import integrations

ROOT = Path(__file__).parents[2]


def test_each_integration_has_a_row_with_the_version_that_is_tested_here_and_an_extra() -> None:
    """A version in the manual is one that these tests have run with."""
    page = (ROOT / "docs" / "reference" / "integrations.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\w-]+) ([\d.]+) \|", page, re.MULTILINE)
    assert [name for name, _, _ in rows] == list(integrations.LIBRARIES)
    for name, library, tested in rows:
        assert library == integrations.LIBRARIES[name].distribution
        assert _version(library).startswith(f"{tested}."), f"{name}: {library} {_version(library)}"

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name, library, _ in rows:
        assert any(
            needed.startswith(library) for needed in project["optional-dependencies"][name]
        ), name


def test_each_library_that_trains_has_a_row_with_the_version_that_its_tests_run_with() -> None:
    """The table of the manual, the extras and the lock of tests/frameworks say the same."""
    page = (ROOT / "docs" / "reference" / "trainers.md").read_text()
    row = r"^\| \[`(\w+)`\]\(\.\./frameworks/[\w-]+\.md\) \| ([\w-]+) ([\d.]+) \|"
    rows = re.findall(row, page, re.MULTILINE)
    assert [name for name, _, _ in rows] == sorted(integrations.TRAINERS)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    told = (ROOT / "tests" / "frameworks" / "run.py").read_text()
    for name, library, tested in rows:
        assert library == integrations.TRAINERS[name][0]
        assert all(
            any(needed.startswith(each) for needed in extras[name])
            for each in integrations.TRAINERS[name]
        )
        if library == "torch":
            assert f"torch=={tested}." in told
        else:
            pinned = "xgboost-cpu" if library == "xgboost" else library
            assert _pinned(pinned, "frameworks").startswith(f"{tested}."), name


def _version(library: str) -> str:
    """The installed one; of a library that is tested apart, what its lock has for this Python."""
    try:
        return version(library)
    except PackageNotFoundError:
        return _pinned(library, "apart")


def _pinned(library: str, folder: str) -> str:
    """What the lock of a folder of tests has for this Python."""
    lock = (ROOT / "tests" / folder / "requirements.lock").read_text()
    pins = re.findall(rf"^({library}==\S+(?: ; [^\\\n]+)?)", lock, re.MULTILINE)
    [fitting] = [
        found for found in map(Requirement, pins) if found.marker is None or found.marker.evaluate()
    ]
    return str(fitting.specifier).removeprefix("==")
