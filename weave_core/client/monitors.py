"""Monitors over HTTP: made, read and steered, and what a worker takes and tells."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from weave_core.client.connection import Connection, root_of
from weave_core.model import (
    Distribution,
    LostItems,
    Monitor,
    MonitorBeat,
    MonitorChanges,
    MonitorClaim,
    MonitorProblem,
    MonitorResult,
    MonitorScore,
    MonitorStats,
    MonitorTake,
    MonitorTellings,
    NewBackfill,
    NewMonitor,
    Page,
)

__all__ = ["MonitorCalls"]


class MonitorCalls(Connection):
    """Monitors over HTTP."""

    def list_monitors(self, project: str | None = None) -> list[Monitor]:
        """The monitors of a project by name; None: those of all projects."""
        path = "/api/monitors" if project is None else f"{root_of(project)}/monitors"
        return self._page(Monitor, path, {}).items

    def get_monitor(self, project: str, name: str) -> Monitor:
        """One monitor: its definition, how far it is, what it takes.

        Raises:
            NotFound: If the project or the monitor does not exist.
        """
        return Monitor.model_validate(self._get(_path(project, name)))

    def add_monitor(self, project: str, monitor: NewMonitor) -> Monitor:
        """Make a monitor, or a new version of the one of that name; what is scored stays scored.

        Raises:
            BadFilter: If its filter is wrong, with the position.
            BadRequest: If there are too many monitors.
        """
        given = monitor.model_dump(mode="json")
        answer = self._send("POST", f"{root_of(project)}/monitors", json=given)
        return Monitor.model_validate(answer.json())

    def change_monitor(self, project: str, name: str, changes: MonitorChanges) -> Monitor:
        """Pause or resume a monitor.

        Raises:
            NotFound: If the project or the monitor does not exist.
        """
        given = changes.model_dump(exclude_unset=True)
        return Monitor.model_validate(self._send("PATCH", _path(project, name), json=given).json())

    def delete_monitor(self, project: str, name: str) -> None:
        """Delete a monitor with its scores; the versions of its definition stay as objects.

        Raises:
            NotFound: If the project or the monitor does not exist.
        """
        self._send("DELETE", _path(project, name))

    def backfill_monitor(self, project: str, name: str, asked: NewBackfill) -> Monitor:
        """Score what was there before, when there is nothing newer to score.

        Raises:
            NotFound: If the project or the monitor does not exist.
            BadRequest: If it ends before it begins.
        """
        path = f"{_path(project, name)}/backfill"
        return Monitor.model_validate(self._send("POST", path, json=asked.model_dump()).json())

    def list_monitor_scores(
        self,
        project: str,
        name: str,
        *,
        score: str | None = None,
        is_error: bool | None = None,
        order_by: str = "-started_ns",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[MonitorScore]:
        """A page of what a monitor said of spans.

        Args:
            project: Its project.
            name: Of the monitor.
            score: Only those of this name.
            is_error: Only errors, or only what is none.
            order_by: `-started_ns`, `value` (the worst first) or `-value`.
            limit: Most items.
            cursor: `next_cursor` of the page before.

        Raises:
            NotFound: If the project or the monitor does not exist.
        """
        query: dict[str, Any] = {"score": score, "order_by": order_by, "limit": limit}
        query |= {"cursor": cursor, "is_error": is_error}
        return self._page(MonitorScore, f"{_path(project, name)}/scores", query)

    def list_monitor_stats(
        self,
        project: str,
        name: str,
        *,
        score: str | None = None,
        bucket: str | None = None,
        from_ns: int | None = None,
        to_ns: int | None = None,
    ) -> list[MonitorStats]:
        """Counts, errors and means with intervals, of spans by when they began.

        Args:
            project: Its project.
            name: Of the monitor.
            score: Only those of this name.
            bucket: Width in time, such as `1h`; None: all in one.
            from_ns: First start time of a span.
            to_ns: Start time from which on none counts.

        Raises:
            NotFound: If the project or the monitor does not exist.
            BadRequest: If there would be too many rows.
        """
        query: dict[str, Any] = {"score": score, "bucket": bucket}
        query |= {"from_ns": from_ns, "to_ns": to_ns}
        return self._page(MonitorStats, f"{_path(project, name)}/stats", query).items

    def get_monitor_spread(
        self, project: str, name: str, *, from_ns: int | None = None, to_ns: int | None = None
    ) -> dict[str, Distribution]:
        """How each score of a monitor is spread, by name.

        Raises:
            NotFound: If the project or the monitor does not exist.
        """
        found = self._get(f"{_path(project, name)}/spread", {"from_ns": from_ns, "to_ns": to_ns})
        return {key: Distribution.model_validate(each) for key, each in found.items()}

    def take_items(self, asked: MonitorTake) -> MonitorClaim:
        """Spans for a worker to score; they are its own until its lease ends."""
        answer = self._send("POST", "/api/monitors/take", json=asked.model_dump())
        return MonitorClaim.model_validate(answer.json())

    def beat_items(self, worker: str, lease_s: float) -> None:
        """Say that a worker still works on what it has."""
        said = MonitorBeat(worker=worker, lease_s=lease_s)
        self._send("POST", "/api/monitors/beat", json=said.model_dump())

    def tell_items(self, results: Sequence[MonitorResult]) -> LostItems:
        """Say what came of spans; told twice, it counts once."""
        told = MonitorTellings(results=list(results)).model_dump(mode="json")
        return LostItems.model_validate(self._send("POST", "/api/monitors/tell", json=told).json())

    def tell_monitor_problem(self, project: str, name: str, problem: MonitorProblem) -> None:
        """Say why a worker can't score for a monitor.

        Raises:
            NotFound: If the project or the monitor does not exist.
        """
        self._send("POST", f"{_path(project, name)}/problem", json=problem.model_dump())


def _path(project: str, name: str) -> str:
    return f"{root_of(project)}/monitors/{quote(name, safe='')}"
