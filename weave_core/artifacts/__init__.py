"""Artifacts: versions of a folder of files, stored in chunks that versions share."""

from weave_core.artifacts.versions import Artifact

__all__ = ["Artifact"]
