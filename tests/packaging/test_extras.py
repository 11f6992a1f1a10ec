"""The extras that the commands know are those that the package has."""

import re
import tomllib
from pathlib import Path

from weave_core.commands.extras import EXTRAS, missing_packages
from weave_core.integrations import TRAINERS

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]


def names_of(requirements: list[str]) -> set[str]:
    """Distributions that are required, without versions."""
    return {re.split(r"[\s\[<>=!~;]", wanted)[0] for wanted in requirements}


def test_every_extra_is_known_to_the_doctor() -> None:
    """The doctor and the message about a missing extra name what pyproject.toml declares."""
    declared = PROJECT["optional-dependencies"]

    assert EXTRAS.keys() == declared.keys() - {"all"}
    for extra, packages in EXTRAS.items():
        assert set(packages) <= names_of(declared[extra])


APART = {"crewai", "deepeval", "huggingface", "instructor", "ragas", *TRAINERS}
"""Extras whose libraries hold others at older versions, or bring much for little."""


def test_all_is_all_that_goes_together() -> None:
    """`weave-core[all]` leaves none out but those that would hold the others back."""
    [wanted] = PROJECT["optional-dependencies"]["all"]

    assert set(re.findall(r"[\w-]+", wanted.partition("[")[2])) == set(EXTRAS) - APART


def test_what_is_installed_here_is_found() -> None:
    """The development environment has everything, and one light trainer more."""
    assert {extra for extra in EXTRAS if missing_packages(extra)} == APART - {"lightgbm"}
