"""Files of a run as clients list and fetch them."""

import base64
import binascii
import fnmatch
import mimetypes
import re
from collections.abc import Mapping
from posixpath import normpath
from typing import Any

from weave_core.errors import BadRequest
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.kept_files import file_path
from weave_core.server.compat.pages import page_of
from weave_core.server.compat.run_places import RunPlace, place_of
from weave_core.server.compat.stamps import iso
from weave_core.server.store.queries.run_files import MAX_FILE_PAGE, list_files

__all__ = ["count_files", "file_id", "files_page", "read_file_id"]


def file_id(place: RunPlace, name: str) -> str:
    """What names a file in one text."""
    return base64.b64encode("\n".join((*place, name)).encode()).decode()


def read_file_id(text: object) -> tuple[RunPlace, str]:
    """The run and the name of a file whose id a client gives back.

    Raises:
        BadRequest: If it is none of ours.
    """
    try:
        entity, project, run_id, name = base64.b64decode(str(text)).decode().split("\n", 3)
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"{str(text)[:100]!r} is no id of a file") from error
    return place_of(entity, project, run_id), name


def count_files(desk: Desk, place: RunPlace) -> int:
    """How many files the run keeps, up to a page of them."""
    return len(_listed(desk, place))


def files_page(desk: Desk, base_url: str, place: RunPlace, told: Mapping[str, Any]) -> Any:
    """A page of the files of a run.

    Args:
        desk: The store and what belongs to it.
        base_url: How the client reaches this server.
        place: The run.
        told: `names`, `pattern` (of SQL's LIKE), `first`, `after`.
    """
    names = told.get("names")
    if names:
        wanted = {normpath(str(name)) for name in names}
        items = [each for each in _listed(desk, place) if each["name"] in wanted]
        known = {each["name"] for each in items}
        # An address to upload to is asked for in the same way.
        items += [{"name": name} for name in wanted - known if told.get("upload")]
    else:
        items = _listed(desk, place)
    if told.get("pattern"):
        like = _like(str(told["pattern"]))
        items = [each for each in items if like.fullmatch(each["name"])]
    return page_of(items, told, lambda each: _node(desk, base_url, place, each), most=MAX_FILE_PAGE)


def _listed(desk: Desk, place: RunPlace) -> list[dict[str, Any]]:
    with desk.store.reading() as connection:
        found = list_files(connection, place.project, place.run_id, limit=MAX_FILE_PAGE)
    items: list[dict[str, Any]] = found["items"]
    return items


def _node(desk: Desk, base_url: str, place: RunPlace, told: Mapping[str, Any]) -> dict[str, Any]:
    name = told["name"]
    path = file_path(place, name)

    def url(asked: Mapping[str, Any]) -> str:
        return base_url + desk.signer.sign("PUT" if asked.get("upload") else "GET", path)

    return {
        "id": file_id(place, name),
        "name": name,
        "url": url,
        "directUrl": url({}),
        "sizeBytes": str(told.get("size_bytes", 0)),
        "mimetype": mimetypes.guess_type(name)[0],
        "updatedAt": iso(told.get("time_ns", 0)),
        "md5": None,
        "digest": None,
    }


def _like(pattern: str) -> re.Pattern[str]:
    """SQL's LIKE; no pattern of it takes long."""
    plain = re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", pattern)
    return re.compile(fnmatch.translate(plain.replace("%", "*").replace("_", "?")))
