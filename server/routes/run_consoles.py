"""What runs print, over HTTP.  A route names its inputs and asks one query; it decides nothing."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from weave_core.model import ConsolePage, ConsoleStream
from weave_core.server.cursors import MAX_CURSOR_LENGTH
from weave_core.server.deps import CursorQuery, ProjectPath, ReaderDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.routes.runs import RankQuery, RunPath
from weave_core.server.store.queries import run_consoles

router = APIRouter(prefix="/api/projects/{project}", tags=["runs"])


@router.get("/runs/{run_id}/console", response_model=ConsolePage)
def read_console(
    *,
    connection: ReaderDep,
    project: ProjectPath,
    run_id: RunPath,
    text: Annotated[
        str | None,
        Query(
            max_length=run_consoles.MAX_CONSOLE_WORDS,
            description="Somewhere in the line, small letters or large.",
        ),
    ] = None,
    stream: Annotated[ConsoleStream | None, Query(description="Only of this stream.")] = None,
    rank: RankQuery = None,
    tail: Annotated[bool, Query(description="The last lines instead of the first.")] = False,
    limit: Annotated[
        int, Query(ge=1, le=run_consoles.MAX_CONSOLE_PAGE, description="Most lines.")
    ] = 1_000,
    from_ns: Annotated[
        int | None,
        Query(ge=0, lt=2**63, description="Lines that began at this time or later."),
    ] = None,
    cursor: CursorQuery = None,
    before: Annotated[
        str | None,
        Query(
            max_length=MAX_CURSOR_LENGTH,
            description="`previous_cursor` of a page: the lines before it.",
        ),
    ] = None,
) -> Response:
    """What the programs of a run printed, oldest line first.

    A progress bar is the line that it was left as; a line that `is_open` may still change.
    """
    return JsonAnswer(
        run_consoles.read_console(
            connection,
            project,
            run_id,
            wanted=run_consoles.ConsoleFilter(text, stream, rank),
            limit=limit,
            cursor=cursor,
            before=before,
            from_ns=from_ns,
            is_tail=tail,
        )
    )
