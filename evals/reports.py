"""An evaluation's result as text, Markdown for a pull request, and JUnit XML for CI."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from weave_core.model import (
    Comparison,
    Estimate,
    EvaluatedItem,
    EvaluationReport,
    EvaluationSummary,
    ScorerSummary,
    Verdict,
)

__all__ = ["junit_report", "markdown_report", "text_report"]

MAX_SHOWN = 20
"""Failed, flaky and changed items that a report names; all of them are on the server."""
_ROWS = 3
_SIGNS = {"pass": "✅", "fail": "❌", "inconclusive": "❔"}
_KEPT = "\t\n\r"


def text_report(report: EvaluationReport) -> str:
    """A few lines for a terminal."""
    evaluation, summary = report.evaluation, _summary(report)
    lines = [
        f"{evaluation.name}: {summary.items} items"
        + (f" x {evaluation.epochs} epochs" if evaluation.epochs > 1 else "")
        + (f", {summary.errors} of {summary.examples} failed" if summary.errors else "")
        + (f", stopped by {report.stopped_by}" if report.stopped_by else "")
    ]
    lines += [f"  {cells[0]:<24} {'  '.join(cells[1:])}".rstrip() for cells in _rows(report)]
    gate = evaluation.gate
    if gate is not None:
        lines.append(f"gate: {gate.verdict}")
        lines += [
            f"  {clause.verdict:<13} {clause.text}" + (f"  ({clause.note})" if clause.note else "")
            for clause in gate.clauses
        ]
    lines += [f"failed: {told}" for told in _failures(report)[:MAX_SHOWN]]
    lines += [f"left out: {problem}" for problem in report.problems[:MAX_SHOWN]]
    if report.repeats:
        lines.append(
            f"repeated: {_on_rows(report.repeats)}, as another row; they count as independent, so"
            " leave them out, or name the column that groups rows in cluster="
        )
    if not report.is_stored:
        lines.append("the results wait on disk; `weave-core sync` sends them")
    if report.url:
        lines.append(report.url)
    return "\n".join(lines)


def markdown_report(report: EvaluationReport) -> str:
    """For the comment of a pull request."""
    evaluation, summary = report.evaluation, _summary(report)
    verdict = "" if evaluation.gate is None else _shown(evaluation.gate.verdict)
    lines = [
        f"## {_cell(evaluation.name)} {verdict}".rstrip(),
        "",
        (
            f"{summary.items} items, {summary.examples} examples, {summary.errors} failed; dataset"
            f" `{_cell(evaluation.dataset.name)}`, task `{_cell(evaluation.task.name)}`."
        ),
        "",
        "| Scorer | Value | 95 % interval | Change | p | Better / worse |",
        "|---|---|---|---|---|---|",
    ]
    for name, scorer in summary.scorers.items():
        comparison = report.comparison.scorers.get(name) if report.comparison else None
        rows = [_cells(name, scorer, comparison), *_more(name, scorer)]
        lines += [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    if evaluation.gate is not None:
        lines += ["", "| Condition | | |", "|---|---|---|"]
        lines += [
            f"| `{_cell(clause.text)}` | {_shown(clause.verdict)} | {_cell(clause.note)} |"
            for clause in evaluation.gate.clauses
        ]
    failed = [item for item in report.items if item.error is not None]
    if failed:
        lines += ["", f"<details><summary>{len(failed)} failed examples</summary>", ""]
        lines += [f"- {_place(item)}: {_cell(_error(item))}" for item in failed[:MAX_SHOWN]]
        lines += ["", "</details>"]
    if report.url:
        lines += ["", f"[Open the evaluation]({report.url})"]
    return "\n".join(lines) + "\n"


def junit_report(report: EvaluationReport) -> str:
    """One test case an example and one a condition of the gate.

    A failed task or scorer is an error; a scorer that said false is a failure; a condition that
    can't be told is skipped with its reason.
    """
    evaluation = report.evaluation
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", name=_xml(evaluation.name))
    for item in report.items:
        _add_example(suite, evaluation.name, item)
    for clause in evaluation.gate.clauses if evaluation.gate else ():
        case = ET.SubElement(
            suite, "testcase", classname=f"{_xml(evaluation.name)}.gate", name=_xml(clause.text)
        )
        told = f"{clause.value} in {clause.low} to {clause.high} {clause.note}".strip()
        if clause.verdict == "fail":
            ET.SubElement(case, "failure", message=_xml(told))
        elif clause.verdict == "inconclusive":
            ET.SubElement(case, "skipped", message=_xml(told))
    suite.set("tests", str(len(suite)))
    for kind in ("error", "failure", "skipped"):
        plural = {"error": "errors", "failure": "failures", "skipped": "skipped"}[kind]
        suite.set(plural, str(sum(case.find(kind) is not None for case in suite)))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _add_example(suite: ET.Element, name: str, item: EvaluatedItem) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=_xml(name),
        name=_place(item),
        time=f"{(item.latency_ms or 0) / 1000:.3f}",
    )
    wrong = [
        f"{k}: {s.reason or 'false'}" for k, s in item.scores.items() if s.is_rate and not s.value
    ]
    broken = [f"{k}: {s.error.type}: {s.error.message}" for k, s in item.scores.items() if s.error]
    if item.error is not None:
        ET.SubElement(case, "error", type=_xml(item.error.type), message=_xml(item.error.message))
    elif broken:
        ET.SubElement(case, "error", message=_xml("; ".join(broken)))
    elif wrong:
        ET.SubElement(case, "failure", message=_xml("; ".join(wrong)))


def _summary(report: EvaluationReport) -> EvaluationSummary:
    return report.evaluation.summary or EvaluationSummary(items=0, examples=0)


def _shown(verdict: Verdict) -> str:
    return f"{_SIGNS[verdict]} {verdict}"


def _failures(report: EvaluationReport) -> list[str]:
    """Who failed, on which rows, and what the first of them said; one line for each kind."""
    found: dict[tuple[str, str], list[tuple[EvaluatedItem, str]]] = {}
    for item in report.items:
        errors = {"the task": item.error}
        errors |= {name: score.error for name, score in item.scores.items()}
        for who, error in errors.items():
            if error is not None:
                found.setdefault((who, error.type), []).append((item, error.message))
    return [
        f"{who} on {_on_rows([item.index for item, _ in same])}: {kind}: {_cell(same[0][1])[:200]}"
        for (who, kind), same in found.items()
    ]


def _on_rows(numbers: Iterable[int]) -> str:
    """A few of the rows by number, and how many more."""
    rows = list(dict.fromkeys(numbers))
    named, more = rows[:_ROWS], len(rows) - _ROWS
    told = ("row " if len(rows) == 1 else "rows ") + ", ".join(map(str, named))
    return told + (f" and {more} more" if more > 0 else "")


def _rows(report: EvaluationReport) -> Iterable[list[str]]:
    summary = _summary(report)
    for name, scorer in summary.scorers.items():
        comparison = report.comparison.scorers.get(name) if report.comparison else None
        yield _cells(name, scorer, comparison)
        yield from _more(name, scorer)
    for unit, spread in (("latency ms", summary.latency_ms), ("cost USD", summary.cost_usd)):
        if "p50" in spread and "p95" in spread:
            yield [unit, f"p50 {spread['p50'].value:.4g}  p95 {spread['p95'].value:.4g}"]


def _cells(name: str, scorer: ScorerSummary, comparison: Comparison | None) -> list[str]:
    """Name, value, interval, change with its interval, p-value, and how many changed how."""
    found = scorer.estimate
    value, between = "", ""
    if found is not None:
        value, between = _value(found, is_rate=scorer.is_rate)
    elif scorer.labels:
        value = ", ".join(f"{label} {count}" for label, count in scorer.labels.items())
    if scorer.errors:
        value = f"{value} ({scorer.errors} scores failed)".strip()
    if comparison is None:
        return [name, value, between, "", "", ""]
    diff = comparison.difference
    change = f"{diff.value:+.1%}" if scorer.is_rate else f"{diff.value:+.4g}"
    if diff.low is not None and diff.high is not None:
        change += f" {_interval(diff.low, diff.high, is_rate=scorer.is_rate)}"
    p_value = comparison.adjusted_p_value
    shown = "" if p_value is None else ("p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}")  # noqa: PLR2004
    return [name, value, between, change, shown, f"{comparison.improved} / {comparison.worsened}"]


def _more(name: str, scorer: ScorerSummary) -> Iterable[list[str]]:
    """What else is known of a scorer, as rows with the same cells."""
    for word, found in scorer.more.items():
        is_rate = scorer.is_rate or word == "f1_macro"
        yield [f"{name}.{word}", *_value(found, is_rate=is_rate), "", "", ""]


def _value(found: Estimate, *, is_rate: bool) -> tuple[str, str]:
    value = f"{found.value:.1%}" if is_rate else f"{found.value:.4g}"
    if found.low is None or found.high is None:
        return value, ""
    return value, _interval(found.low, found.high, is_rate=is_rate)


def _interval(low: float, high: float, *, is_rate: bool) -> str:
    return f"[{low:.1%}, {high:.1%}]" if is_rate else f"[{low:.4g}, {high:.4g}]"


def _place(item: EvaluatedItem) -> str:
    return f"item {item.index}" + (f" epoch {item.epoch}" if item.epoch else "")


def _error(item: EvaluatedItem) -> str:
    return f"{item.error.type}: {item.error.message}" if item.error is not None else ""


def _cell(text: str) -> str:
    """A text within a table of Markdown: one line, and no sign that ends a cell or begins a tag."""
    line = " ".join(text.split())[:500]
    return line.replace("|", "\\|").replace("`", "'").replace("<", "&lt;")


def _xml(text: str) -> str:
    """Without what XML 1.0 has no room for."""
    return "".join(
        sign for sign in text if sign in _KEPT or (sign >= " " and not "\ud800" <= sign <= "\udfff")
    )[:4_000]
