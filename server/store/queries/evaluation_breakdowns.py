"""The spread of an evaluation's scores, read as columns: a hundred thousand are no objects."""

from typing import Any

from sqlalchemy import Connection, func, select

from weave_core.errors import BadRequest
from weave_core.model.breakdowns import EvaluationBreakdown
from weave_core.server.store.evaluation_tables import EvaluationItemRow, ScoreRow
from weave_core.server.store.queries.evaluations import MAX_COMPARED, find_evaluation
from weave_core.server.store.tables import table_of

__all__ = ["read_breakdown"]

_ITEM, _SCORE = table_of(EvaluationItemRow), table_of(ScoreRow)


def read_breakdown(connection: Connection, project: str, evaluation_id: str) -> dict[str, Any]:
    """Distributions by scorer, and means by slice.

    Raises:
        NotFound: If there is no such project or evaluation.
        BadRequest: If it is too large.
    """
    from weave_core.statistics.breakdowns import distribute, summarize_slices  # scipy: late.

    found = find_evaluation(connection, project, evaluation_id)
    of_it = _SCORE.c.evaluation_row_id == found.row_id
    count = connection.scalar(select(func.count()).where(of_it)) or 0
    if count > MAX_COMPARED * 5:
        raise BadRequest(
            f"evaluation {evaluation_id!r} has {count} scores",
            f"up to {MAX_COMPARED * 5} are broken down",
        )
    columns = _SCORE.c
    rows = connection.execute(
        select(
            columns.scorer,
            columns.item,
            columns.value,
            columns.label,
            columns.is_rate,
            columns.error_type,
        ).where(of_it)
    ).all()
    by_scorer: dict[str, list[Any]] = {}
    for row in rows:
        by_scorer.setdefault(row[0], []).append(row)
    distributions = {
        scorer: distribute(
            [row[2] for row in of_scorer if row[2] is not None],
            (row[3] for row in of_scorer if row[3] is not None),
            errors=sum(row[5] is not None for row in of_scorer),
            is_rate=all(row[4] for row in of_scorer if row[5] is None),
        )
        for scorer, of_scorer in sorted(by_scorer.items())
    }
    means = {scorer: _means(of_scorer) for scorer, of_scorer in sorted(by_scorer.items())}
    slices = summarize_slices(_members(connection, found.row_id), means)
    return EvaluationBreakdown(distributions=distributions, slices=slices).model_dump()


def _means(rows: list[Any]) -> dict[str, float]:
    """Mean over epochs, by item."""
    sums: dict[str, tuple[float, int]] = {}
    for row in rows:
        if row[2] is not None:
            total, count = sums.get(row[1], (0.0, 0))
            sums[row[1]] = (total + row[2], count + 1)
    return {item: total / count for item, (total, count) in sums.items()}


def _members(connection: Connection, row_id: int) -> dict[tuple[str, str], set[str]]:
    """Items by column and value of their slices."""
    members: dict[tuple[str, str], set[str]] = {}
    query = select(_ITEM.c.item, _ITEM.c.slices).where(_ITEM.c.evaluation_row_id == row_id)
    for item, slices in connection.execute(query):
        for column, value in (slices or {}).items():
            members.setdefault((column, value), set()).add(item)
    return members
