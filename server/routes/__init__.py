"""What the server answers over HTTP, one file a noun."""

from weave_core.server.routes import (
    blobs,
    datasets,
    deletions,
    evaluations,
    health,
    logs,
    metrics,
    objects,
    projects,
    prometheus,
    run_consoles,
    run_files,
    run_media,
    runs,
    spans,
    sql,
    stats,
    sweeps,
    tail,
    trace_lists,
    traces,
    transfers,
    views,
)

__all__ = ["READ_ROUTERS"]

READ_ROUTERS = (
    health.router,
    prometheus.router,
    projects.router,
    trace_lists.router,  # Before `traces`: "stats" and the like are no trace ids.
    traces.router,
    deletions.router,
    spans.router,
    stats.router,
    sql.router,
    tail.router,
    transfers.router,
    logs.router,
    metrics.router,
    views.router,
    blobs.router,
    objects.router,
    datasets.router,
    evaluations.router,
    runs.router,
    run_consoles.router,
    run_files.router,
    run_media.router,
    sweeps.router,
)
"""The JSON API; `weave_core.server.factory` adds what takes telemetry in."""
