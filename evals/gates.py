"""The gate of an evaluation: what is demanded, and whether it holds, fails, or can't be told.

`accuracy >= 0.9 and accuracy.delta > -0.02 and cost.p95 < 0.01`: a condition on a number that has
an interval holds when the whole interval is on the right side, fails when all of it is on the
wrong one, and else it can't be told yet.  `.value` asks for the bare number instead.
"""

import ast
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from weave_core.errors import BadRequest, ConfigError
from weave_core.model import (
    Estimate,
    EvaluationComparison,
    EvaluationSummary,
    Gate,
    GateClause,
    ScorerSummary,
    Verdict,
)
from weave_core.statistics.power import MAX_NEEDED

__all__ = ["check_gate", "check_names", "parse_gate", "plain_metrics", "verdict_of"]

MAX_GATE = 2_000
"""Characters of a gate."""
_OPERATORS: dict[type[ast.cmpop], str] = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<="}
_ALWAYS = ("cost", "errors", "latency", "latency_ms", "total_cost")
"""What every evaluation has."""
_PARTS = ("value", "low", "high", "delta", "corrected")


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    metric: str
    """A scorer, `errors`, `cost` or `latency_ms`."""
    parts: tuple[str, ...]
    operator: str
    bound: float


Node = _Clause | tuple[str, list["Node"]]


