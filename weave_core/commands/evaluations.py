"""`weave-core eval`: run an evaluation for CI, list and compare what was run."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weave_core.commands.clients import Json, Project, Server, open_client
from weave_core.commands.extras import require_extra
from weave_core.commands.output import console, plain, print_json
from weave_core.commands.targets import load_evaluation, load_judge
from weave_core.errors import ConfigError
from weave_core.settings import Settings

if TYPE_CHECKING:
    from weave_core.evals import Dataset, Drift, EvaluationResult
    from weave_core.model import StoredEvaluation

__all__ = ["app"]

app = typer.Typer(help="Run evaluations, list and compare them.", no_args_is_help=True)

EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 2}
"""How `eval run` ends."""
DRIFT_CODES = {"first": 0, "same": 0, "moved": 1, "can't tell": 2}
"""How `eval drift` ends."""

Target = Annotated[
    str,
    typer.Argument(
        metavar="PATH[::NAME]",
        help="A Python file, and the name in it of an Evaluation or of a function that makes one.",
    ),
]

Judge = Annotated[
    str,
    typer.Argument(
        metavar="PATH::NAME",
        help="A Python file, and the name in it of a judge or of a function that makes one.",
    ),
]


@app.command("run")
def run(
    target: Target,
    *,
    baseline: Annotated[
        str | None,
        typer.Option(help="Compare with: an id, a branch, a tag, or the path of a report."),
    ] = None,
    gate: Annotated[
        str | None, typer.Option(help="What must hold: 'exact >= 0.9 and exact.delta > -0.02'.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Run each item so often.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Most calls at a time.")] = None,
    cache: Annotated[
        bool, typer.Option("--cache", help="Use outputs that this version gave before.")
    ] = False,
    tag: Annotated[list[str] | None, typer.Option(help="A name to find it by.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write all of it as JSON; a later --baseline may read it.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML.")] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Write Markdown, for a pull request.")
    ] = None,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Run an evaluation: 0 the gate holds, 1 it fails, 2 it can't be told yet."""
    require_extra("evals", wanted_by="weave-core eval run")
    from weave_core import tracing  # OpenTelemetry and scipy: not for `--help`.

    _check_places(report=report, junit=junit, markdown=markdown)
    settings = Settings.from_env(endpoint=server, project=project)
    tracing.init(settings.project, settings.endpoint, api_key=settings.api_key)
    given = {"baseline": baseline, "gate": gate, "epochs": epochs, "concurrency": concurrency}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if cache:
        changes["cache"] = True
    evaluation = load_evaluation(target)
    if tag:
        changes["tags"] = [*evaluation.tags, *tag]
    result = evaluation.changed(**changes).run()
    if json:
        print_json(result.report.model_dump(mode="json"))
    else:
        sys.stdout.write(f"{result}\n")
    _write(result, report=report, junit=junit, markdown=markdown)
    raise typer.Exit(EXIT_CODES[result.verdict] if result.verdict else 0)


