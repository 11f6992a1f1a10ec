"""Filters of `wandb.Api().runs` as conditions that the database looks at.

What has no such condition, a pattern above all, is left over, to be held against each run that the
rest of the filter lets through.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Boolean, ColumnElement, and_, false, func, not_, or_, select, true

from weave_core.errors import BadFilter
from weave_core.foreign_runs.wandb_filters import SUMMARY_WORDS
from weave_core.server.filters import RUNS, compile_filter
from weave_core.server.filters.vocabularies import RUN
from weave_core.server.store.queries.sweeps import SWEEP, TRIAL

__all__ = ["RunCondition", "run_condition"]

_FIELDS = {
    "name": "run_id",
    "id": "run_id",
    "displayName": "name",
    "display_name": "name",
    "state": "state",
    "group": "group_name",
    "jobType": "job_type",
    "job_type": "job_type",
    "notes": "notes",
    "description": "notes",
}
_TIMES = {
    "createdAt": "started_at",
    "created_at": "started_at",
    "heartbeatAt": "heartbeat_at",
    "heartbeat_at": "heartbeat_at",
}
_COMPARED = {"$eq": "=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_SWEEP = "sweep"


class RunCondition(NamedTuple):
    """What a filter comes to."""

    column: ColumnElement[bool] | None
    """Of all runs that it lets through, and where there is a rest of others too; None: of all."""
    rest: Mapping[str, Any] | None
    """What is to be held against each of these; None: nothing."""


def run_condition(wanted: Mapping[str, Any]) -> RunCondition:
    """The condition of a filter.

    Raises:
        BadFilter: If a sweep is named where it can't be looked for.
    """
    return _all([_one(key, value) for key, value in wanted.items()])


def _all(parts: Sequence[RunCondition]) -> RunCondition:
    columns = [part.column for part in parts if part.column is not None]
    rests = [part.rest for part in parts if part.rest is not None]
    return RunCondition(
        and_(true(), *columns) if columns else None, {"$and": rests} if rests else None
    )


def _one(key: str, value: Any) -> RunCondition:
    left = RunCondition(None, {key: value})
    if key == "$and" and isinstance(value, list):
        return _all([run_condition(each) for each in value])
    if key in {"$or", "$nor", "$not"}:
        listed = value if isinstance(value, list) else [value]
        parts = [run_condition(each) for each in listed]
        if any(part.rest is not None for part in parts):
            _refuse_sweep(value)
            return left
        found = or_(false(), *(true() if part.column is None else part.column for part in parts))
        return RunCondition(found if key == "$or" else not_(found), None)
    if not _is_test(value):
        value = {"$eq": value}
    parts = [_tested(key, word, operand) for word, operand in value.items()]
    if key == _SWEEP and any(part.rest is not None for part in parts):
        raise BadFilter("runs are found by the names of sweeps", "give $eq, $ne, $in or $nin")
    return _all(parts)


def _refuse_sweep(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            _refuse_sweep(each)
    elif isinstance(value, dict):
        if _SWEEP in value:
            raise BadFilter("a sweep can't stand beside a pattern within $or or $not")
        for each in value.values():
            _refuse_sweep(each)


def _is_test(value: Any) -> bool:
    return isinstance(value, dict) and any(str(word).startswith("$") for word in value)


def _tested(key: str, word: str, operand: Any) -> RunCondition:
    left = RunCondition(None, {key: {word: operand}})
    try:
        found = _column(key, word, operand)
    except BadFilter:  # It is none of the filter language, as a state that no run can have.
        found = None
    return left if found is None else RunCondition(found, None)


def _column(key: str, word: str, operand: Any) -> ColumnElement[bool] | None:
    """The condition of one word; None where there is none."""
    if word == "$not":
        parts = [_tested(key, *each) for each in operand.items()] if _is_test(operand) else []
        inner = _all(parts)
        return None if inner.rest is not None or inner.column is None else not_(inner.column)
    if word in {"$ne", "$nin"}:
        found = _column(key, "$eq" if word == "$ne" else "$in", operand)
        return None if found is None else not_(found)
    if word == "$in" and isinstance(operand, list):
        each_of = [_column(key, "$eq", each) for each in operand]
        columns = [each for each in each_of if each is not None]
        return or_(false(), *columns) if len(columns) == len(each_of) else None
    if key == _SWEEP:
        return _of_sweep(operand) if word == "$eq" and isinstance(operand, str) else None
    return _said(_text_of(key, word, operand))


def _text_of(key: str, word: str, operand: Any) -> str | None:
    """The condition of one word in the filter language; None where it has none."""
    if key == "tags":
        return f"has(tags, {_text(operand)})" if (word, type(operand)) == ("$eq", str) else None
    name = _name(key)
    if name is None:
        return None
    if word == "$exists":
        return f"{name} is {'not ' if operand else ''}null"
    if operand is None and word == "$eq":
        return f"{name} is null"
    told = _literal(key, operand)
    sign = _COMPARED.get(word)
    return None if told is None or sign is None else f"{name} {sign} {told}"


def _name(key: str) -> str | None:
    """What the filter language calls a key."""
    if key in _FIELDS or key in _TIMES:
        return _FIELDS.get(key) or _TIMES[key]
    if key == "duration":
        return "duration_ms"
    head, _, rest = key.partition(".")
    if head == "config" and rest:
        words = rest.removesuffix(".value").split(".")
        path = [words[0], *words[2:]] if words[1:2] == ["value"] else words
        return f"config[{_text('.'.join(path))}]"
    return f"metrics[{_text(rest)}]" if head in SUMMARY_WORDS and rest else None


def _literal(key: str, value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value * 1_000 if key == "duration" else value)
    if not isinstance(value, str):
        return None
    if key in _TIMES:
        try:
            stamp = datetime.fromisoformat(value)
        except ValueError:
            return None
        return _text(value if stamp.tzinfo else f"{value}Z")
    return _text(value)


def _text(value: str) -> str:
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def _said(text: str | None) -> ColumnElement[bool] | None:
    """A condition of the filter language; what is not known is not so."""
    found = None if text is None else compile_filter(text, RUNS)
    return None if found is None else func.coalesce(found, false(), type_=Boolean())


def _of_sweep(name: str) -> ColumnElement[bool]:
    of_run = (TRIAL.c.run_id == RUN.c.run_id, SWEEP.c.project_id == RUN.c.project_id)
    query = select(TRIAL.c.id).join(SWEEP, SWEEP.c.id == TRIAL.c.sweep_row_id)
    return query.where(*of_run, SWEEP.c.sweep_id == name).correlate(RUN).exists()
