"""Spans out as a stream, and lines back in, over HTTP."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from weave_core.errors import StoreError
from weave_core.model import ImportReport
from weave_core.server.deps import FilterQuery, ProjectPath, StoreDep, take_heavy_slot
from weave_core.server.otlp.requests import TelemetryRequest
from weave_core.server.store.exports import Of
from weave_core.server.store.project_rows import check_project_name
from weave_core.server.transfers import LineRequests, open_export, read_lines
from weave_core.server.transfers.exporting import Format

if TYPE_CHECKING:
    from weave_core.server.limits import BodyReader

T = TypeVar("T", bound=TelemetryRequest)

router = APIRouter(prefix="/api/projects/{project}", tags=["transfers"])


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {}}, "description": "The stream."}},
)
def export_spans(
    *,
    request: Request,
    store: StoreDep,
    project: ProjectPath,
    form: Annotated[
        Format,
        Query(
            alias="format",
            description="`jsonl`: a Span a line; `otlp`: lines of OTLP/JSON, which keep all that "
            "was sent; `parquet`: a table.",
        ),
    ] = "jsonl",
    filter_text: FilterQuery = None,
    of: Annotated[
        Of, Query(description="What the filter speaks of; `traces` takes all of their spans.")
    ] = "spans",
) -> StreamingResponse:
    """All spans that pass, in start order, as a stream.

    It has no length, and one that ends early ends without its last chunk, as HTTP has it.
    """
    release = take_heavy_slot(request)
    try:
        export = open_export(store.engine, project, form=form, filter_text=filter_text, of=of)
    except BaseException:
        release()
        raise
    return _ExportAnswer(
        _watched(request, export.chunks),
        release,
        media_type=export.media_type,
        headers={"content-disposition": f'attachment; filename="{export.file_name}"'},
    )


class _ExportAnswer(StreamingResponse):
    """A stream that gives its place back however it ends, begun or not."""

    def __init__(self, chunks: Iterator[bytes], release: Callable[[], None], **given: Any) -> None:
        super().__init__(chunks, **given)
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._release()


def _watched(request: Request, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, while the server lives."""
    for chunk in chunks:
        if getattr(request.app.state, "is_stopping", False):
            raise StoreError("the server is stopping", "ask for the export again later")
        yield chunk


@router.post("/import", response_model=ImportReport)
async def import_lines(request: Request, store: StoreDep, project: ProjectPath) -> dict[str, Any]:
    """Take lines of OTLP/JSON or of Spans, as `export` writes them; plain or compressed.

    What is stored already stays as it is, so an import that broke off is simply sent again.  A
    wrong line is told with its number; the others are taken.
    """
    check_project_name(project)
    reader: BodyReader = request.app.state.body_reader
    async with reader.read(request) as body:
        requests = await asyncio.to_thread(read_lines, body, project)
        await _store(store, requests, size_bytes=len(body))
    counted = {
        "spans": len(requests.traces.spans[project]),
        "log_records": len(requests.logs.records[project]),
        "data_points": len(requests.metrics.points[project]),
    }
    return counted | {
        "lines": requests.line_count,
        "refused": requests.refused_count,
        "errors": requests.errors,
    }


def _same(request: T) -> T:
    """Decoded already: a line that is wrong has to be told with its number."""
    return request


async def _store(store: StoreDep, requests: LineRequests, *, size_bytes: int) -> None:
    futures = [
        asyncio.wrap_future(store.add_request(partial(_same, each), size_bytes=size_bytes))
        for each, held in (
            (requests.traces, requests.traces.spans),
            (requests.logs, requests.logs.records),
            (requests.metrics, requests.metrics.points),
        )
        if any(held.values())
    ]
    for stored in await asyncio.gather(*futures):
        if stored.rejected:
            requests.refuse(None, stored.first_reason, stored.rejected)
