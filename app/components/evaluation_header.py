"""The head of an evaluation's page."""

import orjson

from weave_core.app import evaluation_words as words
from weave_core.app import formats
from weave_core.app.components.bundles import bundle
from weave_core.app.state import evaluations_url, trace_url, versus_url
from weave_core.model import StoredEvaluation

__all__ = ["evaluation_content", "evaluation_header"]


def evaluation_header(content: bytes, *, key: str) -> None:
    """Draw what `evaluation_content` gave."""
    bundle("evaluation_header", "page_head", "interval")(key=key, data=content)


def evaluation_content(project: str, evaluation: StoredEvaluation) -> bytes:
    """JSON of an evaluation's head."""
    gate, baseline = evaluation.gate, evaluation.baseline_id
    trace_id = evaluation.trace_id
    pair = [each for each in (baseline, evaluation.evaluation_id) if each]
    return orjson.dumps(
        {
            "id": evaluation.evaluation_id,
            "name": evaluation.name,
            "state": "" if evaluation.state == "done" else evaluation.state,
            "verdict": words.verdict(gate.verdict) if gate else "",
            "verdict_name": gate.verdict if gate else "",
            "gate": gate.text if gate else "",
            "back": evaluations_url(project),
            "trace": trace_url(project, trace_id) if trace_id else None,
            "compare": versus_url(project, pair),
            "compare_words": "Compare with its baseline" if baseline else "Compare",
            "facts": _facts(evaluation),
        }
    )


def _facts(evaluation: StoredEvaluation) -> list[tuple[str, str, str]]:
    summary = evaluation.summary
    facts = [
        ("Task", words.subject(evaluation.task), evaluation.task.version or ""),
        ("Dataset", words.subject(evaluation.dataset), evaluation.dataset.version or ""),
        ("Branch", evaluation.branch or "", evaluation.revision or ""),
        ("Epochs", str(evaluation.epochs) if evaluation.epochs > 1 else "", ""),
        ("Tags", ", ".join(evaluation.tags), ""),
    ]
    if summary is not None:
        spread = {name: each.value for name, each in summary.latency_ms.items()}
        tokens = (summary.input_tokens or 0) + (summary.output_tokens or 0)
        failed = f"{summary.errors:,}" if summary.errors else ""
        facts += [
            ("Items", f"{summary.items:,}", ""),
            ("Errors", failed, "\n".join(f"{k}: {n:,}" for k, n in summary.error_types.items())),
            ("Median", formats.duration(spread.get("p50")), "Of a call of the task"),
            ("p95", formats.duration(spread.get("p95")), ""),
            ("Tokens", formats.count(tokens) if tokens else "", ""),
            ("Cost", formats.money(summary.total_cost_usd), ""),
        ]
    return facts
