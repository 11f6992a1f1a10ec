"""The head of a run's page: what it is, how it stands, and what was said about it."""

import orjson

from weave_core.app import filters
from weave_core.app.components.bundles import bundle
from weave_core.app.state import list_of_runs_url, run_url, runs_url, sweep_url
from weave_core.model import Run

__all__ = ["RUN_DOTS", "run_header", "run_header_content"]

RUN_DOTS = {
    "running": "pending",
    "finished": "ok",
    "failed": "error",
    "crashed": "error",
    "killed": "unset",
}
"""The dot of each state."""


def run_header(content: bytes, *, key: str) -> None:
    """Draw what `run_header_content` gave."""
    bundle("run_header", "page_head", "markdown")(key=key, data=content)


def run_header_content(run: Run) -> bytes:
    """JSON of `run` for the header."""
    origin = run.forked_from
    at = "" if origin is None or origin.step is None else f", step {origin.step}"
    return orjson.dumps(
        {
            "run_id": run.run_id,
            "name": run.name,
            "state": "stopping" if run.stop_requested and run.state == "running" else run.state,
            "dot": RUN_DOTS[run.state],
            "back": list_of_runs_url(run.project),
            "group": run.group,
            "of_group": run.group
            and runs_url(run.project, filter=filters.equals("group_name", run.group)),
            "job_type": run.job_type,
            "tags": [
                [tag, runs_url(run.project, filter=filters.has("tags", tag))] for tag in run.tags
            ],
            "started_ms": run.started_ns / 1e6,
            "duration_ms": run.duration_ms,
            "last_step": run.last_step,
            "origin": origin and origin.run_id + at,
            "origin_url": origin and run_url(run.project, origin.run_id),
            "hosts": ", ".join(dict.fromkeys(each.host for each in run.writers if each.host)),
            "writers": len(run.writers),
            "trial": run.trial
            and {
                "number": run.trial.number,
                "sweep": run.trial.sweep,
                "url": sweep_url(run.project, run.trial.sweep_id),
            },
            "notes": run.notes or "",
            "error": run.error or "",
            "is_stop": run.state == "killed",
            "problems": list(run.problems.items()),
        }
    )
