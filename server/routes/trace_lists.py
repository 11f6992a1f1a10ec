"""What is said of a list of traces besides its rows.  A route names its inputs and asks a query."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from weave_core.model import Facets, TraceChanges, TraceSums
from weave_core.server.deps import FilterQuery, ProjectPath, ReaderDep, SettledReaderDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store.queries import changes, trace_lists

router = APIRouter(prefix="/api/projects/{project}/traces", tags=["traces"])


@router.get("/stats", response_model=TraceSums)
def sum_traces(
    connection: SettledReaderDep, project: ProjectPath, filter_text: FilterQuery = None
) -> Response:
    """Sums over all traces that pass the filter."""
    return JsonAnswer(trace_lists.sum_traces(connection, project, filter_text=filter_text))


@router.get("/facets", response_model=Facets)
def list_trace_facets(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    fields: Annotated[
        str,
        Query(
            description=f"Up to {trace_lists.MAX_FACETS} fields of traces or spans, comma between."
        ),
    ] = "status,kind,model,service_name,tags",
    filter_text: FilterQuery = None,
    limit: Annotated[
        int, Query(ge=1, le=trace_lists.MAX_FACET_VALUES, description="Most values a field.")
    ] = 20,
) -> Response:
    """The most frequent values of fields, with how many of the list's newest 5,000 have them."""
    return JsonAnswer(
        trace_lists.list_facets(
            connection, project, fields=fields, filter_text=filter_text, limit=limit
        )
    )


@router.get("/changes", response_model=TraceChanges)
def list_changes(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    filter_text: FilterQuery = None,
    since: Annotated[
        str | None, Query(description="`next` of the look before; absent: begin from now.")
    ] = None,
) -> Response:
    """What is new or has changed in a list of traces since the last look."""
    return JsonAnswer(
        changes.list_changes(connection, project, filter_text=filter_text, since=since)
    )
