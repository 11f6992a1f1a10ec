"""Questions about evaluations."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Text, and_, cast, delete, func, or_, select, tuple_

from weave_core.digests import checked_digest
from weave_core.errors import BadRequest, NotFound
from weave_core.model import EvaluatedItem, ItemError, ItemScore, Subject
from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.store.evaluation_tables import EvaluationItemRow, EvaluationRow, ScoreRow
from weave_core.server.store.previews import read_previews
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.runs import find_run
from weave_core.server.store.tables import SpanRow, table_of

__all__ = [
    "FoundEvaluation",
    "compare_evaluations",
    "delete_evaluation",
    "find_baseline",
    "find_evaluation",
    "get_evaluation",
    "list_evaluations",
    "list_items",
]

MAX_COMPARED = 200_000
"""Examples of an evaluation that are summed up or compared in one answer."""
_EVALUATION, _ITEM, _SCORE, _SPAN = (
    table_of(row) for row in (EvaluationRow, EvaluationItemRow, ScoreRow, SpanRow)
)
_MAX_NAMED = 500
"""The longest page; more items are all of an evaluation."""


class FoundEvaluation(NamedTuple):
    """One evaluation: its row and what its span told."""

    row_id: int
    project_id: int
    body: dict[str, Any]


def list_evaluations(
    connection: Connection,
    project: str,
    *,
    name: str | None = None,
    branch: str | None = None,
    state: str | None = None,
    uses: str | None = None,
    run_id: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> dict[str, Any]:
    """The evaluations of a project, newest first.

    Args:
        connection: To read from.
        project: Its name.
        name: Only of this name.
        branch: Only those that were run on this branch.
        state: Only those in this state.
        uses: Only those whose dataset, task or scorer has this digest.
        run_id: Only those that this run began.
        limit: Most items.
        cursor: Where the page before ended.

    Raises:
        BadRequest: If `uses` is no digest.
        NotFound: If there is no such project.
        BadCursor: If the cursor is not of this list.
    """
    project_id = get_project_id(connection, project)
    columns = _EVALUATION.c
    query = select(columns.body, columns.started_ns, columns.id)
    query = query.where(columns.project_id == project_id)
    for column, wanted in ((columns.name, name), (columns.branch, branch), (columns.state, state)):
        if wanted is not None:
            query = query.where(column == wanted)
    if uses is not None:
        # In the text of the record, which nothing but the digests of what it used can hold.
        query = query.where(cast(columns.body, Text).like(f"%{checked_digest(uses)}%"))
    if run_id is not None:
        traces = _traces_of_run(connection, project, project_id, run_id)
        query = query.where(columns.body["trace_id"].as_string().in_(traces))
    if cursor is not None:
        place = decode_cursor(cursor, "evaluations", "-started_ns", types=(int,), tie_type=int)
        query = query.where(tuple_(columns.started_ns, columns.id) < (place.value, place.tie))
    query = query.order_by(columns.started_ns.desc(), columns.id.desc()).limit(limit + 1)
    rows = connection.execute(query).all()
    last = rows[limit - 1] if len(rows) > limit else None
    after = (
        encode_cursor("evaluations", "-started_ns", Place(last.started_ns, last.id))
        if last
        else None
    )
    return {"items": [row.body for row in rows[:limit]], "next_cursor": after}


def _traces_of_run(connection: Connection, project: str, project_id: int, run_id: str) -> list[str]:
    """Ids of the traces in which a run began evaluations; by time, which is indexed."""
    run = find_run(connection, project, run_id)
    query = select(_SPAN.c.trace_id).where(
        _SPAN.c.project_id == project_id,
        _SPAN.c.start_ns >= run.started_ns,
        _SPAN.c.run_id == run_id,
        _SPAN.c.kind == "evaluation",
    )
    if run.ended_ns is not None:
        query = query.where(_SPAN.c.start_ns <= run.ended_ns)
    found = connection.scalars(query.order_by(_SPAN.c.start_ns.desc()).limit(_MAX_NAMED))
    return [each.hex() for each in found]


def find_baseline(connection: Connection, project: str, name: str, wanted: str) -> dict[str, Any]:
    """The evaluation with the id `wanted`, else the last of that name done on that branch or tag.

    Raises:
        NotFound: If there is none.
    """
    project_id = get_project_id(connection, project)
    columns = _EVALUATION.c
    by_id = select(columns.body).where(
        columns.project_id == project_id, columns.evaluation_id == wanted
    )
    found = connection.scalar(by_id)
    if found is not None:
        return dict(found)
    query = select(columns.body, columns.branch).where(
        columns.project_id == project_id, columns.name == name, columns.state == "done"
    )
    for body, branch in connection.execute(query.order_by(columns.started_ns.desc()).limit(1_000)):
        if branch == wanted or wanted in body.get("tags", ()):
            return dict(body)
    raise NotFound(
        f"project {project!r} has no evaluation {name!r} that is done on branch or with tag"
        f" {wanted[:100]!r}, and none of that id",
        "run it there first; an evaluation's branch is that of its git repository",
    )


def get_evaluation(connection: Connection, project: str, evaluation_id: str) -> dict[str, Any]:
    """One evaluation; where it did not end, with the numbers of what has been run.

    Raises:
        NotFound: If there is no such project or evaluation.
    """
    found = find_evaluation(connection, project, evaluation_id)
    if found.body.get("summary") is not None:
        return found.body
    from weave_core.statistics.summaries import summarize  # scipy: half a second, once.

    items = _all_items(connection, found)
    scorers = [Subject.model_validate(each) for each in found.body.get("scorers", ())]
    summary = summarize(items, scorers=scorers).model_dump() if items else None
    return {**found.body, "summary": summary}


def list_items(
    connection: Connection,
    project: str,
    evaluation_id: str,
    *,
    outcome: str | None = None,
    worst_by: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> dict[str, Any]:
    """The examples of an evaluation in the order of its dataset.

    Args:
        connection: To read from.
        project: Its name.
        evaluation_id: Which.
        outcome: Only those that ended so.
        worst_by: A scorer: those that it gave least come first, failed scores before; no pages.
        limit: Most items.
        cursor: Where the page before ended.

    Raises:
        NotFound: If there is no such project or evaluation.
        BadCursor: If the cursor is not of this list.
    """
    found = find_evaluation(connection, project, evaluation_id)
    columns = _ITEM.c
    query = select(_ITEM).where(columns.evaluation_row_id == found.row_id)
    if outcome is not None:
        query = query.where(columns.outcome == outcome)
    if worst_by is not None:
        is_its = and_(
            _SCORE.c.evaluation_row_id == columns.evaluation_row_id,
            _SCORE.c.item == columns.item,
            _SCORE.c.epoch == columns.epoch,
            _SCORE.c.scorer == worst_by,
        )
        query = query.join(_SCORE, is_its)
        query = query.order_by(_SCORE.c.value.is_not(None), _SCORE.c.value)
    elif cursor is not None:
        place = decode_cursor(cursor, "items", "index", types=(int,), tie_type=int)
        query = query.where(tuple_(columns.position, columns.epoch) > (place.value, place.tie))
    query = query.order_by(columns.position, columns.epoch).limit(limit + 1)
    rows = connection.execute(query).all()
    is_more = len(rows) > limit and worst_by is None
    last = rows[limit - 1] if is_more else None
    after = encode_cursor("items", "index", Place(last.position, last.epoch)) if last else None
    previews = _previews(connection, found.project_id, rows[:limit])
    items = [
        {**item.model_dump(exclude_none=True), **previews.get(row.span_id, {})}
        for row, item in zip(
            rows[:limit], _with_scores(connection, found.row_id, rows[:limit]), strict=True
        )
    ]
    return {"items": items, "next_cursor": after}


def compare_evaluations(
    connection: Connection, project: str, candidate: str, baseline: str
) -> dict[str, Any]:
    """How one evaluation differs from another on the items that both have.

    Raises:
        NotFound: If there is no such project or evaluation.
        BadRequest: If one is too large.
    """
    from weave_core.statistics.summaries import compare_items  # As above.

    both = [find_evaluation(connection, project, each) for each in (candidate, baseline)]
    new, old = (_all_items(connection, found) for found in both)
    return compare_items(new, old, ids=(candidate, baseline)).model_dump()


def delete_evaluation(connection: Connection, *, project: str, evaluation_id: str) -> None:
    """Delete an evaluation with its items and scores; its traces stay.

    Raises:
        NotFound: If there is no such project or evaluation.
    """
    found = find_evaluation(connection, project, evaluation_id)
    for table in (_ITEM, _SCORE):
        connection.execute(delete(table).where(table.c.evaluation_row_id == found.row_id))
    connection.execute(delete(_EVALUATION).where(_EVALUATION.c.id == found.row_id))


def find_evaluation(connection: Connection, project: str, evaluation_id: str) -> FoundEvaluation:
    """Its row and what its span told.

    Raises:
        NotFound: If there is no such project or evaluation.
    """
    project_id = get_project_id(connection, project)
    columns = _EVALUATION.c
    query = select(columns.id, columns.project_id, columns.body).where(
        columns.project_id == project_id, columns.evaluation_id == evaluation_id
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"there is no evaluation {evaluation_id[:80]!r} in project {project!r}")
    return FoundEvaluation(row.id, row.project_id, dict(row.body))


def _all_items(connection: Connection, found: FoundEvaluation) -> list[EvaluatedItem]:
    of_evaluation = _ITEM.c.evaluation_row_id == found.row_id
    count = connection.scalar(select(func.count()).where(of_evaluation)) or 0
    if count > MAX_COMPARED:
        raise BadRequest(
            f"evaluation {found.body['evaluation_id']!r} has {count} examples",
            f"up to {MAX_COMPARED} are summed up or compared",
        )
    query = select(_ITEM).where(of_evaluation).order_by(_ITEM.c.position, _ITEM.c.epoch)
    rows = connection.execute(query).all()
    return _with_scores(connection, found.row_id, rows, with_details=False)


def _with_scores(
    connection: Connection, row_id: int, rows: Sequence[Row[Any]], *, with_details: bool = True
) -> list[EvaluatedItem]:
    scores: dict[tuple[str, int], dict[str, ItemScore]] = {}
    # Details are as large as all the rest, and no number is made of them.
    chosen = [each for each in _SCORE.c if with_details or each is not _SCORE.c.detail]
    query = select(*chosen).where(_SCORE.c.evaluation_row_id == row_id)
    names = {row.item for row in rows}
    if len(names) <= _MAX_NAMED:  # Else it is all of them.
        query = query.where(_SCORE.c.item.in_(names))
    for row in connection.execute(query.order_by(_SCORE.c.scorer)):
        scores.setdefault((row.item, row.epoch), {})[row.scorer] = _score(row)
    return [_item(row, scores.get((row.item, row.epoch), {})) for row in rows]


def _score(row: Row[Any]) -> ItemScore:
    return ItemScore(
        value=row.value,
        label=row.label,
        expected=row.expected,
        is_rate=row.is_rate,
        reason=row.reason,
        detail=getattr(row, "detail", None),
        error=_error(row),
    )


def _error(row: Row[Any]) -> ItemError | None:
    if row.error_type is None:
        return None
    return ItemError(type=row.error_type, message=row.error_message or "")


def _item(row: Row[Any], scores: dict[str, ItemScore]) -> EvaluatedItem:
    return EvaluatedItem(
        item=row.item,
        index=row.position,
        epoch=row.epoch,
        outcome=row.outcome,
        error=_error(row),
        latency_ms=row.latency_ms,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost_usd=row.cost_usd,
        cluster=row.cluster,
        slices=row.slices,
        scores=scores,
        is_cached=row.is_cached,
        trace_id=row.trace_id.hex(),
        span_id=row.span_id.hex(),
    )


def _previews(
    connection: Connection, project_id: int, rows: Sequence[Row[Any]]
) -> dict[bytes, dict[str, str | None]]:
    """The beginning of what went in and came out, as long as the spans are kept."""
    if not rows:
        return {}
    columns = _SPAN.c
    query = select(columns.id, columns.span_id).where(
        columns.project_id == project_id,
        or_(
            *(
                and_(columns.trace_id == row.trace_id, columns.span_id == row.span_id)
                for row in rows
            )
        ),
    )
    span_ids = {row.id: row.span_id for row in connection.execute(query)}
    return {
        span_ids[row_id]: {"input_preview": told_in, "output_preview": told_out}
        for row_id, (told_in, told_out) in read_previews(connection, list(span_ids)).items()
    }
