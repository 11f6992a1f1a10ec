"""Traces deleted over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from weave_core.errors import BadRequest
from weave_core.model import DeletedTraces
from weave_core.server.deps import FilterQuery, ProjectPath, StoreDep

router = APIRouter(prefix="/api/projects/{project}/traces", tags=["traces"])


@router.delete("", response_model=DeletedTraces)
def delete_traces(
    *,
    store: StoreDep,
    project: ProjectPath,
    filter_text: FilterQuery = None,
    is_all: Annotated[
        bool, Query(alias="all", description="Instead of a filter: every trace of the project.")
    ] = False,
    is_dry_run: Annotated[
        bool, Query(alias="dry_run", description="Only count what would be deleted.")
    ] = False,
) -> dict[str, Any]:
    """Delete the traces that pass the filter, with spans, payloads, log records and feedback."""
    given = (filter_text or "").strip()
    if bool(given) == is_all:
        found = "both a filter and all=true" if is_all else "neither a filter nor all=true"
        raise BadRequest(
            f"found {found}", "say which traces with ?filter=, or ?all=true for every one"
        )
    deleter = store.deleter
    act = deleter.count if is_dry_run else deleter.delete
    done = act(project, given or None)
    return {"deleted_traces": done.trace_count, "deleted_spans": done.span_count}
