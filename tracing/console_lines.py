r"""What a program prints, as the lines that a terminal would show in the end.

A progress bar goes back to the begin of its line (`\r`) or up to a line above it, a hundred times;
what is kept is the line as it was left.  A line that may still change is told now and then with
what it is by then, under the same number.  Colours stay.
"""

import re
from collections import deque
from collections.abc import Iterable
from itertools import count

__all__ = ["MAX_CONSOLE_LINES", "MAX_CONSOLE_TEXT", "MAX_LINE_TEXT", "ConsoleLines", "Told"]

MAX_CONSOLE_LINES = 2_000_000
"""Lines of what one writer of a run prints that are kept; of more, only the last thousand."""
MAX_CONSOLE_TEXT = 128 * 1024 * 1024
"""Characters of them, likewise."""
MAX_LINE_TEXT = 10_000
"""Characters of one printed line; what is longer is cut and marked."""
KEPT_END = 1_000
"""Lines behind those bounds that a run tells at its end: they say why it ended."""
_WINDOW = 64
"""Lines above the newest that a program can go back to, as tall as a terminal."""
_MAX_COLUMN = 100_000
_OPEN_EVERY_S = 1.0
"""How often a line is told that changes all the time."""
_NOTE = 2

_ODD = re.compile(r"[\r\x08]|\x1b(?!\[[\d;]*m)")
"""What else there is than text, newlines and colours."""
_PIECE = re.compile(
    r"\x1b\[([\d;?]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]]|[\n\r\x08]"
    r"|(?:[^\x1b\n\r\x08]|\x1b\[[\d;]*m)+",
)
_UNFINISHED = re.compile(r"\x1b(?:\[[\d;?]*|\][^\x07\x1b]{0,500})?$")
"""A command whose rest comes with the next text."""
_CELL = re.compile(r"(?:\x1b\[[\d;]*m)*[^\x1b]|(?:\x1b\[[\d;]*m)+$|\x1b", re.DOTALL)
"""A character with the colours before it."""

Told = tuple[int, int, int, int, bool, str]
"""Number, stream, begin in nanoseconds, times it was told before, whether it may go on, text."""


class _Line:
    """One line; `text` is what it shows."""

    __slots__ = ("began_ns", "is_open", "is_urgent", "number", "text", "told_s", "version")

    def __init__(self, number: int, began_ns: int) -> None:
        self.number = number
        self.began_ns = began_ns
        self.text = ""
        self.is_open = True
        self.is_urgent = True
        """Whether it is told at once: a new line, or one that has ended."""
        self.version = 0
        self.told_s = 0.0


