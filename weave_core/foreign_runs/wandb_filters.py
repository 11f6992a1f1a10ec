"""The filters and orders of `wandb.Api().runs`: MongoDB's conditions, asked of runs of ours."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from weave_core.errors import BadFilter
from weave_core.model import Run

__all__ = ["SUMMARY_WORDS", "fits", "moment", "ordered_by"]

SUMMARY_WORDS = frozenset({"summary", "summary_metrics", "summaryMetrics"})

_FIELDS: dict[str, Callable[[Run], Any]] = {
    "name": lambda run: run.run_id,
    "displayName": lambda run: run.name,
    "state": lambda run: run.state,
    "group": lambda run: run.group,
    "jobType": lambda run: run.job_type,
    "tags": lambda run: run.tags,
    "notes": lambda run: run.notes,
    "description": lambda run: run.notes,
    "sweep": lambda run: run.group,
    "createdAt": lambda run: moment(run.started_ns),
    "heartbeatAt": lambda run: moment(run.heartbeat_ns),
    "duration": lambda run: None if run.duration_ms is None else run.duration_ms / 1e3,
}
_ALSO = {"id": "name", "display_name": "displayName", "job_type": "jobType",
         "created_at": "createdAt", "heartbeat_at": "heartbeatAt"}  # fmt: skip


def _is(found: Any, wanted: Any) -> bool:
    if isinstance(found, list) and not isinstance(wanted, list):
        return wanted in found
    return bool(found == wanted)


def _matches(found: Any, wanted: Any) -> bool:
    texts = found if isinstance(found, list) else [found]
    return any(isinstance(text, str) and re.search(wanted, text) for text in texts)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": _is,
    "$ne": lambda found, wanted: not _is(found, wanted),
    "$gt": lambda found, wanted: found > wanted,
    "$gte": lambda found, wanted: found >= wanted,
    "$lt": lambda found, wanted: found < wanted,
    "$lte": lambda found, wanted: found <= wanted,
    "$in": lambda found, wanted: any(_is(found, each) for each in wanted),
    "$nin": lambda found, wanted: not any(_is(found, each) for each in wanted),
    "$exists": lambda found, wanted: (found is not None) == bool(wanted),
    "$regex": _matches,
    "$contains": lambda found, wanted: wanted in found,
    "$not": lambda found, wanted: not _holds(found, wanted),
}


def moment(time_ns: int) -> str:
    """A time as wandb writes it: ISO 8601, UTC, whole seconds."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fits(run: Run, filters: Mapping[str, Any] | None) -> bool:
    """Whether a run is as the filter says.

    Raises:
        BadFilter: If a word of it is none that is known.
    """
    return all(_one(run, key, wanted) for key, wanted in (filters or {}).items())


def _one(run: Run, key: str, wanted: Any) -> bool:
    if key == "$and":
        return all(fits(run, each) for each in wanted)
    if key == "$or":
        return any(fits(run, each) for each in wanted)
    if key in {"$not", "$nor"}:
        parts = [wanted] if isinstance(wanted, Mapping) else wanted
        return not any(fits(run, each) for each in parts)
    return _holds(_value(run, key), wanted)


def _holds(found: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping) or not any(str(word).startswith("$") for word in wanted):
        return _is(found, wanted)
    for word, operand in wanted.items():
        test = _TESTS.get(word)
        if test is None:
            raise BadFilter(f"a filter has {word!r}", f"give one of {', '.join(_TESTS)}")
        try:
            if not test(found, operand):
                return False
        except TypeError:  # A value that is missing, or of another kind, is not larger than one.
            return False
    return True


def _value(run: Run, key: str) -> Any:
    """What a run has under a key such as `config.lr.value` or `summary_metrics.loss`."""
    name = _ALSO.get(key, key)
    if name in _FIELDS:
        return _FIELDS[name](run)
    head, _, rest = key.partition(".")
    if head == "config":
        path = rest.removesuffix(".value")
        return run.config.get(path, _inside(run.config, path.split(".")))
    if head in SUMMARY_WORDS:
        return run.summary.get(rest)
    raise BadFilter(
        f"a filter or an order has {key!r}",
        f"give {', '.join(_FIELDS)}, config.KEY or summary_metrics.KEY",
    )


def _inside(place: Any, words: list[str]) -> Any:
    for word in words:
        if isinstance(place, Mapping) and word == "value" and "value" not in place:
            continue  # wandb's `config.model.value.depth`.
        place = place.get(word) if isinstance(place, Mapping) else None
    return place


def ordered_by(order: str | None) -> str:
    """Wandb's order, such as `-summary_metrics.loss`, as one that the server knows."""
    text = order or "+created_at"
    sign, key = ("-" if text.startswith("-") else ""), text.lstrip("+-")
    head, _, rest = key.partition(".")
    if head == "config":
        return f"{sign}config[{rest.removesuffix('.value')!r}]"
    if head in SUMMARY_WORDS:
        return f"{sign}metrics[{rest!r}]"
    known = {"created_at": "started_ns", "createdAt": "started_ns", "name": "run_id",
             "display_name": "name", "displayName": "name", "state": "state",
             "heartbeat_at": "heartbeat_ns", "heartbeatAt": "heartbeat_ns",
             "duration": "duration_ms"}  # fmt: skip
    if key not in known:
        raise BadFilter(
            f"an order {order!r}", f"give {', '.join(known)}, config.KEY or summary_metrics.KEY"
        )
    return f"{sign}{known[key]}"
