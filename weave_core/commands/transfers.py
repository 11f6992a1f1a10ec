"""`weave-core export` and `weave-core import`: the spans of a project as a file, and back.

An import can be broken off and started again: the server knows what it has.
"""

import gzip
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import typer

from weave_core.commands.clients import Project, Server, open_client, with_caret
from weave_core.commands.output import console, plain, print_json
from weave_core.errors import BadRequest, ConfigError, Overloaded, ServerUnreachable, TooLarge
from weave_core.settings import Settings

if TYPE_CHECKING:
    from weave_core.client import Client
    from weave_core.model import ImportReport

__all__ = ["MAX_LINE_BYTES", "export_spans", "import_lines"]

MAX_LINE_BYTES = 48 * 1024 * 1024
"""Longest line of an imported file."""
_BATCH_BYTES = 2 * 1024 * 1024
_MAX_TOLD = 20
_TRIES = 60
_PAUSE_S = 1.0
_PROGRESS_S = 0.5


def export_spans(
    *,
    project: Project = None,
    server: Server = None,
    format: Annotated[  # noqa: A002  # The API's own name for it.
        Literal["jsonl", "otlp", "parquet"],
        typer.Option(
            help="jsonl: a span a line, as the API gives it; otlp: lines of OTLP/JSON, which keep "
            "all that was sent; parquet: a table."
        ),
    ] = "jsonl",
    filter: Annotated[  # noqa: A002
        str | None, typer.Option("--filter", "-f", help="Which ones; default: all.")
    ] = None,
    of: Annotated[
        Literal["spans", "traces"],
        typer.Option(help="What the filter speaks of; traces are exported with all their spans."),
    ] = "spans",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; default: standard output."),
    ] = None,
) -> None:
    """Write the spans of a project, however many, into a file."""
    settings = Settings.from_env(endpoint=server, project=project)
    if output is None and format == "parquet" and sys.stdout.isatty():
        raise ConfigError("a Parquet file is nothing for a terminal", "name a file with --output")
    with open_client(settings) as client:
        chunks = client.export(settings.project, format=format, filter=filter, of=of)
        try:
            if output is None:
                for chunk in chunks:
                    sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
            else:
                _write(output, chunks)
        except BadRequest as error:
            raise with_caret(error, filter) from error


def _write(output: Path, chunks: Iterator[bytes]) -> None:
    """Write under another name first: a file that is there is whole."""
    part = output.with_name(f"{output.name}.part")
    size_bytes = 0
    progress = _Progress()
    try:
        with part.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
                size_bytes += len(chunk)
                progress.show(f"{size_bytes / 1e6:,.1f} MB")
        part.replace(output)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    progress.end()
    sys.stderr.write(f"Wrote {size_bytes:,} bytes to {output}.\n")


def import_lines(file: Path, settings: Settings, *, json: bool) -> None:
    """Take the spans of a file into a project; what is there already is recognised.

    Raises:
        ConfigError: If there is no such file, or lines were refused.
        ServerUnreachable: If no answer comes.
    """
    done = _Done()
    progress = _Progress()
    with open_client(settings) as client, _open(file) as lines:
        for batch in _batches(lines, done):
            try:
                report = _send(client, settings.project, batch.lines)
            except TooLarge as error:
                done.refuse(batch.first_line, error.message, len(batch.lines))
                continue
            except ServerUnreachable as error:
                progress.end()
                raise ServerUnreachable(
                    f"{error.message}, after {done.lines:,} lines",
                    "run the same import again: what is stored is recognised",
                ) from error
            done.add(report, batch.first_line)
            progress.show(f"{done.lines:,} lines, {done.spans:,} spans")
    progress.end()
    for line, message in done.errors:
        where = f"line {line}: " if line else ""
        sys.stderr.write(f"{where}{plain(message)}\n")
    if json:
        print_json(done.told())
    else:
        console().print(
            f"Took {done.spans:,} spans, {done.log_records:,} log records and "
            f"{done.data_points:,} metric points from {done.lines:,} lines.",
            markup=False,
        )
    if done.refused:
        raise ConfigError(f"{done.refused:,} were refused", "the first are named above")


@dataclass
class _Batch:
    first_line: int
    lines: list[bytes]


@dataclass
class _Done:
    """What came of it so far."""

    lines: int = 0
    spans: int = 0
    log_records: int = 0
    data_points: int = 0
    refused: int = 0
    errors: list[tuple[int | None, str]] = field(default_factory=list)

    def refuse(self, line: int | None, message: str, count: int = 1) -> None:
        self.refused += count
        if len(self.errors) < _MAX_TOLD:
            self.errors.append((line, message))

    def add(self, report: "ImportReport", first_line: int) -> None:
        self.lines += report.lines
        self.spans += report.spans
        self.log_records += report.log_records
        self.data_points += report.data_points
        for wrong in report.errors:
            line = None if wrong.line is None else first_line + wrong.line - 1
            self.refuse(line, wrong.message, 0)
        self.refused += report.refused

    def told(self) -> dict[str, Any]:
        counts = ("lines", "spans", "log_records", "data_points", "refused")
        errors = [{"line": line, "message": message} for line, message in self.errors]
        return {name: getattr(self, name) for name in counts} | {"errors": errors}


def _open(file: Path) -> IO[bytes]:
    if not file.is_file():
        raise ConfigError(f"there is no file {str(file)!r}", "`weave-core export` writes one")
    if file.suffix == ".gz":
        return gzip.open(file, "rb")  # type: ignore[return-value]  # A GzipFile reads as one.
    with file.open("rb") as begin:
        if begin.read(4) == b"PAR1":
            raise ConfigError(
                f"{str(file)!r} is a Parquet file, which is not read back",
                "export with --format otlp for that",
            )
    return file.open("rb")


def _batches(lines: IO[bytes], done: _Done) -> Iterator[_Batch]:
    """The lines in batches of some MiB; one that is far too long is left out."""
    batch = _Batch(1, [])
    size_bytes = 0
    number = 0
    while line := lines.readline(MAX_LINE_BYTES):
        number += 1
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            done.refuse(number, f"the line has more than {MAX_LINE_BYTES} bytes")
            while line and not line.endswith(b"\n"):
                line = lines.readline(MAX_LINE_BYTES)
            line = b"\n"  # Its place in the count of lines.
        batch.lines.append(line)
        size_bytes += len(line)
        if size_bytes >= _BATCH_BYTES:
            yield batch
            batch = _Batch(number + 1, [])
            size_bytes = 0
    if batch.lines:
        yield batch


def _send(client: "Client", project: str, lines: list[bytes]) -> "ImportReport":
    """Send, with patience for a server that has its hands full."""
    body = b"".join(lines)
    for _ in range(_TRIES):
        try:
            return client.import_lines(project, body)
        except Overloaded:
            time.sleep(_PAUSE_S)
    return client.import_lines(project, body)


class _Progress:
    """One line on a terminal that is written over; nothing into a file."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._last = 0.0

    def show(self, text: str) -> None:
        now = time.monotonic()
        if self._is_shown and now - self._last >= _PROGRESS_S:
            self._last = now
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    def end(self) -> None:
        if self._is_shown and self._last:
            sys.stderr.write("\r\x1b[K")
