"""What the programs of a run printed, line by line."""

from typing import Literal

from weave_core.ansi import without_ansi
from weave_core.model.values import Value

__all__ = ["CONSOLE_STREAMS", "ConsoleLine", "ConsolePage", "ConsoleStream"]

ConsoleStream = Literal["stdout", "stderr", "note"]
CONSOLE_STREAMS: tuple[ConsoleStream, ...] = ("stdout", "stderr", "note")
"""`note` is what weave-core itself says, such as how much was left out."""


class ConsoleLine(Value):
    """One line as a terminal would show it in the end, colours kept."""

    writer_id: str
    """Which of the run's programs printed it."""
    rank: int = 0
    number: int
    """Counts the lines of that program, of all streams together."""
    stream: ConsoleStream
    time_ns: int
    """When it began."""
    text: str
    """Without the newline; colours are ANSI's."""
    is_open: bool = False
    """Whether it had not ended: a progress bar, or a text without a newline."""

    @property
    def plain(self) -> str:
        """The text without colours."""
        return without_ansi(self.text)


class ConsolePage(Value):
    """Lines by time, oldest first."""

    items: list[ConsoleLine]
    total: int
    """Lines of the run, whatever was asked for."""
    has_more: bool = False
    """Whether there are newer ones already."""
    next_cursor: str | None = None
    """Of newer lines, also of those that are yet to come; None where nothing was printed."""
    previous_cursor: str | None = None
    """Of older lines; None where these are the first."""
