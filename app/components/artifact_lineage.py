"""Where an artifact's version comes from and where it went, drawn from left to right."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.app.state import artifact_url, run_url
from weave_core.model import ArtifactUse, StoredArtifact

__all__ = ["artifact_lineage", "lineage_content"]

MAX_LINEAGE_NODES = 40
"""Runs, or artifacts, in one column of a drawing of where an artifact comes from."""


def artifact_lineage(content: bytes, *, key: str) -> None:
    """Draw what `lineage_content` gave."""
    bundle("artifact_lineage")(key=key, data=content)


def lineage_content(
    project: str,
    shown: StoredArtifact,
    sources: Mapping[str, Sequence[ArtifactUse]],
    made_of_it: Mapping[str, Sequence[ArtifactUse]],
) -> bytes:
    """JSON of five columns: what its makers used, its makers, itself, its users, what they made.

    Args:
        project: Its.
        shown: The version.
        sources: Of each run that made it, what that run made and used.
        made_of_it: The same of each run that used it.
    """
    own = _version(shown.name, shown.version)
    columns: list[list[dict[str, Any]]] = [
        _artifacts(project, sources, "used"),
        [_run(project, run_id) for run_id in sources],
        [{"id": own, "text": own, "dim": shown.type, "is_on": True}],
        [_run(project, run_id) for run_id in made_of_it],
        _artifacts(project, made_of_it, "made"),
    ]
    edges = [
        *(
            [_version(use.name, use.version), f"run {run_id}"]
            for run_id, uses in sources.items()
            for use in uses
            if use.role == "used"
        ),
        *([f"run {run_id}", own] for run_id in sources),
        *([own, f"run {run_id}"] for run_id in made_of_it),
        *(
            [f"run {run_id}", _version(use.name, use.version)]
            for run_id, uses in made_of_it.items()
            for use in uses
            if use.role == "made"
        ),
    ]
    return orjson.dumps(
        {
            "columns": [column[:MAX_LINEAGE_NODES] for column in columns],
            "edges": edges,
            "titles": ["Made from", "Made by", "This version", "Used by", "What came of it"],
            "empty": "No run has made or used it yet.",
        }
    )


def _artifacts(
    project: str, of_runs: Mapping[str, Sequence[ArtifactUse]], role: str
) -> list[dict[str, Any]]:
    found = {
        _version(use.name, use.version): use
        for uses in of_runs.values()
        for use in uses
        if use.role == role
    }
    return [
        {
            "id": name,
            "text": name,
            "dim": use.type,
            "url": artifact_url(project, use.name, use.version, view="Lineage"),
        }
        for name, use in found.items()
    ]


def _run(project: str, run_id: str) -> dict[str, Any]:
    return {"id": f"run {run_id}", "text": run_id, "dim": "run", "url": run_url(project, run_id)}


def _version(name: str, version: int) -> str:
    return f"{name}:v{version}"
