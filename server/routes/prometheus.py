"""What the server counts of itself, in Prometheus' text format."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from weave_core.server.deps import StoreDep

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=Response)
def read_measures(store: StoreDep) -> Response:
    """Stored and refused telemetry, commit times, the queue, and how far the background is."""
    return Response(generate_latest(store.measures.registry), media_type=CONTENT_TYPE_LATEST)
