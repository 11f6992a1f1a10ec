"""The head of an artifact's page: what it is, which version is shown, and by what names it goes."""

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.app.formats import file_size
from weave_core.app.state import artifact_url, artifacts_url, run_url
from weave_core.model import ArtifactVersion, StoredArtifact
from weave_core.refs import Ref

__all__ = ["artifact_header", "artifact_header_content"]


def artifact_header(content: bytes, *, key: str) -> None:
    """Draw what `artifact_header_content` gave."""
    bundle("artifact_header", "page_head")(key=key, data=content)


def artifact_header_content(project: str, shown: StoredArtifact, newest: ArtifactVersion) -> bytes:
    """JSON of `shown` for the header.

    Args:
        project: Its.
        shown: The version that is shown.
        newest: The one that was made last.
    """
    return orjson.dumps(
        {
            "type": shown.type,
            "name": shown.name,
            "version": shown.version,
            "is_latest": shown.version == newest.version,
            "latest": newest.version,
            "latest_url": artifact_url(project, shown.name),
            "back": artifacts_url(project),
            "aliases": shown.aliases,
            "tags": shown.tags,
            "digest": shown.digest,
            "files": shown.file_count,
            "size": file_size(shown.size_bytes),
            "added": file_size(shown.added_bytes),
            "run": shown.run_id,
            "run_url": run_url(project, shown.run_id) if shown.run_id else None,
            "created_ms": shown.created_ns / 1e6,
            "ref": str(Ref(project, "artifact", shown.name, shown.digest)),
        }
    )
