"""The head of an object's page: what it is, which version is shown, and by what names it goes."""

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.app.formats import file_size
from weave_core.app.state import object_url, objects_url
from weave_core.model import ObjectVersion
from weave_core.refs import Ref

__all__ = ["object_header", "object_header_content"]


def object_header(content: bytes, *, key: str) -> None:
    """Draw what `object_header_content` gave."""
    bundle("object_header", "page_head")(key=key, data=content)


def object_header_content(
    project: str, version: ObjectVersion, *, rows: int | None, latest: int
) -> bytes:
    """JSON of `version` for the header.

    Args:
        project: Its.
        version: The one that is shown.
        rows: How many it has, if it is a dataset.
        latest: The number of the latest version.
    """
    return orjson.dumps(
        {
            "kind": version.kind,
            "name": version.name,
            "version": version.version,
            "is_latest": version.version == latest,
            "latest": latest,
            "latest_url": object_url(project, version.kind, version.name),
            "back": objects_url(project, kind=version.kind),
            "aliases": version.aliases,
            "tags": version.tags,
            "digest": version.digest,
            "size": file_size(version.size_bytes),
            "rows": rows,
            "created_ms": version.created_ns / 1e6,
            "ref": str(Ref(project, version.kind, version.name, version.digest)),
        }
    )
