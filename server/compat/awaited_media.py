"""Media whose files have not come yet: kept with the run, and made into records when they are here.

A client logs a picture in one request and sends its file in another, in either order.  What is
awaited lies among the run's media, under a kind that no reader is shown, so a server that is killed
between the two forgets nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from weave_core.errors import NotFound
from weave_core.foreign_runs.wandb_charts import TABLE_ENDING
from weave_core.foreign_runs.wandb_media import FindFile
from weave_core.model import TableChart
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.kept_files import StoredFile
from weave_core.server.compat.media_records import records_of
from weave_core.server.compat.run_places import RunPlace
from weave_core.server.store.queries.run_files import get_file
from weave_core.server.store.queries.run_media import list_awaited
from weave_core.server.store.run_media import AWAITED, UNREADABLE
from weave_core.server.store.stores import Store

__all__ = ["MediaTold", "logged_media"]

MAX_AWAITED = 500
"""Keys and steps of a run whose files are looked for again at each post of a wandb client."""

MediaTold = tuple[str, int, int, Mapping[str, Any]]
"""Key, step, time in nanoseconds, what the client says of it."""


class _NotHere(Exception):  # No error: it comes.
    """A file has not come yet."""


def logged_media(
    desk: Desk,
    place: RunPlace,
    told: Sequence[MediaTold],
    charts: Mapping[str, Mapping[str, Any]],
    problems: dict[str, str],
) -> list[dict[str, Any]]:
    """What a run logged that is no number, as it is stored; with what was awaited and is here now.

    Args:
        desk: The store and what belongs to it.
        place: The run.
        told: What came now.
        charts: How tables are drawn, by the keys that they were logged under.
        problems: Takes what can't be kept, by key.
    """
    is_awaiting = desk.awaiting.get((place.project, place.run_id), True)
    if not told and not is_awaiting:
        return []
    named = [(_drawn(key, charts), step, time_ns, each) for key, step, time_ns, each in told]
    with desk.store.reading() as connection:
        before = list_awaited(connection, place.project, place.run_id, most=MAX_AWAITED)
        found = [
            *_stored(desk.store, connection, place, named, problems),
            *(
                each
                for each in _stored(desk.store, connection, place, before, problems)
                if each["items"][0]["kind"] != AWAITED
            ),
        ]
    for each in found:
        _draw(each["items"], charts.get(each["key"]))
    still = len(before) >= MAX_AWAITED or len(found) < len(told) + len(before)
    is_left = still or any(each["items"][0]["kind"] == AWAITED for each in found)
    desk.note_awaiting(place, is_awaiting=is_left)
    return found


def _drawn(key: str, charts: Mapping[str, Mapping[str, Any]]) -> str:
    """The key that a table was logged under: the client adds an ending to that of a chart."""
    plain = key.removesuffix(TABLE_ENDING)
    return plain if plain in charts else key


def _draw(items: Sequence[dict[str, Any]], chart: Mapping[str, Any] | None) -> None:
    """Let tables be the chart, where they have its columns."""
    for item in items if chart else ():
        if item.get("kind") == "table":
            told = TableChart.model_validate(chart)
            if set(told.columns) <= set(item["columns"]):
                item["chart"] = told.model_dump(exclude_none=True)


def _stored(
    store: Store,
    connection: Connection,
    place: RunPlace,
    told: Sequence[MediaTold],
    problems: dict[str, str],
) -> list[dict[str, Any]]:
    find = _finder(store, connection, place)
    found = []
    for key, step, time_ns, each in told:
        try:
            items = records_of(store, key, each, find, problems.setdefault)
        except _NotHere:
            items = [{"kind": AWAITED, "told": dict(each)}]
        # What can't be read takes the place of what was awaited, and is shown to nobody either.
        kept = items or [{"kind": UNREADABLE}]
        found.append({"key": key, "step": step, "time_ns": time_ns, "items": kept})
    return found


def _finder(store: Store, connection: Connection, place: RunPlace) -> FindFile:
    def find(name: str) -> StoredFile:
        try:
            told = get_file(connection, place.project, place.run_id, name)
        except NotFound as error:
            raise _NotHere(name) from error
        return StoredFile(store, name, told["digest"], told["size_bytes"])

    return find
