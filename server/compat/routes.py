"""The addresses that wandb clients know.  A route reads what was sent and asks one function."""

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from weave_core.errors import BadRequest, NotFound
from weave_core.server.compat.addresses import FILE_PREFIX, GRAPHQL
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.file_streams import read_post
from weave_core.server.compat.json_texts import read_object
from weave_core.server.compat.kept_files import file_path, keep_file, receive
from weave_core.server.compat.mutations import mutations
from weave_core.server.compat.queries import queries
from weave_core.server.compat.run_places import place_of
from weave_core.server.compat.signatures import not_allowed
from weave_core.server.compat.streams import take_post
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.routes.byte_answers import bytes_answer
from weave_core.server.store.queries.run_files import get_file

if TYPE_CHECKING:
    from weave_core.server.limits import BodyReader

__all__ = ["router"]

_log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


@router.post(GRAPHQL)
async def answer_graphql(request: Request) -> Response:
    """An operation of a client; what is refused is told as GraphQL tells it, with status 200."""
    reader: BodyReader = request.app.state.body_reader
    async with reader.read(request) as body:
        base_url = str(request.base_url).rstrip("/")
        return JsonAnswer(await asyncio.to_thread(_answered, _desk(request), base_url, body))


def _answered(desk: Desk, base_url: str, body: bytes) -> dict[str, Any]:
    # 15 MB and 0.1 s that a server without such clients need not have.
    from weave_core.server.compat.documents import answer, read_operation

    told = read_object(body)
    try:
        variables = told.get("variables")
        operation = read_operation(
            str(told.get("query")),
            told.get("operationName"),
            variables if isinstance(variables, dict) else {},
        )
        root = mutations(desk, base_url) if operation.is_mutation else queries(desk, base_url)
        return {"data": answer(operation, root)}
    except (BadRequest, NotFound) as error:
        _log.info("a client was refused: %s", error)
        return {"data": None, "errors": [{"message": str(error)}]}
    except (TypeError, ValueError) as error:
        # Arguments of a kind that nobody expected: whoever sent them hears of it.
        _log.warning("a client's question could not be read", exc_info=True)
        return {"data": None, "errors": [{"message": f"an argument can't be read: {error}"[:500]}]}


@router.post("/files/{entity}/{project}/{run_id}/file_stream")
async def take_file_stream(request: Request, entity: str, project: str, run_id: str) -> Response:
    """What a running program has logged and printed; an empty object says that it is alive."""
    reader: BodyReader = request.app.state.body_reader

    def take(body: bytes) -> dict[str, Any]:
        return take_post(
            _desk(request), place_of(entity, project, run_id), read_post(body), len(body)
        )

    async with reader.read(request) as body:
        return JsonAnswer(await asyncio.to_thread(take, body))


@router.put(FILE_PREFIX + "/{project}/{run_id}/{name:path}")
async def put_file(
    request: Request,
    project: str,
    run_id: str,
    name: str,
    *,
    expires: str = "",
    signature: str = "",
) -> Response:
    """A file of a run, to an address that allows it; the client says nothing of who it is."""
    desk, place = _desk(request), place_of(None, project, run_id)
    if not desk.signer.allows("PUT", file_path(place, name), expires, signature):
        return not_allowed()
    reader: BodyReader = request.app.state.body_reader
    file = await receive(desk.store, reader, request, name)
    await asyncio.to_thread(keep_file, desk, place, file)
    return Response()


@router.get(FILE_PREFIX + "/{project}/{run_id}/{name:path}", response_model=None)
def get_stored_file(
    request: Request,
    project: str,
    run_id: str,
    name: str,
    *,
    expires: str = "",
    signature: str = "",
) -> Response:
    """A file of a run, from an address that allows it."""
    desk, place = _desk(request), place_of(None, project, run_id)
    if not desk.signer.allows("GET", file_path(place, name), expires, signature):
        return not_allowed()
    with desk.store.reading() as connection:
        told = get_file(connection, place.project, place.run_id, name)
    digest = told["digest"]
    return bytes_answer(
        request,
        partial(desk.store.blobs.read, digest),
        told["size_bytes"],
        etag=f'"{digest}"',
        name=name.rpartition("/")[2],
    )
