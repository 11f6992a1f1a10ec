"""Files of artifacts: put by clients under their MD5, read by address or by who has the key."""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from weave_core.errors import BadRequest, NotFound
from weave_core.server.compat.addresses import ARTIFACT_FILES, ARTIFACT_PREFIX
from weave_core.server.compat.artifact_manifests import shown_manifest
from weave_core.server.compat.signatures import not_allowed
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.routes.byte_answers import bytes_answer
from weave_core.server.store.artifact_chunks import read_part
from weave_core.server.store.artifact_sources import find_files, keep_file
from weave_core.server.store.queries.artifact_files import list_entries, spans_of_file

if TYPE_CHECKING:
    from weave_core.server.compat.desks import Desk
    from weave_core.server.limits import BodyReader

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_MD5 = re.compile("[0-9a-fA-F]{32}")


def _refusal(request: Request, expires: str, signature: str) -> Response | None:
    desk: Desk = request.app.state.desk
    path = request.scope["raw_path"].decode("latin-1")
    if desk.signer.allows(request.method, path, expires, signature):
        return None
    return not_allowed()


@router.put(ARTIFACT_PREFIX + "/files/{md5}")
async def put_artifact_file(
    request: Request, md5: str, *, expires: str = "", signature: str = ""
) -> Response:
    """A file that has this MD5, to an address that allows it."""
    refusal = _refusal(request, expires, signature)
    if refusal is not None:
        return refusal
    desk: Desk = request.app.state.desk
    reader: BodyReader = request.app.state.body_reader
    found = hashlib.md5(usedforsecurity=False)
    with desk.store.new_blob(is_hashed=False) as draft:

        def take(pieces: Sequence[bytes]) -> None:
            draft.write(*pieces)
            for piece in pieces:
                found.update(piece)

        async for pieces in reader.pieces(request):
            await asyncio.to_thread(take, pieces)
        if found.hexdigest() != md5:
            raise BadRequest(
                f"the bytes have the MD5 {found.hexdigest()}, not {md5}",
                "the file was changed while it was sent: log it once more",
            )
        await asyncio.to_thread(keep_file, desk.store, draft.written(), found.digest())
    return Response()


@router.get(ARTIFACT_PREFIX + "/files/{md5}", response_model=None)
def get_artifact_file(
    request: Request, md5: str, *, expires: str = "", signature: str = ""
) -> Response:
    """A file by its MD5, from an address that allows it."""
    return _refusal(request, expires, signature) or _file(request, md5, md5)


@router.get(
    ARTIFACT_FILES + "{_region}/{_entity}/{_project}/{_collection}/{_birth}/{md5}/{name}",
    response_model=None,
)
def get_file_of_artifact(request: Request, md5: str, name: str) -> Response:
    """A file by its MD5, for who has the key."""
    return _file(request, md5, name)


def _file(request: Request, md5: str, name: str) -> Response:
    desk: Desk = request.app.state.desk
    key = bytes.fromhex(md5) if _MD5.fullmatch(md5) else b""
    entry = find_files(desk.store, [key]).get(key)
    if entry is None:
        raise NotFound(f"no file of an artifact has the MD5 {md5[:60]!r}")
    with desk.store.reading() as connection:
        spans = spans_of_file(connection, entry)
    read = partial(read_part, desk.store, spans)
    return bytes_answer(request, read, entry.size_bytes, etag=f'"{entry.digest}"', name=name)


@router.get(ARTIFACT_PREFIX + "/manifests/{project}/{name}/{version}", response_model=None)
def get_manifest(
    request: Request,
    project: str,
    name: str,
    version: str,
    *,
    expires: str = "",
    signature: str = "",
) -> Response:
    """The list of a version's files, from an address that allows it."""
    refusal = _refusal(request, expires, signature)
    if refusal is not None:
        return refusal
    desk: Desk = request.app.state.desk
    with desk.store.reading() as connection:
        entries = list(list_entries(desk.store, connection, project, name, version))
    return JsonAnswer(shown_manifest(desk.store, entries))
