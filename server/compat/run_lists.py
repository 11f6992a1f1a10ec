"""Runs of a project as clients look for them: filters and orders of theirs, asked of ours."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from weave_core.errors import BadFilter, NotFound
from weave_core.foreign_runs.wandb_filters import fits, ordered_by
from weave_core.model import Run
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.json_texts import read_object
from weave_core.server.compat.pages import page_info, read_place
from weave_core.server.compat.run_conditions import RunCondition, run_condition
from weave_core.server.store.queries import runs as questions

__all__ = ["count_runs", "runs_page"]

MAX_SEARCHED_RUNS = 10_000
"""Runs of a project that a pattern of a wandb client is held against, of those that the rest of its
filter lets through, in its order."""
MAX_LISTED_RUNS = 500
"""Runs of one answer to a wandb client."""
MAX_PATTERN = 200
"""Characters of a regular expression in a filter of a wandb client."""
_QUANTIFIER = re.compile(r"(?<!\\)[*+?{]")
_OF_GROUP = re.compile(r"[)\]][*+?{]|\\[1-9]|\(\?")
_MAX_QUANTIFIERS = 2


def count_runs(desk: Desk, project: str, filters: object) -> int:
    """How many runs are as a filter says."""
    wanted = _wanted(filters)
    if wanted.rest is not None:
        return sum(1 for _ in _found(desk, project, wanted, None))
    with desk.store.reading() as connection:
        try:
            return questions.count_runs(connection, project, wanted.column)
        except NotFound:
            return 0


def runs_page(
    desk: Desk, project: str, told: Mapping[str, Any], node_of: Callable[[str], Any]
) -> dict[str, Any]:
    """A page of the runs of a project.

    Args:
        desk: The store and what belongs to it.
        project: Its name.
        told: `filters`, `order`, `first`, `after`.
        node_of: Makes what is told of a run, by its id.

    Raises:
        BadFilter: If a filter or order is none that is known.
    """
    wanted = _wanted(told.get("filters"))
    most = max(1, min(int(told.get("first") or 50), MAX_LISTED_RUNS))
    if wanted.rest is None:
        cursor = str(told["after"]) if told.get("after") else None
        page = _listed(desk, project, wanted, told.get("order"), most=most, cursor=cursor)
        shown = [each["run_id"] for each in page["items"]]
        end = page["next_cursor"]
        has_next = end is not None
    else:
        begin = read_place(told.get("after"))
        of_all = _found(desk, project, wanted, told.get("order"))
        found = [run.run_id for run in islice(of_all, begin + most + 1)]
        shown = found[begin : begin + most]
        end, has_next = str(begin + len(shown)), len(found) > begin + most
    return {
        "totalCount": lambda _: count_runs(desk, project, told.get("filters")),
        "edges": [{"node": node_of(run_id), "cursor": end} for run_id in shown],
        "pageInfo": page_info(end, has_next=has_next),
    }


def _wanted(filters: object) -> RunCondition:
    wanted = read_object(filters) if isinstance(filters, str) else {}
    _check_patterns(wanted)
    return run_condition(wanted)


def _found(desk: Desk, project: str, wanted: RunCondition, order: object) -> Iterator[Run]:
    """Runs that are as a filter says of which not all can be asked of the database."""
    cursor: str | None = None
    for _ in range(MAX_SEARCHED_RUNS // MAX_LISTED_RUNS):
        page = _listed(desk, project, wanted, order, most=MAX_LISTED_RUNS, cursor=cursor)
        for item in page["items"]:
            run = Run.model_validate(item)
            if fits(run, wanted.rest):
                yield run
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _listed(
    desk: Desk,
    project: str,
    wanted: RunCondition,
    order: object,
    *,
    most: int,
    cursor: str | None,
) -> dict[str, Any]:
    # The first of several is the one that matters.
    order_by = ordered_by(str(order).split(",")[0] if order else None)
    with desk.store.reading() as connection:
        try:
            return questions.list_runs(
                connection,
                project,
                order_by=order_by,
                limit=most,
                cursor=cursor,
                also=wanted.column,
            )
        except NotFound:
            return {"items": [], "next_cursor": None}


def _check_patterns(wanted: Any) -> None:
    """Refuse regular expressions that could keep the server busy for ever."""
    if isinstance(wanted, list):
        for each in wanted:
            _check_patterns(each)
        return
    if not isinstance(wanted, dict):
        return
    for key, value in wanted.items():
        if key != "$regex":
            _check_patterns(value)
            continue
        text = str(value)
        is_long = len(text) > MAX_PATTERN or len(_QUANTIFIER.findall(text)) > _MAX_QUANTIFIERS
        try:
            re.compile(text)
        except re.error as error:
            raise BadFilter(f"{text[:100]!r} is no regular expression: {error}") from error
        if is_long or _OF_GROUP.search(text):
            raise BadFilter(
                f"the regular expression {text[:100]!r} could take for ever",
                f"at most {_MAX_QUANTIFIERS} of * + ? {{}}, and none behind a group",
            )
