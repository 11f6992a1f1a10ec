"""The first words of what went in or came out of a span or a trace, as a column of filters.

PostgreSQL has them in the row.  SQLite's rows hold only those that the payload alone does not tell;
the others a function reads from the payload.  Its rows of traces hold them packed.
"""

from typing import Any, cast

from sqlalchemy import Column, String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from weave_core.server.store.tables import SpanRow, TraceRow, table_of

__all__ = [
    "PREVIEW",
    "UNPACKED",
    "PreviewText",
    "TracePreviewText",
    "preview_sql",
    "trace_preview_sql",
]

PREVIEW = "span_preview"
"""SQLite's function of a row id, which preview, and a word; the store's connections have it."""
UNPACKED = "unpacked_text"
"""SQLite's function of what a row holds of a text."""
_SPAN, _TRACE = table_of(SpanRow), table_of(TraceRow)
_NAMES = ("input_preview", "output_preview")


class PreviewText(FunctionElement[str]):
    """A preview, wherever it lies.

    Args:
        name: `input_preview` or `output_preview`.
        word: One that a comparison wants in it; spans that can't have it are not looked at closely.
    """

    inherit_cache = True
    type = String()

    def __init__(self, name: str, word: str = "") -> None:
        super().__init__(_SPAN.c[name], literal(word, String()))


class TracePreviewText(FunctionElement[str]):
    """A preview of a trace: `input_preview` or `output_preview`."""

    inherit_cache = True
    type = String()

    def __init__(self, name: str) -> None:
        super().__init__(_TRACE.c[name])
        self.key = name


def trace_preview_sql(column: str) -> str:
    """SQLite's expression for a preview of a trace, in `column`."""
    return f"{UNPACKED}({column})"


def preview_sql(name: str, *, table: str = "", word: str = "''") -> str:
    """SQLite's expression for a preview.

    Args:
        name: `input_preview` or `output_preview`.
        table: Name of the table `span` in the statement, with a dot; empty: none.
        word: SQL of the word that is wanted in it.
    """
    read = f"{PREVIEW}({table}id, {_NAMES.index(name)}, {word})"
    return f"COALESCE({table}{name}, CASE WHEN {table}has_content THEN {read} END)"


@compiles(PreviewText, "sqlite")
def _preview_sqlite(element: PreviewText, compiler: SQLCompiler, **_: Any) -> str:
    column, word = element.clauses
    name = cast("Column[Any]", column).name
    table = compiler.process(column).removesuffix(name)
    return preview_sql(name, table=table, word=compiler.process(word))


@compiles(TracePreviewText, "sqlite")
def _trace_preview_sqlite(element: TracePreviewText, compiler: SQLCompiler, **_: Any) -> str:
    (column,) = element.clauses
    return trace_preview_sql(compiler.process(column))


@compiles(TracePreviewText)
@compiles(PreviewText)
def _preview(element: PreviewText | TracePreviewText, compiler: SQLCompiler, **_: Any) -> str:
    column, *_word = element.clauses
    return compiler.process(column)
