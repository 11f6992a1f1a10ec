"""The head of a sweep's page: what is searched, how far it is, and the best until now."""

import orjson

from weave_core.app import filters
from weave_core.app.components.bundles import bundle
from weave_core.app.state import run_url, runs_url, sweeps_url
from weave_core.model import Sweep
from weave_core.sweep_words import best_text, progress_text

__all__ = ["sweep_header", "sweep_header_content"]

_DOTS = {"running": "pending", "paused": "unset", "finished": "ok", "cancelled": "unset"}


def sweep_header(content: bytes, *, key: str) -> None:
    """Draw what `sweep_header_content` gave."""
    bundle("sweep_header", "page_head")(key=key, data=content)


def sweep_header_content(sweep: Sweep) -> bytes:
    """JSON of `sweep` for the header."""
    best = sweep.best
    return orjson.dumps(
        {
            "sweep_id": sweep.sweep_id,
            "name": sweep.name,
            "state": sweep.state,
            "dot": _DOTS[sweep.state],
            "reason": sweep.reason or "",
            "back": sweeps_url(sweep.project),
            "method": sweep.method,
            "goal": f"{sweep.goal} {sweep.metric}" if sweep.metric else "no metric",
            "trials": progress_text(sweep),
            "best": "" if best is None else best_text(sweep),
            "best_url": best and best.run_id and run_url(sweep.project, best.run_id),
            "runs": runs_url(sweep.project, filter=filters.equals("group_name", sweep.sweep_id)),
        }
    )
