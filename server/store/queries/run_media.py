"""Questions about media of runs: which there are, and those of some keys at some steps."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, select

from weave_core.server.store.queries.runs import find_run
from weave_core.server.store.run_media import AWAITED, HIDDEN, opened_items
from weave_core.server.store.run_tables import RunMediaRow
from weave_core.server.store.tables import table_of

__all__ = ["MAX_MEDIA_PAGE", "list_awaited", "list_media", "list_media_keys"]

MAX_MEDIA_PAGE = 1_000
"""Keys and steps with media of one answer."""
MAX_MEDIA_KEYS = 1_000
"""Keys with media of a run that an answer lists."""
MAX_MEDIA_STEPS_LISTED = 2_000
"""Steps with media that an answer lists, evenly chosen where there are more."""
_MEDIA = table_of(RunMediaRow)
_SHOWN = (
    *(_MEDIA.c.key, _MEDIA.c.step, _MEDIA.c.rank),
    *(_MEDIA.c.time_ns, _MEDIA.c.kind, _MEDIA.c.body),
)


def list_media_keys(connection: Connection, project: str, run_id: str) -> dict[str, Any]:
    """The keys of a run with media, and the steps that have some.

    Raises:
        NotFound: If there is no such project or run.
    """
    row_id = find_run(connection, project, run_id).id
    of_run = and_(_MEDIA.c.run_row_id == row_id, _MEDIA.c.kind.not_in(HIDDEN))
    counted = select(
        _MEDIA.c.key,
        func.max(_MEDIA.c.kind).label("kind"),
        func.count().label("count"),
        func.min(_MEDIA.c.step).label("first_step"),
        func.max(_MEDIA.c.step).label("last_step"),
    ).where(of_run)
    keys = connection.execute(
        counted.group_by(_MEDIA.c.key).order_by(_MEDIA.c.key).limit(MAX_MEDIA_KEYS)
    )
    listed = select(_MEDIA.c.step).where(of_run).distinct().order_by(_MEDIA.c.step)
    steps = list(connection.scalars(listed))
    return {
        "items": [dict(row) for row in keys.mappings()],
        "steps": _evenly(steps, MAX_MEDIA_STEPS_LISTED),
    }


def list_media(
    connection: Connection,
    project: str,
    run_id: str,
    *,
    keys: Sequence[str],
    at: int | None,
    most: int,
    after: int | None,
    is_sampled: bool,
) -> dict[str, Any]:
    """What was logged, by step, key and rank.

    Args:
        connection: To read from.
        project: Its name.
        run_id: Which run.
        keys: Which; none: all.
        at: Of each key and rank only the last at this step or before it.
        most: At most so many.
        after: Only behind this step.
        is_sampled: Evenly chosen steps, where one key has more than that.

    Raises:
        NotFound: If there is no such project or run.
    """
    row_id = find_run(connection, project, run_id).id
    chosen = [_MEDIA.c.run_row_id == row_id, _MEDIA.c.kind.not_in(HIDDEN)]
    if keys:
        chosen.append(_MEDIA.c.key.in_(keys))
    if after is not None:
        chosen.append(_MEDIA.c.step > after)
    query = select(*_SHOWN).where(*chosen)
    if at is not None:
        latest = (
            select(_MEDIA.c.key, _MEDIA.c.rank, func.max(_MEDIA.c.step).label("step"))
            .where(*chosen, _MEDIA.c.step <= at)
            .group_by(_MEDIA.c.key, _MEDIA.c.rank)
            .subquery()
        )
        query = query.join(
            latest,
            (latest.c.key == _MEDIA.c.key)
            & (latest.c.rank == _MEDIA.c.rank)
            & (latest.c.step == _MEDIA.c.step),
        )
    elif is_sampled and len(keys) == 1:
        steps = list(connection.scalars(select(_MEDIA.c.step).where(*chosen).distinct()))
        if len(steps) > most:
            query = query.where(_MEDIA.c.step.in_(_evenly(sorted(steps), most)))
    query = query.order_by(_MEDIA.c.step, _MEDIA.c.key, _MEDIA.c.rank).limit(most)
    items = [
        {
            "run_id": run_id,
            "key": row.key,
            "step": row.step,
            "rank": row.rank,
            "time_ns": row.time_ns,
            "kind": row.kind,
            "items": opened_items(bytes(row.body)),
        }
        for row in connection.execute(query)
    ]
    return {"items": items, "next_cursor": None}


def list_awaited(
    connection: Connection, project: str, run_id: str, *, most: int
) -> list[tuple[str, int, int, dict[str, Any]]]:
    """Media whose files have not come: key, step, time, and what was said of each.

    Raises:
        NotFound: If there is no such project or run.
    """
    row_id = find_run(connection, project, run_id).id
    query = select(*_SHOWN).where(_MEDIA.c.run_row_id == row_id, _MEDIA.c.kind == AWAITED)
    return [
        (row.key, row.step, row.time_ns, opened_items(bytes(row.body))[0]["told"])
        for row in connection.execute(query.order_by(_MEDIA.c.step).limit(most))
    ]


def _evenly(steps: list[int], most: int) -> list[int]:
    """So many of `steps`, the first and the last among them."""
    if len(steps) <= most:
        return steps
    return [steps[place * (len(steps) - 1) // (most - 1)] for place in range(most)]
