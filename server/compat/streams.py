"""What was posted of a run, stored; and what its program is told in return."""

import time
from typing import Any

from weave_core.errors import NotFound
from weave_core.foreign_runs.records import ns_of
from weave_core.foreign_runs.wandb_charts import charts_told
from weave_core.foreign_runs.wandb_summaries import summary_values
from weave_core.server.compat.awaited_media import logged_media
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.file_streams import Posted
from weave_core.server.compat.json_texts import plain
from weave_core.server.compat.run_places import RunPlace
from weave_core.server.compat.run_tellers import SOURCE, RunTeller
from weave_core.server.compat.sweep_agents import end_trial_of_run
from weave_core.server.otlp.records import RawSpan
from weave_core.server.store.queries.run_sessions import RunSession

__all__ = ["take_post"]

_LATE_NS = 120 * 10**9
"""A run whose last row is older when it ends comes from disk, and ended when that was written."""
_INTERRUPTED = 255
"""What a client says where Ctrl-C or a stop ended the program."""


def take_post(desk: Desk, place: RunPlace, posted: Posted, size_bytes: int) -> dict[str, Any]:
    """Store a post, and say whether a stop was asked for.

    Raises:
        NotFound: If there is no such run: nobody began it, or it was deleted.
    """
    session = desk.session(place)
    if session is None:
        raise NotFound(f"project {place.project!r} has no run {place.run_id!r}")
    teller = RunTeller(place.project, place.run_id)
    spans: list[RawSpan] = list(teller.steps(posted.rows))
    if posted.printed:
        spans.append(teller.printed(posted.printed))
    own = session.environment.get(SOURCE) or {}
    charts = charts_told(own.get("visualize") or {})
    media = logged_media(desk, place, posted.media, charts, posted.problems)
    if media:
        spans.append(teller.media(media, max(each["time_ns"] for each in media)))
    record: dict[str, Any] = {}
    summary = None if posted.summary is None else plain(summary_values(posted.summary))
    if summary is not None:
        record["summary"] = summary
    if posted.problems:
        record["problems"] = posted.problems
    heard_ns = desk.hear(
        place, [row[2] for row in posted.rows] + [line[2] for line in posted.printed]
    )
    if posted.is_complete:
        until_ns = _logged_until(posted, session, heard_ns)
        spans.append(_ended(teller, session, posted.exit_code, record, until_ns))
    elif record or not spans:
        told = record and {"told_ns": time.time_ns(), **record}
        spans.append(teller.word(told or None))
    desk.tell(place, spans, size_bytes)
    if posted.is_complete:
        end_trial_of_run(desk, place, *_outcome(posted.exit_code))
    gone = {} if summary is None else dict.fromkeys(session.row.summary.keys() - summary.keys())
    if gone:
        desk.change(place, {"summary": gone})
    return {"stopped": True} if session.row.stop_requested else {}


def _logged_until(posted: Posted, session: RunSession, heard_ns: int) -> int:
    """When a run that ends was going on last, as far as is known."""
    own = (posted.summary or {}).get("_wandb")
    runtime_s = own.get("runtime") if isinstance(own, dict) else None
    if not isinstance(runtime_s, int | float):
        return heard_ns
    return max(heard_ns, session.started_ns + ns_of(runtime_s))


def _ended(
    teller: RunTeller, session: RunSession, exit_code: int, record: dict[str, Any], until_ns: int
) -> RawSpan:
    now_ns = time.time_ns()
    ended_ns = until_ns if until_ns < now_ns - _LATE_NS else now_ns
    state, error = _outcome(exit_code)
    told = {
        **record,
        "state": state,
        "told_ns": now_ns,
        "started_ns": session.started_ns,
        "ended_ns": max(ended_ns, session.started_ns),
        "error": error,
    }
    return teller.ended(session.row.name, told, error)


def _outcome(exit_code: int) -> tuple[str, str | None]:
    """The state that a run ends in, and why it failed."""
    state = {0: "finished", _INTERRUPTED: "killed"}.get(exit_code, "failed")
    return state, None if state != "failed" else f"the program ended with {exit_code}"
