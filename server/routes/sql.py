"""Read-only SQL over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from weave_core.model import SqlResult, SqlTables
from weave_core.server import sql
from weave_core.server.deps import HeavySlotDep, ProjectPath, ReaderDep, StoreDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store.queries.projects import get_project_id

router = APIRouter(prefix="/api/projects/{project}/sql", tags=["sql"])


@router.post("", response_model=SqlResult)
def run_sql(
    *,
    store: StoreDep,
    _slot: HeavySlotDep,
    project: ProjectPath,
    query: Annotated[str, Body(description="One SELECT over the tables of `.../sql/tables`.")],
    limit: Annotated[
        int, Body(ge=1, le=sql.MAX_ROWS, description="Most rows wanted.")
    ] = sql.DEFAULT_ROWS,
) -> Response:
    """Rows of one SELECT over `spans`, `traces`, `logs` and `metrics` of the project."""
    with store.reading() as connection:
        project_id = get_project_id(connection, project)
    statement = sql.read_statement(query, project_id=project_id, dialect=store.dialect)
    return JsonAnswer(sql.run_statement(store.engine, statement, limit=limit))


@router.get("/tables", response_model=SqlTables)
def list_tables(connection: ReaderDep, project: ProjectPath) -> dict[str, Any]:
    """The tables that queries may read, with their columns, and the functions."""
    get_project_id(connection, project)
    return {"tables": sql.list_tables(), "functions": list(sql.KNOWN_FUNCTIONS)}
