"""Scorers of outputs that have a form: numbers, JSON, SQL."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema
import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.optimizer import normalize_identifiers, simplify

from weave_core.evals.scorers.contract import Scorer, expected_of, text_of
from weave_core.evals.scores import Score

__all__ = ["JsonMatches", "JsonSchema", "Numeric", "SqlMatches", "fenced"]

_FENCE = re.compile(r"```(?:json|python|py|sql)?\s*\n(.*?)```", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_MAX_SHOWN = 300


def fenced(output: Any) -> str:
    """The text of an output, out of its fence where a model put it into one."""
    text = text_of(output)
    found = _FENCE.search(text)
    return (found[1] if found else text).strip()


def _parsed(output: Any) -> Any:
    return json.loads(fenced(output)) if isinstance(output, str) else output


@dataclass(frozen=True, kw_only=True)
class Numeric(Scorer):
    """Whether the last number in the output is the expected one, within a tolerance.

    Formula: |output - expected| <= max(relative * |expected|, absolute).  Range: true or false.
    """

    name: str = "numeric"
    column: str = "expected"
    relative: float = 1e-6
    absolute: float = 0.0

    def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output."""
        wanted = float(expected_of(row, self.column))
        if isinstance(output, int | float) and not isinstance(output, bool):
            told = float(output)
        else:
            found = _NUMBER.findall(text_of(output))
            if not found:
                return Score(False, reason="there is no number in it")
            told = float(found[-1].replace(",", ""))
        is_near = math.isclose(told, wanted, rel_tol=self.relative, abs_tol=self.absolute)
        return Score(is_near, reason=None if is_near else f"found {told:g}")


@dataclass(frozen=True, kw_only=True)
class JsonSchema(Scorer):
    """Whether the output is JSON, and as a schema says where one is given.

    Range: true or false; the reason names the place that is wrong.

    Source: JSON Schema 2020-12; `jsonschema`.
    """

    name: str = "json_schema"
    schema: dict[str, Any] = field(default_factory=dict)

    def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output."""
        del row
        try:
            jsonschema.validate(_parsed(output), self.schema)
        except json.JSONDecodeError as error:
            return Score(False, reason=f"no JSON: {error}")
        except jsonschema.ValidationError as error:
            return Score(False, reason=f"{error.json_path}: {error.message}"[:_MAX_SHOWN])
        return Score(True)


@dataclass(frozen=True, kw_only=True)
class JsonMatches(Scorer):
    """How many values of the expected JSON are at their place in the output, and no others.

    Formula: shared / all of the leaves of both, each known by its path and value.  Range: 0 to 1.

    Source: Jaccard 1901, on paths with values.
    """

    name: str = "json_matches"
    column: str = "expected"

    def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output."""
        expected = expected_of(row, self.column)
        try:
            told = set(_leaves(_parsed(output), "$"))
        except json.JSONDecodeError as error:
            return Score(0.0, reason=f"no JSON: {error}")
        wanted = set(_leaves(_parsed(expected), "$"))
        every = told | wanted
        wrong = sorted({path for path, _ in told ^ wanted})
        value = len(told & wanted) / len(every) if every else 1.0
        return Score(value, reason=f"differs at {', '.join(wrong)}"[:_MAX_SHOWN] if wrong else None)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}")
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{number}]")
    else:
        yield path, json.dumps(value, sort_keys=True)


@dataclass(frozen=True, kw_only=True)
class SqlMatches(Scorer):
    """Whether two queries say the same, whatever their spelling.

    Formula: both are parsed, names and case made alike, conditions simplified and brought into one
    order; equal trees are the same query.  Queries that mean the same in another way count as
    different: true is sure, false is not.  Range: true or false.

    Source: `sqlglot.optimizer`.
    """

    name: str = "sql_matches"
    column: str = "expected"
    dialect: str | None = None
    """As sqlglot names it; None: its own."""

    def score(self, output: Any, row: Mapping[str, Any]) -> Score:
        """Judge one output."""
        wanted = self._canonical(text_of(expected_of(row, self.column)))
        try:
            told = self._canonical(fenced(output))
        except SqlglotError as error:
            return Score(False, reason=f"no SQL: {error}"[:_MAX_SHOWN])
        return Score(told == wanted, reason=None if told == wanted else told[:_MAX_SHOWN])

    def _canonical(self, text: str) -> str:
        tree = sqlglot.parse_one(text.strip().rstrip(";"), dialect=self.dialect)
        tree = normalize_identifiers.normalize_identifiers(tree, dialect=self.dialect)
        tree = simplify.simplify(tree, dialect=self.dialect)
        for junction in list(tree.find_all(sqlglot.exp.Connector)):
            if not isinstance(junction.parent, type(junction)):
                parts = sorted(junction.flatten(), key=lambda part: part.sql(dialect=self.dialect))
                joined = parts[0].copy()
                for part in parts[1:]:
                    joined = type(junction)(this=joined, expression=part.copy())
                junction.replace(joined)
        return str(tree.sql(dialect=self.dialect, normalize=True, comments=False))