class _Order:
    """Numbers and begins of lines, both ever larger: lines are found again by either."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._latest_ns = 0

    def next(self, time_ns: int) -> tuple[int, int]:
        """Number and begin of a line that begins at `time_ns`, if the clock was not set back."""
        self._latest_ns = max(self._latest_ns + 1, time_ns)
        return next(self._numbers), self._latest_ns


class _Screen:
    """The last lines of one stream, and the place in them where it writes."""

    def __init__(self, stream: int, order: _Order) -> None:
        self.stream = stream
        self._order = order
        self._rows: deque[_Line | None] = deque([None])
        self._row = 0
        self._column: int | None = None
        """None: behind the text of the line."""
        self._rest = ""
        self.changed: dict[int, _Line] = {}

    def feed(self, text: str, time_ns: int) -> None:
        """Take what was written."""
        if self._rest:
            text, self._rest = self._rest + text, ""
        if "\r\n" in text:
            text = text.replace("\r\n", "\n")
        is_at_end = self._column is None and self._row == len(self._rows) - 1
        if is_at_end and _ODD.search(text) is None:
            self._write_lines(text, time_ns)
            return
        unfinished = _UNFINISHED.search(text)
        if unfinished is not None:
            text, self._rest = text[: unfinished.start()], unfinished[0]
        for piece in _PIECE.finditer(text):
            self._take(piece, time_ns)

    def end(self) -> None:
        """Nothing more will come: a line without a newline is one too."""
        for line in self._rows:
            if line is not None and line.is_open:
                line.is_open = False
                self.changed[line.number] = line

    def _write_lines(self, text: str, time_ns: int) -> None:
        """The usual way: nothing goes back."""
        first, *rest = text.split("\n")
        if first:
            self._put(first, time_ns)
        for part in rest:
            self._down(time_ns)
            if part:
                self._put(part, time_ns)

    def _take(self, piece: "re.Match[str]", time_ns: int) -> None:
        text, command = piece[0], piece[2]
        if command is not None and command != "m":
            self._command(command, piece[1], time_ns)
        elif text == "\n":
            self._down(time_ns)
        elif text == "\r":
            self._column = 0
        elif text == "\x08":
            self._column = max(0, self._place() - 1)
        elif command == "m" or text[0] != "\x1b" or text.startswith("\x1b["):
            self._put(text, time_ns)

    def _command(self, command: str, given: str, time_ns: int) -> None:
        number = int(given) if given.isdigit() else None
        steps = number or 1
        match command:
            case "A" | "F":
                self._column = self._place()
                self._row = max(0, self._row - steps)
            case "B" | "E":
                self._column = self._place()
                self._row = min(len(self._rows) - 1, self._row + steps)
            case "C":
                self._column = min(_MAX_COLUMN, self._place() + steps)
            case "D":
                self._column = max(0, self._place() - steps)
            case "G":
                self._column = min(_MAX_COLUMN, steps - 1)
            case "K":
                self._erase(number or 0, time_ns)
            case "J" if number in (None, 0):
                self._erase(0, time_ns)
                for row in range(self._row + 1, len(self._rows)):
                    self._change(row, "", time_ns)
            case _:
                pass  # Cursor shown and hidden, tabs and the like change no text.
        if command in "EF":
            self._column = 0

    def _place(self) -> int:
        if self._column is not None:
            return self._column
        line = self._rows[self._row]
        return 0 if line is None else len(_cells(line.text))

    def _erase(self, which: int, time_ns: int) -> None:
        line = self._rows[self._row]
        if line is None:
            return
        cells = _cells(line.text)
        at = len(cells) if self._column is None else min(self._column, len(cells))
        if which == 0:
            cells = cells[:at]
        elif which == 1:
            cells[:at] = " " * at
        else:
            cells = []
        self._column = at if which != 0 else self._column
        self._change(self._row, "".join(cells), time_ns)

    def _put(self, text: str, time_ns: int) -> None:
        """Write at the place; what stood there goes."""
        line = self._rows[self._row]
        old = "" if line is None else line.text
        text = text[: MAX_LINE_TEXT + 1]
        if self._column is None:
            if len(old) <= MAX_LINE_TEXT:
                self._change(self._row, old + text, time_ns)
            return
        cells, new = _cells(old), _cells(text)
        if len(cells) < self._column:
            cells += [" "] * (self._column - len(cells))
        cells[self._column : self._column + len(new)] = new
        self._column += len(new)
        if self._column >= len(cells):
            self._column = None
        self._change(self._row, "".join(cells), time_ns)

    def _change(self, row: int, text: str, time_ns: int) -> None:
        line = self._rows[row]
        if line is None:
            if not text:
                return
            line = self._rows[row] = _Line(*self._order.next(time_ns))
        line.text = text[: MAX_LINE_TEXT + 1]
        self.changed[line.number] = line

    def _down(self, time_ns: int) -> None:
        line = self._rows[self._row]
        if line is None:
            line = self._rows[self._row] = _Line(*self._order.next(time_ns))
        if line.is_open:
            line.is_open, line.is_urgent = False, True
            self.changed[line.number] = line
        self._column = 0
        if self._row < len(self._rows) - 1:
            self._row += 1
        else:
            self._rows.append(None)
            if len(self._rows) > _WINDOW:
                self._rows.popleft()
            self._row = len(self._rows) - 1
        if self._rows[self._row] is None:
            self._column = None


def _cells(text: str) -> list[str]:
    """Characters with the colours before them; colours at the end stay with the last one."""
    cells: list[str] = _CELL.findall(text)
    if len(cells) > 1 and cells[-1][0] == "\x1b" and cells[-1].endswith("m"):
        last = cells.pop()
        cells[-1] += last
    return cells


class ConsoleLines:
    """Lines of one writer, out of what its two streams are given.

    Args:
        max_lines: Most that are kept; of more, only the last ones.
        max_text: Characters of them, likewise.
    """

    def __init__(
        self, *, max_lines: int = MAX_CONSOLE_LINES, max_text: int = MAX_CONSOLE_TEXT
    ) -> None:
        self._max_lines, self._max_text = max_lines, max_text
        self._order = _Order()
        self._screens = [_Screen(0, self._order), _Screen(1, self._order)]
        self._lines = self._text = 0
        self._end: deque[Told] = deque(maxlen=KEPT_END)
        self._left_out = 0
        self._first_left_out = 0
        self._notes: list[Told] = []

    def feed(self, stream: int, text: str, time_ns: int) -> None:
        """Take what was written to a stream: 0 is standard output, 1 standard error."""
        self._screens[stream].feed(text, time_ns)

    def note(self, text: str, time_ns: int) -> None:
        """Add lines of our own."""
        for line in text.splitlines():
            number, began_ns = self._order.next(time_ns)
            self._notes.append((number, _NOTE, began_ns, 0, False, _cut(line)))

    def take(self, now_s: float, *, is_last: bool = False) -> list[Told]:
        """What is new or has changed; at last what stood behind the bounds, too."""
        found = self._notes
        self._notes = []
        for screen in self._screens:
            found += self._changed(screen, now_s, is_last=is_last)
        found.sort()
        kept = [told for told in found if self._admit(told)]
        if is_last and self._left_out:
            kept += self._ending()
        return kept

    def _changed(self, screen: _Screen, now_s: float, *, is_last: bool) -> Iterable[Told]:
        if is_last:
            screen.end()
        waiting: dict[int, _Line] = {}
        for line in screen.changed.values():
            if not (line.is_urgent or is_last or now_s - line.told_s >= _OPEN_EVERY_S):
                waiting[line.number] = line
                continue
            text = _cut(line.text)
            yield line.number, screen.stream, line.began_ns, line.version, line.is_open, text
            line.version += 1
            line.is_urgent = False
            line.told_s = now_s
        screen.changed = waiting

    def _admit(self, told: Told) -> bool:
        """Whether a line is kept; else it waits among the last ones."""
        is_new = told[3] == 0
        if self._left_out == 0:
            self._lines += is_new
            self._text += len(told[5]) * is_new
            if self._lines <= self._max_lines and self._text <= self._max_text:
                return True
            self._first_left_out = told[0]
        elif told[0] < self._first_left_out:
            return True
        self._left_out += is_new
        self._end.append(told)
        return False

    def _ending(self) -> Iterable[Told]:
        missing = self._left_out - len(self._end)
        if missing:
            text = f"… {missing:,} lines were left out here: of one program a run keeps so many"
            yield (self._first_left_out, _NOTE, self._end[0][2], 1, False, text)
        yield from self._end
        self._left_out = 0
        self._end.clear()


def _cut(text: str) -> str:
    if len(text) <= MAX_LINE_TEXT:
        return text
    return f"{text[:MAX_LINE_TEXT]}… <cut>"
