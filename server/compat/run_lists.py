"""Runs of a project as clients look for them: filters and orders of theirs, asked of ours."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from weave_core.errors import BadFilter, NotFound
from weave_core.foreign_runs.wandb_filters import fits, ordered_by
from weave_core.model import Run
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.json_texts import read_object
from weave_core.server.compat.pages import page_info, read_place
from weave_core.server.store.queries.runs import list_runs

__all__ = ["count_runs", "runs_page"]

MAX_SEARCHED_RUNS = 10_000
"""Runs of a project that one question of a wandb client looks through, in its order."""
MAX_LISTED_RUNS = 500
"""Runs of one answer to a wandb client."""
MAX_PATTERN = 200
"""Characters of a regular expression in a filter of a wandb client."""
_QUANTIFIER = re.compile(r"(?<!\\)[*+?{]")
_OF_GROUP = re.compile(r"[)\]][*+?{]|\\[1-9]|\(\?")
_MAX_QUANTIFIERS = 2


def count_runs(desk: Desk, project: str, filters: object) -> int:
    """How many runs are as a filter says."""
    return sum(1 for _ in _found(desk, project, filters, None))


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
    begin = read_place(told.get("after"))
    most = max(1, min(int(told.get("first") or 50), MAX_LISTED_RUNS))
    found: list[str] = []
    for run in _found(desk, project, told.get("filters"), told.get("order")):
        found.append(run.run_id)
        if len(found) > begin + most:
            break
    shown = found[begin : begin + most]
    end = begin + len(shown)
    return {
        "totalCount": lambda _: count_runs(desk, project, told.get("filters")),
        "edges": [
            {"node": node_of(run_id), "cursor": str(begin + number + 1)}
            for number, run_id in enumerate(shown)
        ],
        "pageInfo": page_info(str(end), has_next=len(found) > end),
    }


def _found(desk: Desk, project: str, filters: object, order: object) -> Iterator[Run]:
    wanted = read_object(filters) if isinstance(filters, str) else {}
    _check_patterns(wanted)
    # The first of several is the one that matters.
    order_by = ordered_by(str(order).split(",")[0] if order else None)
    cursor: str | None = None
    for _ in range(MAX_SEARCHED_RUNS // MAX_LISTED_RUNS):
        with desk.store.reading() as connection:
            try:
                page = list_runs(
                    connection, project, order_by=order_by, limit=MAX_LISTED_RUNS, cursor=cursor
                )
            except NotFound:
                return
        for item in page["items"]:
            run = Run.model_validate(item)
            if fits(run, wanted):
                yield run
        cursor = page["next_cursor"]
        if cursor is None:
            return


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
