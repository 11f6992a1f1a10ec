"""`weave-core traces`: the traces of a project as a table, and one of them as a tree."""

import datetime as dt
import re
import sys
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from weave_core.commands.clients import Json, Project, Server, open_client, with_caret
from weave_core.commands.output import console, plain, print_json
from weave_core.errors import BadRequest, ConfigError, NotFound
from weave_core.settings import Settings

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from weave_core.client import Client
    from weave_core.model import Page, Span, Trace, TraceSummary, Usage

__all__ = ["app", "delete_traces", "list_traces", "show_trace"]

MAX_LIMIT = 10_000
"""Most traces that one call lists; a program that wants all of them uses `Client.iter_traces`."""
MAX_TREE_SPANS = 1_000
"""Spans drawn of one trace; `--json` has them all."""
_PAGE = 500
_ID_SHOWN = 12
_TRACE_ID = re.compile(r"[0-9a-f]{1,32}")
_FULL_ID = 32
_MOST_NAMED = 5
_MAX_REASON = 120
_SECOND_MS = 1000.0

app = typer.Typer(
    help="Read traces, and delete them: list, show, delete.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_traces(
    *,
    project: Project = None,
    server: Server = None,
    filter: Annotated[  # noqa: A002  # The API's own name for it.
        str | None,
        typer.Option(
            "--filter", "-f", help="Expression such as: status = 'error' and duration_ms > 2000"
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=MAX_LIMIT, help="Most traces wanted.")
    ] = 20,
    json: Json = False,
) -> None:
    """The newest traces of a project, newest first."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        try:
            page = _newest(client, settings.project, filter, limit)
        except BadRequest as error:
            raise with_caret(error, filter) from error
    if json:
        print_json(page.model_dump(mode="json"))
    elif not page.items:
        console().print(f"No traces in project {settings.project!r} match.", markup=False)
    else:
        _print_table(page.items, has_more=page.next_cursor is not None)


@app.command("show")
def show_trace(
    trace_id: Annotated[
        str, typer.Argument(metavar="ID", help="Trace id, or the beginning of one.")
    ],
    *,
    project: Project = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """One trace as a tree: what called what, how long it took, what it cost, what failed."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        full_id = _full_id(client, settings.project, trace_id)
        trace = client.get_trace(settings.project, full_id, payload=json)
    if json:
        print_json(trace.model_dump(mode="json"))
    else:
        _print_trace(trace)


