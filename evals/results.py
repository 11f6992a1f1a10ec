"""What an evaluation gave, and what it is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from weave_core.client import Client
from weave_core.errors import ConfigError
from weave_core.evals.reports import text_report
from weave_core.evals.runner import Example
from weave_core.model import (
    EvaluatedItem,
    EvaluationComparison,
    EvaluationReport,
    EvaluationSummary,
    StoredEvaluation,
    Subject,
    Verdict,
)
from weave_core.settings import DEFAULT_ENDPOINT
from weave_core.tracing.lifecycle import settings_in_force

__all__ = ["Baseline", "EvaluationResult", "baseline_of"]


@dataclass(frozen=True)
class Baseline:
    """What an evaluation is compared with."""

    evaluation_id: str
    items: Sequence[EvaluatedItem]
    scorers: Sequence[Subject] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class EvaluationResult:
    """What an evaluation gave."""

    evaluation: StoredEvaluation
    """Name, versions, numbers and gate: what the server keeps."""
    examples: list[Example]
    """Row, output and scores of each item in each epoch, in the order of the dataset."""
    comparison: EvaluationComparison | None = None
    """With the baseline, where there is one."""
    problems: list[str] = field(default_factory=list)
    """Rows of the dataset that were left out."""
    repeats: list[int] = field(default_factory=list)
    """Rows that repeat another one and were taken for independent."""
    stopped_by: str | None = None
    """The bound of the budget that ended it early."""
    url: str = ""
    """Its page in the app."""
    is_stored: bool = True
    """Whether the server has all of it; else it waits on disk."""

    @property
    def summary(self) -> EvaluationSummary:
        """The numbers."""
        return self.evaluation.summary or EvaluationSummary(items=0, examples=0)

    @property
    def verdict(self) -> Verdict | None:
        """Whether the gate holds; None: there is none."""
        return None if self.evaluation.gate is None else self.evaluation.gate.verdict

    @property
    def report(self) -> EvaluationReport:
        """All of it as a value: `report.model_dump_json()` can be the baseline of a later run."""
        return EvaluationReport(
            evaluation=self.evaluation,
            items=[example.item for example in self.examples],
            comparison=self.comparison,
            problems=self.problems,
            repeats=self.repeats,
            stopped_by=self.stopped_by,
            url=self.url,
            is_stored=self.is_stored,
        )

    def __repr__(self) -> str:
        # Short: asyncio.run tells the result of its task to `signal`, which throws the text away.
        return f"<EvaluationResult {self.evaluation.name!r}: {len(self.examples)} examples>"

    def __str__(self) -> str:
        return text_report(self.report)


def baseline_of(wanted: Any, name: str) -> Baseline | None:
    """The evaluation to compare with.

    Args:
        wanted: An `EvaluationResult`, the path of a JSON report, or a text that the server knows:
            an id, a branch, a tag; None: none.
        name: Of the evaluation that is to be compared.

    Raises:
        ConfigError: If it is none of these, or there is no server to ask.
        NotFound: If the server has none such.
    """
    if wanted is None:
        return None
    if isinstance(wanted, EvaluationResult):
        return _of(wanted.evaluation, wanted.report.items)
    if isinstance(wanted, Path) or (isinstance(wanted, str) and wanted.endswith(".json")):
        return _from_file(Path(wanted))
    if not isinstance(wanted, str):
        raise ConfigError(
            f"the baseline is {wanted!r:.200}", "give an id, a branch, a tag, a report or a result"
        )
    settings = settings_in_force()
    endpoint = settings.endpoint or DEFAULT_ENDPOINT
    if not endpoint.startswith("http"):
        raise ConfigError(
            f"the baseline {wanted!r} is asked of a server, and the endpoint is {endpoint!r}",
            "give the path of a JSON report instead, or start a server",
        )
    with Client(endpoint, api_key=settings.api_key) as client:
        found = client.get_baseline(settings.project, name, wanted)
        items = list(client.iter_evaluated(settings.project, found.evaluation_id))
    return _of(found, items)


def _from_file(path: Path) -> Baseline:
    try:
        report = EvaluationReport.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"can't read the baseline {path}: {error.strerror}") from error
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise ConfigError(
            f"the baseline {path} is no report of an evaluation: {problem}",
            "write one with `weave-core eval run --report PATH`",
        ) from error
    return _of(report.evaluation, report.items)


def _of(evaluation: StoredEvaluation, items: Sequence[EvaluatedItem]) -> Baseline:
    return Baseline(evaluation.evaluation_id, items, evaluation.scorers)
