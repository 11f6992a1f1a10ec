"""Media of a wandb client, as records of ours have them: its files are blobs already."""

from collections.abc import Callable, Mapping
from typing import Any

from weave_core.errors import ConfigError
from weave_core.foreign_runs.records import ForeignMedium
from weave_core.foreign_runs.wandb_media import FindFile, media_of
from weave_core.histograms import counted
from weave_core.media_contents import MAX_BOXES, box_record, cloud_facts, cloud_json, table_json
from weave_core.media_types import BYTES, HEAD_BYTES, media_type_of
from weave_core.server.compat.kept_files import StoredFile
from weave_core.server.store.stores import Store

__all__ = ["records_of"]

_TYPES = {
    "audio": "audio/wav",
    "html": "text/html",
    "image": "image/png",
    "markdown": "text/markdown",
    "plotly": "application/json",
    "video": "video/mp4",
}
"""What a file is that does not show it in its first bytes."""
_BODIES = ("molecule", "object3d")
Tell = Callable[[str, str], object]


def records_of(
    store: Store, key: str, told: Mapping[str, Any], find: FindFile, tell: Tell
) -> list[dict[str, Any]]:
    """What was logged under a key, an item for each medium.

    Args:
        store: That has the files, and takes what is made of them.
        key: Where it was logged.
        told: What the client says of it.
        find: Gives the run's files; what it raises beside ValueError is raised here.
        tell: Hears of what can't be kept.
    """
    found = []
    for medium in media_of(key, told, find, tell):
        try:
            found.append(_record(store, medium))
        except (ConfigError, ValueError, TypeError, LookupError) as error:
            tell(key, f"a {medium.kind} could not be read: {error}")
    return found


def _record(store: Store, medium: ForeignMedium) -> dict[str, Any]:
    options = medium.options
    if medium.kind == "histogram":
        return {"kind": medium.kind, **counted(list(options["counts"]), list(options["edges"]))}
    if medium.kind == "table":
        record = _table(store, medium)
    elif isinstance(medium.data, StoredFile):
        record = _blob(medium.data, _TYPES.get(medium.kind, BYTES))
        if medium.kind in _BODIES:
            record["format"] = medium.data.name.rpartition(".")[2].lower()
    else:
        facts, kept = cloud_facts(medium.data)
        digest = store.add_blob(cloud_json(kept))
        record = {"type": "blob", "mime_type": "application/json", "digest": digest, **facts}
    record["kind"] = medium.kind
    if options.get("caption"):
        record["caption"] = str(options["caption"])
    if options.get("boxes"):
        record["boxes"] = [box_record(each) for each in options["boxes"][:MAX_BOXES]]
    if options.get("masks"):
        record["masks"] = [
            {"name": str(name), "digest": store.add_blob(body)}
            for name, body in options["masks"].items()
        ]
    if options.get("labels"):
        record["labels"] = {str(number): str(name) for number, name in options["labels"].items()}
    return record


def _blob(file: StoredFile, otherwise: str) -> dict[str, Any]:
    told = media_type_of(file.head(HEAD_BYTES))
    return {
        "type": "blob",
        "mime_type": otherwise if told == BYTES else told,
        "digest": file.digest,
    }


def _table(store: Store, medium: ForeignMedium) -> dict[str, Any]:
    columns = [str(name) for name in medium.options["columns"]]
    content = table_json(columns, medium.data, len(medium.data))
    record = {"columns": columns, "rows": len(medium.data)}
    digest = store.add_blob(content)
    return {**record, "type": "blob", "mime_type": "application/json", "digest": digest}