def parse_gate(text: str) -> "Node":
    """The conditions of a gate.

    Raises:
        BadRequest: If it can't be read; `position` says where.
    """
    if len(text) > MAX_GATE:
        raise BadRequest(f"the gate has {len(text)} characters", f"it may have {MAX_GATE}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        position = (getattr(error, "offset", None) or 1) - 1
        raise BadRequest(f"the gate {text!r} can't be read", _HINT, position) from None
    return _node(tree, text.strip())


_HINT = "such as: accuracy >= 0.9 and accuracy.delta > -0.02 and cost.p95 < 0.01"


def check_gate(
    text: str,
    summary: EvaluationSummary,
    comparison: EvaluationComparison | None,
    *,
    intervals: Mapping[str, Estimate] | None = None,
) -> Gate:
    """Whether a gate holds.

    Args:
        text: The gate.
        summary: The numbers of the evaluation.
        comparison: With its baseline; None: it has none.
        intervals: By scorer, instead of the summary's, where it was stopped early.

    Raises:
        BadRequest: If the gate can't be read.
        ConfigError: If it names what the evaluation does not have.
    """
    clauses: list[GateClause] = []
    for name, estimate in (intervals or {}).items():
        known = summary.scorers[name].model_copy(update={"estimate": estimate})
        summary = summary.model_copy(update={"scorers": {**summary.scorers, name: known}})
    verdict = _check(parse_gate(text), summary, comparison, clauses)
    return Gate(text=text, verdict=verdict, clauses=clauses)


def plain_metrics(text: str) -> list[str]:
    """The scorers that a gate speaks of, where it asks for nothing but their means.

    Raises:
        BadRequest: If the gate can't be read.
        ConfigError: If it asks for something else.
    """
    names: list[str] = []
    for clause in _clauses(parse_gate(text)):
        if clause.metric in _ALWAYS or set(clause.parts) & set(_PARTS):
            raise ConfigError(
                f"{clause.text!r} can't be decided early", "only the mean of a scorer can"
            )
        names.append(".".join((clause.metric, *clause.parts)))
    return list(dict.fromkeys(names))


def verdict_of(text: str, intervals: Mapping[str, Estimate]) -> Verdict:
    """What a gate on the means of scorers says of these intervals; what lacks is not decided."""
    scorers = {
        name: ScorerSummary(scored=1, estimate=intervals.get(name)) for name in plain_metrics(text)
    }
    return check_gate(text, EvaluationSummary(items=0, examples=0, scorers=scorers), None).verdict


def check_names(text: str, scorers: Sequence[str]) -> None:
    """Refuse a gate that speaks of a scorer that there is not, before anything is run.

    Raises:
        BadRequest: If the gate can't be read.
        ConfigError: If it names what is neither a scorer nor a number that every evaluation has.
    """
    for clause in _clauses(parse_gate(text)):
        words = (clause.metric, *clause.parts)
        names = {".".join(words[:length]) for length in range(1, len(words) + 1)}
        if clause.metric not in _ALWAYS and names.isdisjoint(scorers):
            raise _unknown(clause.metric, scorers)


def _clauses(node: "Node") -> list[_Clause]:
    if isinstance(node, _Clause):
        return [node]
    return [clause for each in node[1] for clause in _clauses(each)]


def _unknown(name: str, scorers: Iterable[str]) -> ConfigError:
    return ConfigError(
        f"the gate names {name!r}, which the evaluation does not have",
        f"there are {', '.join((*scorers, 'errors', 'latency.p95', 'cost.p95', 'total_cost'))}",
    )


def _node(tree: ast.expr, text: str) -> "Node":
    if isinstance(tree, ast.BoolOp):
        word = "and" if isinstance(tree.op, ast.And) else "or"
        return word, [_node(each, text) for each in tree.values]
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1:
        raise _wrong(tree, text)
    operator = _OPERATORS.get(type(tree.ops[0]))
    bound = _number(tree.comparators[0])
    if operator is None or bound is None:
        raise _wrong(tree, text)
    parts: list[str] = []
    left = tree.left
    while isinstance(left, ast.Attribute):
        parts.insert(0, left.attr)
        left = left.value
    if isinstance(left, ast.Name):
        name = left.id
    elif (
        isinstance(left, ast.Subscript)
        and isinstance(left.value, ast.Name)
        and left.value.id == "score"
        and isinstance(left.slice, ast.Constant)
    ):
        name = str(left.slice.value)  # score['any name'], where it is no word.
    else:
        raise _wrong(tree.left, text)
    source = ast.get_source_segment(text, tree) or text
    return _Clause(source, name, tuple(parts), operator, bound)


def _number(tree: ast.expr) -> float | None:
    sign = 1.0
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        tree, sign = tree.operand, -1.0
    if isinstance(tree, ast.Constant) and type(tree.value) in (int, float):
        return sign * float(tree.value)  # type: ignore[arg-type]  # Checked just before.
    return None


def _wrong(tree: ast.expr, text: str) -> BadRequest:
    source = ast.get_source_segment(text, tree) or text
    return BadRequest(
        f"{source!r} is no condition of a gate: a name, >, >=, < or <=, and a number",
        _HINT,
        tree.col_offset,
    )


_ORDER: Mapping[str, tuple[Verdict, Verdict, Verdict]] = {
    "and": ("fail", "inconclusive", "pass"),
    "or": ("pass", "inconclusive", "fail"),
}
"""What decides a group, strongest first (Kleene's logic)."""


def _check(
    node: "Node",
    summary: EvaluationSummary,
    comparison: EvaluationComparison | None,
    clauses: list[GateClause],
) -> Verdict:
    if isinstance(node, _Clause):
        found = _check_clause(node, summary, comparison)
        clauses.append(found)
        return found.verdict
    word, inner = node
    verdicts = {_check(each, summary, comparison, clauses) for each in inner}
    return next(each for each in _ORDER[word] if each in verdicts)


def _check_clause(
    clause: _Clause, summary: EvaluationSummary, comparison: EvaluationComparison | None
) -> GateClause:
    estimate, note = _estimate(clause, summary, comparison)
    if estimate is None:
        return GateClause(text=clause.text, verdict="inconclusive", note=note)
    low, high = estimate.low, estimate.high
    verdict: Verdict = "inconclusive"
    if low is not None and high is not None:
        holds = _holds(clause)
        at_ends = {holds(low), holds(high)}
        if len(at_ends) == 1:
            verdict = "pass" if at_ends == {True} else "fail"
    elif not note:
        note = f"{estimate.n} values are too few to say"
    return GateClause(
        text=clause.text,
        verdict=verdict,
        value=estimate.value,
        low=low,
        high=high,
        note=note if verdict == "inconclusive" else "",
    )


def _holds(clause: _Clause) -> Callable[[float], bool]:
    bound = clause.bound
    tests: dict[str, Callable[[float], bool]] = {
        ">": lambda value: value > bound,
        ">=": lambda value: value >= bound,
        "<": lambda value: value < bound,
        "<=": lambda value: value <= bound,
    }
    return tests[clause.operator]


def _estimate(
    clause: _Clause, summary: EvaluationSummary, comparison: EvaluationComparison | None
) -> tuple[Estimate | None, str]:
    """The number that a clause speaks of, and what to say where it can't be told."""
    name, parts = clause.metric, clause.parts
    if name == "errors":
        found, rest = summary.error_rate, parts
    elif name in ("cost", "latency", "latency_ms"):
        return _of_spread(clause, summary)
    elif name == "total_cost":
        return _exact(summary.total_cost_usd), "no cost is known"
    else:
        name, rest = _scorer(clause, summary)
        if rest == ("delta",):
            return _delta(name, comparison)
        found, rest = _chosen(summary.scorers[name], rest)
    if found is None:
        is_corrected = rest[:1] == ("corrected",)
        told = "is no judge that people have checked" if is_corrected else "gave no number"
        return None, f"{name} {told}"
    if not rest:
        return found, _needed(found, clause.bound)
    if rest[0] in ("value", "low", "high") and len(rest) == 1:
        return _exact(getattr(found, rest[0])), f"{found.n} values are too few to say"
    raise ConfigError(
        f"the gate asks for {'.'.join((name, *rest))!r}",
        f"there is {', '.join(_PARTS)}, and f1_macro, precision_micro, recall_weighted and the like"
        " of a scorer that gives labels with the right ones",
    )


def _chosen(
    scorer: ScorerSummary, parts: tuple[str, ...]
) -> tuple[Estimate | None, tuple[str, ...]]:
    """Which number of a scorer is meant, and what is asked of it."""
    if parts[:1] == ("corrected",):
        found = scorer.corrected
        return found, parts if found is None else parts[1:]
    average = _average(parts[0], scorer) if parts else None
    return (scorer.estimate, parts) if average is None else (average, parts[1:])


def _average(word: str, scorer: ScorerSummary) -> Estimate | None:
    """`f1_macro` and the like, of a scorer that gives labels with the right ones."""
    metric, _, average = word.partition("_")
    scores = scorer.classification.averages.get(average) if scorer.classification else None  # type: ignore[call-overload]  # Any word of the gate.
    found = getattr(scores, metric, None) if metric in ("precision", "recall", "f1") else None
    return found if isinstance(found, Estimate) else None


def _scorer(clause: _Clause, summary: EvaluationSummary) -> tuple[str, tuple[str, ...]]:
    """The scorer that is meant, whose name may have dots, and what is asked of it."""
    words = (clause.metric, *clause.parts)
    for length in range(len(words), 0, -1):
        if (name := ".".join(words[:length])) in summary.scorers:
            return name, words[length:]
    raise _unknown(clause.metric, summary.scorers)


def _of_spread(clause: _Clause, summary: EvaluationSummary) -> tuple[Estimate | None, str]:
    spread = summary.cost_usd if clause.metric == "cost" else summary.latency_ms
    which = clause.parts[0] if clause.parts else "mean"
    if which not in ("mean", "p50", "p95") or len(clause.parts) > 2:  # noqa: PLR2004
        raise ConfigError(f"the gate asks for {clause.text!r}", "there is mean, p50 and p95")
    found = spread.get(which)
    if found is None:
        return None, f"no {clause.metric} is known"
    if clause.parts[1:] == ("value",):
        return _exact(found.value), ""
    return found, _needed(found, clause.bound)


def _delta(name: str, comparison: EvaluationComparison | None) -> tuple[Estimate | None, str]:
    if comparison is None:
        return None, "there is no baseline to compare with"
    found = comparison.scorers.get(name)
    if found is None:
        return None, f"the baseline has no item in common that {name} has scored"
    if found.needed is None:
        return found.difference, "nothing differs on the items that both have"
    return found.difference, f"{found.needed} shared items would show such a difference"


def _needed(found: Estimate, bound: float) -> str:
    """How many items it would take, as intervals shrink by the root of their number."""
    told = f"the interval holds {bound:g}: "
    end = found.low if bound < found.value else found.high
    if end is None or found.value == bound or found.method == "anytime":
        return f"{told}more items would tell"
    count = math.ceil(found.n * ((end - found.value) / (bound - found.value)) ** 2)
    what = "groups of items" if found.method == "clustered t" else "items"
    return f"{told}about {min(count, MAX_NEEDED):,} {what} would tell, if the value stays"


def _exact(value: float | None) -> Estimate | None:
    """A number that is taken as it is."""
    if value is None:
        return None
    return Estimate(value=value, low=value, high=value, n=1, method="none")
