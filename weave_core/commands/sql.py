"""`weave-core sql`: one SELECT, answered as a table, JSON or CSV."""

import csv
import sys
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from weave_core.commands.clients import Json, Project, Server, open_client, with_caret
from weave_core.commands.output import console, plain, print_json
from weave_core.errors import BadRequest
from weave_core.settings import Settings

if TYPE_CHECKING:
    from weave_core.model import SqlResult, SqlTables

__all__ = ["sql"]

_MAX_CELL = 80


def sql(
    query: Annotated[
        str | None, typer.Argument(metavar="QUERY", help="One SELECT; none: the tables there are.")
    ] = None,
    *,
    project: Project = None,
    server: Server = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=100_000, help="Most rows wanted.")
    ] = 1_000,
    json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
) -> None:
    """Ask the spans, traces, logs and metrics of a project in SQL."""
    settings = Settings.from_env(endpoint=server, project=project)
    with open_client(settings) as client:
        if query is None:
            tables = client.list_sql_tables(settings.project)
            if json:
                print_json(tables.model_dump(mode="json"))
            else:
                _print_tables(tables)
            return
        try:
            result = client.run_sql(settings.project, query, limit=limit)
        except BadRequest as error:
            raise with_caret(error, query) from error
    if json:
        print_json(result.model_dump(mode="json"))
    elif as_csv:
        _print_csv(result)
    else:
        _print_rows(result)
    if result.truncated and not json:
        sys.stderr.write(f"These are the first {len(result.rows):,} rows; --limit shows more.\n")


def _print_tables(tables: "SqlTables") -> None:
    out = console()
    for table in tables.tables:
        out.print(f"{table.name}: {table.description}", markup=False)
        for column in table.columns:
            line = f"  {column.name:<24}{column.type:<9}{column.description}".rstrip()
            out.print(line, markup=False)
        out.print()
    out.print(f"Functions: {', '.join(tables.functions)}", markup=False)


def _print_csv(result: "SqlResult") -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([column.name for column in result.columns])
    writer.writerows([_text(cell) for cell in row] for row in result.rows)


def _print_rows(result: "SqlResult") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in result.columns:
        is_number = column.type in {"integer", "number"}
        table.add_column(
            Text(plain(column.name)), justify="right" if is_number else "left", overflow="fold"
        )
    for row in result.rows:
        table.add_row(*(Text(_clipped(plain(_text(cell)))) for cell in row))
    console().print(table)


def _clipped(text: str) -> str:
    return text if len(text) <= _MAX_CELL else f"{text[: _MAX_CELL - 1]}…"


def _text(cell: Any) -> str:
    """A cell as text; nothing for null, as CSV has it."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    return orjson.dumps(cell).decode()