@app.command("list")
def list_evaluations(
    *,
    name: Annotated[str | None, typer.Option(help="Only of this name.")] = None,
    branch: Annotated[str | None, typer.Option(help="Only those run on this branch.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="Most.")] = 20,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """List evaluations, newest first."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        page = client.list_evaluations(settings.project, name=name, branch=branch, limit=limit)
    if json:
        print_json(page.model_dump(mode="json"))
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("id", "name", "state", "gate", "branch", "items", "scores"):
        table.add_column(title, overflow="fold")
    for item in page.items:
        table.add_row(*(Text(plain(cell)) for cell in _cells(item)))
    console().print(table)


@app.command("compare")
def compare(
    candidate: Annotated[str, typer.Argument(help="Id of the new evaluation.")],
    baseline: Annotated[str, typer.Argument(help="Id, branch or tag of the old one.")],
    *,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Compare two evaluations on the items that both have."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        new = client.get_evaluation(settings.project, candidate)
        old = client.get_baseline(settings.project, new.name, baseline)
        found = client.compare_evaluations(settings.project, new.evaluation_id, old.evaluation_id)
    if json:
        print_json(found.model_dump(mode="json"))
        return
    out = console()
    out.print(f"{found.shared} shared items", markup=False)
    for name, each in found.scorers.items():
        diff = each.difference
        between = f" [{diff.low:+.4g}, {diff.high:+.4g}]" if diff.low is not None else ""
        p_value = "" if each.adjusted_p_value is None else f"  p = {each.adjusted_p_value:.3g}"
        out.print(
            f"{plain(name):<24} {each.baseline:.4g} -> {each.candidate:.4g}  {diff.value:+.4g}"
            f"{between}{p_value}  {each.improved} better, {each.worsened} worse",
            markup=False,
        )


@app.command("drift")
def drift(
    judge: Judge,
    *,
    anchors: Annotated[
        str,
        typer.Option(help="Outputs that stay the same: a file of rows, or dataset/NAME:VERSION."),
    ],
    output: Annotated[str, typer.Option(help="The column with the output.")] = "output",
    people: Annotated[
        str, typer.Option(help="The column with what people said of it, if they did.")
    ] = "people",
    baseline: Annotated[
        str | None,
        typer.Option(
            help="What the judge said before: an id, a branch, a tag, or the path of a report;"
            " default: the last time."
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, help="How far its mean may move and still be the same.")
    ] = 0.05,
    report: Annotated[
        Path | None, typer.Option(help="Write what it says now; a later --baseline may read it.")
    ] = None,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Judge the same outputs again: 0 the judge says what it said, 1 it has moved, 2 can't tell."""
    require_extra("evals", wanted_by="weave-core eval drift")
    from weave_core import tracing  # As above.
    from weave_core.evals import Anchors

    _check_places(report=report)
    settings = Settings.from_env(endpoint=server, project=project)
    tracing.init(settings.project, settings.endpoint, api_key=settings.api_key)
    given: dict[str, Any] = {} if baseline is None else {"baseline": baseline}
    watched = load_judge(judge)
    found = Anchors(dataset=_rows(anchors), output=output, people=people).drift(
        watched, tolerance=tolerance, **given
    )
    _write(found.result, report=report, junit=None, markdown=None)
    if json:
        print_json(_told(found))
    else:
        sys.stdout.write(f"{found}\n")
    raise typer.Exit(DRIFT_CODES[found.verdict])


def _rows(anchors: str) -> "Dataset":
    """The anchors: rows of a file, or a dataset that was published."""
    from weave_core.evals import Dataset

    if anchors.startswith("dataset/"):
        from weave_core.publishing import get

        dataset: Dataset = get(anchors)
        return dataset
    return Dataset.read(anchors)


def _told(found: "Drift") -> dict[str, Any]:
    parts = {"shift": found.shift, "changed": found.changed, "agreement": found.agreement}
    return {
        "verdict": found.verdict,
        "judge": found.judge,
        "is_another_version": found.is_another_version,
        **{name: each and each.model_dump(mode="json") for name, each in parts.items()},
        "evaluation_id": found.result.evaluation.evaluation_id,
    }


def _check_places(**places: Path | None) -> None:
    """Before anything is run: what was found must not be lost to a folder that is not there."""
    for option, path in places.items():
        if path is not None and not path.absolute().parent.is_dir():
            raise ConfigError(
                f"--{option} is {str(path)!r}, and there is no folder {str(path.parent)!r}",
                "make it first",
            )


def _write(
    result: "EvaluationResult", *, report: Path | None, junit: Path | None, markdown: Path | None
) -> None:
    from weave_core.evals.reports import junit_report, markdown_report

    if report is not None:
        report.write_text(result.report.model_dump_json(exclude_none=True), encoding="utf-8")
    if junit is not None:
        junit.write_text(junit_report(result.report), encoding="utf-8")
    if markdown is not None:
        markdown.write_text(markdown_report(result.report), encoding="utf-8")


def _cells(item: "StoredEvaluation") -> list[str]:
    summary = item.summary
    scores = []
    for name, scorer in summary.scorers.items() if summary else ():
        if scorer.estimate is not None:
            value = scorer.estimate.value
            scores.append(f"{name} {value:.1%}" if scorer.is_rate else f"{name} {value:.4g}")
        if scorer.corrected is not None:
            value = scorer.corrected.value
            shown = f"{value:.1%}" if scorer.is_rate else f"{value:.4g}"
            scores[-1] += f" (corrected {shown})"
    return [
        item.evaluation_id,
        item.name,
        item.state,
        item.gate.verdict if item.gate else "",
        item.branch or "",
        str(summary.items) if summary else "",
        ", ".join(scores),
    ]
