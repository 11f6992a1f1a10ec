"""Whether the server is up, over HTTP."""

from fastapi import APIRouter

from weave_core.model import Health
from weave_core.server.deps import ReaderDep
from weave_core.versions import package_version

router = APIRouter(tags=["health"])


@router.get("/healthz")
def read_health(connection: ReaderDep) -> Health:
    """Answered once the database can be read."""
    connection.exec_driver_sql("SELECT 1")
    return Health(status="ok", version=package_version(), store=connection.dialect.name)