@app.command("delete")
def delete_traces(
    *,
    project: Project = None,
    server: Server = None,
    filter: Annotated[  # noqa: A002
        str | None,
        typer.Option("--filter", "-f", help="Which ones: status = 'error' and duration_ms > 2000"),
    ] = None,
    all: Annotated[  # noqa: A002
        bool, typer.Option("--all", help="Every trace of the project, instead of a filter.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before.")] = False,
    json: Json = False,
) -> None:
    """Delete traces with all that belongs to them; says first how much that is."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        try:
            found = client.delete_traces(settings.project, filter=filter, all=all, dry_run=True)
        except BadRequest as error:
            raise with_caret(error, filter) from error
        sys.stderr.write(
            f"{found.deleted_traces:,} traces with {found.deleted_spans:,} spans of project"
            f" {plain(settings.project)!r} will be deleted.\n"
        )
        if found.deleted_traces and not yes:
            if not sys.stdin.isatty():
                raise ConfigError("nothing was deleted", "--yes deletes without a question")
            typer.confirm("Delete them?", abort=True, err=True)
        done = found
        if found.deleted_traces:
            done = client.delete_traces(settings.project, filter=filter, all=all)
    if json:
        print_json(done.model_dump(mode="json"))
    else:
        console().print(f"Deleted {done.deleted_traces:,} traces, {done.deleted_spans:,} spans.")


def _newest(
    client: "Client", project: str, expression: str | None, limit: int
) -> "Page[TraceSummary]":
    """As many pages as `limit` asks for, as one."""
    page = client.list_traces(project, filter=expression, limit=min(limit, _PAGE))
    items = list(page.items)
    while page.next_cursor and len(items) < limit:
        page = client.list_traces(
            project,
            filter=expression,
            limit=min(limit - len(items), _PAGE),
            cursor=page.next_cursor,
        )
        items += page.items
    return page.model_copy(update={"items": items})


def _full_id(client: "Client", project: str, given: str) -> str:
    """The one trace id of `project` that begins with `given`."""
    prefix = given.strip().lower()
    if not _TRACE_ID.fullmatch(prefix):
        raise ConfigError(
            f"{given!r} is no trace id", "1 to 32 hex digits, as `weave-core traces list` shows"
        )
    if len(prefix) == _FULL_ID:
        return prefix
    # Ids are no text to the filter language, so the newest ones are looked through here.
    newest = islice(client.iter_traces(project), MAX_LIMIT)
    found = [summary.trace_id for summary in newest if summary.trace_id.startswith(prefix)]
    if not found:
        raise NotFound(
            f"none of the newest {MAX_LIMIT:,} traces of {project!r} begins with {prefix!r}",
            "give the whole id of an older one; --project chooses another project",
        )
    if len(found) > 1:
        ids = ", ".join(found[:_MOST_NAMED])
        raise ConfigError(f"{prefix!r} begins {len(found)} trace ids: {ids}", "give more digits")
    return found[0]


def _print_table(traces: Iterable["TraceSummary"], *, has_more: bool) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Started", "Trace", "Name", "Status"):
        table.add_column(heading, no_wrap=heading != "Name", overflow="fold")
    for heading in ("Duration", "Spans", "Tokens", "Cost"):
        table.add_column(heading, justify="right", no_wrap=True)
    for trace in traces:
        table.add_row(
            _local_time(trace.started_ns),
            trace.trace_id[:_ID_SHOWN],
            Text(plain(trace.name)),
            _status(trace),
            _duration(trace.duration_ms),
            f"{trace.span_count:,}",
            _tokens(trace.usage),
            _cost(trace.cost_usd),
        )
    out = console()
    out.print(table)
    if has_more:
        out.print("There are more: --limit shows them, --filter narrows them.")


def _print_trace(trace: "Trace") -> None:
    from rich.text import Text
    from rich.tree import Tree

    summary = trace.trace
    head = Text.assemble(
        (plain(summary.name), "bold"),
        f"  {_local_time(summary.started_ns)}  {_duration(summary.duration_ms)}",
        f"  {summary.span_count:,} spans  {_tokens(summary.usage)} tokens",
        f"  {_cost(summary.cost_usd)}",
    )
    tree = Tree(Text.assemble(head, "\n", (summary.trace_id, "dim")), guide_style="dim")
    _grow(tree, trace.spans[:MAX_TREE_SPANS])
    out = console()
    out.print(tree)
    if len(trace.spans) > MAX_TREE_SPANS:
        out.print(f"… {len(trace.spans) - MAX_TREE_SPANS:,} spans more: --json has them all.")


def _grow(tree: "Tree", spans: Iterable["Span"]) -> None:
    """Hang each span below its parent; below the root where the parent is not known."""
    waiting = {span.span_id: span for span in spans}
    children: dict[str, list[Span]] = {}
    tops: list[Span] = []
    for span in waiting.values():
        if span.parent_span_id in waiting and span.parent_span_id != span.span_id:
            children.setdefault(span.parent_span_id or "", []).append(span)
        else:
            tops.append(span)
    while waiting:
        # Spans that name each other as parents hang below no top: begin with the first of them.
        stack = [(tree, span) for span in reversed(tops or [next(iter(waiting.values()))])]
        tops = []
        while stack:
            branch, span = stack.pop()
            if waiting.pop(span.span_id, None):
                twig = branch.add(_span_line(span))
                stack += [(twig, child) for child in reversed(children.get(span.span_id, []))]


def _span_line(span: "Span") -> "Text":
    from rich.text import Text

    line = Text.assemble((plain(span.display_name), "bold"), f"  {span.kind}", style="")
    if span.model:
        line.append(f"  {plain(span.model)}")
    line.append(f"  {_duration(span.duration_ms)}")
    if span.usage and span.usage.total_tokens is not None:
        line.append(f"  {_tokens(span.usage)} tokens")
    if span.cost and span.cost.total_usd is not None:
        line.append(f"  {_cost(span.cost.total_usd)}")
    if span.status == "error":
        reason = span.error and (span.error.message or span.error.type)
        text = plain(reason or span.status_message or "failed")
        line.append(f"  ✗ {text[:_MAX_REASON]}", style="red")
    elif span.status == "pending":
        line.append("  … still running", style="yellow")
    return line


def _status(trace: "TraceSummary") -> "Text":
    from rich.text import Text

    if trace.status == "error":
        return Text("error", style="red")
    if trace.error_count:
        return Text(f"{trace.status}, {trace.error_count} failed", style="yellow")
    return Text(trace.status)


def _local_time(time_ns: int) -> str:
    """Date and time in the reader's own zone."""
    return f"{dt.datetime.fromtimestamp(time_ns // 10**9).astimezone():%Y-%m-%d %H:%M:%S}"


def _duration(duration_ms: float | None) -> str:
    if duration_ms is None:
        return "-"
    if duration_ms < _SECOND_MS:
        return f"{duration_ms:.1f} ms"
    return f"{duration_ms / _SECOND_MS:,.2f} s"


def _tokens(usage: "Usage | None") -> str:
    if usage is None or usage.total_tokens is None:
        return "-"
    return f"{usage.total_tokens:,}"


def _cost(cost_usd: float | None) -> str:
    return "-" if cost_usd is None else f"${cost_usd:.6f}"
