"""How far an evaluation is: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as Bar,
)

from weave_core.model import EvaluatedItem

__all__ = ["Progress"]

_LINE_S = 10.0


class Progress:
    """Tells on standard error; a log of CI gets a line every ten seconds and one at the end.

    Args:
        name: Of the evaluation.
        total: Examples that there will be.
        is_shown: False says nothing at all.
    """

    def __init__(self, name: str, total: int, *, is_shown: bool) -> None:
        self._name, self._total = name, total
        self._done = self._errors = 0
        self._is_shown = is_shown
        self._told_s = time.monotonic()
        console = Console(stderr=True)
        self._bar: Bar | None = None
        if is_shown and console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bar = Bar(
                *columns,
                TextColumn("{task.fields[failed]}", style="red"),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
            self._row = self._bar.add_task(name, total=total, failed="")

    def advance(self, item: EvaluatedItem) -> None:
        """Count one example."""
        self._done += 1
        self._errors += item.outcome != "ok"
        if self._bar is not None:
            failed = f"{self._errors} failed" if self._errors else ""
            self._bar.update(self._row, advance=1, failed=failed)
        elif self._is_shown and time.monotonic() - self._told_s >= _LINE_S:
            self._tell()

    def say(self, text: str) -> None:
        """A line beside the count."""
        if self._is_shown:
            sys.stderr.write(f"{self._name}: {text}\n")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._is_shown:
            self._tell()

    def _tell(self) -> None:
        self._told_s = time.monotonic()
        failed = f", {self._errors} failed" if self._errors else ""
        sys.stderr.write(f"{self._name}: {self._done} of {self._total} examples{failed}\n")
