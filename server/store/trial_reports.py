"""How far trials were at the rungs of a sweep, by which they are held against each other."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from weave_core.server.store.queries.sweeps import FoundSweep, find_sweep, find_trial
from weave_core.server.store.queries.trial_values import read_curve
from weave_core.server.store.sweep_tables import TrialReportRow
from weave_core.server.store.tables import table_of
from weave_core.server.sweeps.configs import SweepConfig, read_config
from weave_core.server.sweeps.early_stops import Report, judge, reports_of

__all__ = ["add_reports", "forget_reports", "read_reports", "reason_to_stop"]

_REPORT = table_of(TrialReportRow)


def read_reports(
    connection: Connection, project: str, sweep_id: str, number: int
) -> dict[int, Report]:
    """How far a trial is at each rung that it has passed; nothing where nobody is stopped early.

    Raises:
        NotFound: If there is no such project, sweep or trial.
    """
    sweep = find_sweep(connection, project, sweep_id)
    config = read_config(sweep.config)
    if config.early_stop is None or config.metric is None:
        return {}
    trial = find_trial(connection, sweep, number)
    sign = -1.0 if config.metric.is_maximized else 1.0
    curve = read_curve(connection, project, trial.run_id, config.metric)
    return reports_of([sign * value for value in curve], config.early_stop.rungs)


def add_reports(
    connection: Connection, sweep: FoundSweep, trial_row_id: int, reports: Mapping[int, Report]
) -> None:
    """Keep reports of a trial; those of rungs that it has told before stay as they are."""
    query = select(_REPORT.c.rung).where(_REPORT.c.trial_row_id == trial_row_id)
    known = set(connection.execute(query).scalars())
    rows = [
        {
            "trial_row_id": trial_row_id,
            "rung": rung,
            "sweep_row_id": sweep.id,
            "best": report.best,
            "mean": report.mean,
        }
        for rung, report in reports.items()
        if rung not in known
    ]
    if rows:
        connection.execute(insert(_REPORT), rows)


def forget_reports(connection: Connection, trial_row_id: int) -> None:
    """Forget how far an attempt was that is begun anew."""
    connection.execute(delete(_REPORT).where(_REPORT.c.trial_row_id == trial_row_id))


def reason_to_stop(
    connection: Connection,
    sweep: FoundSweep,
    config: SweepConfig,
    trial_row_id: int,
    reports: Mapping[int, Report],
) -> str | None:
    """Why a trial is not worth going on with; None: it is."""
    if config.early_stop is None or not reports:
        return None
    query = select(_REPORT.c.rung, _REPORT.c.best, _REPORT.c.mean).where(
        _REPORT.c.sweep_row_id == sweep.id,
        _REPORT.c.rung.in_(list(reports)),
        _REPORT.c.trial_row_id != trial_row_id,
    )
    others: dict[int, list[Report]] = {}
    for rung, best, mean in connection.execute(query):
        others.setdefault(rung, []).append(Report(best, mean))
    return judge(config.early_stop, reports, others)
