"""`requirements.lock` against `pyproject.toml`."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from weave_core.integrations import TRAINERS

ROOT = Path(__file__).parents[2]
APART = {"crewai", "deepeval", "huggingface", "instructor", "ragas", *TRAINERS}
"""Extras with a lock of their own, beside their tests."""


def test_the_lock_holds_every_requirement_in_a_version_that_fits() -> None:
    """`make` installs from the lock alone: what it lacks is missing in every fresh checkout."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    texts = list(project["project"]["dependencies"])
    texts += [
        text
        for name, extra in project["project"]["optional-dependencies"].items()
        for text in extra
        if name not in APART
    ]
    texts += [text for group in project["dependency-groups"].values() for text in group]
    pinned = re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ \\;]+)",
        (ROOT / "requirements.lock").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    versions: dict[str, list[str]] = {}
    for name, version in pinned:
        versions.setdefault(canonicalize_name(name), []).append(version)

    wrong = [
        f"{text}: the lock has {versions.get(canonicalize_name(requirement.name), 'nothing')}"
        for text in texts
        if (requirement := Requirement(text)).name != "weave-core"
        and not any(
            requirement.specifier.contains(version, prereleases=True)
            for version in versions.get(canonicalize_name(requirement.name), [])
        )
    ]
    assert not wrong, "run `make lock`:\n" + "\n".join(wrong)
