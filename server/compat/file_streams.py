"""What a client posts while its program runs: rows of history, measured values, printed lines.

Lines are addressed by file and offset, and those that come again replace what is there.  Rows say
their step, which is what points are kept by, so a row that comes twice is the same points; printed
lines are kept by their number.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from weave_core.errors import BadRequest
from weave_core.flat_keys import flattened
from weave_core.foreign_runs.records import checked_step, ns_of, numbers_in
from weave_core.foreign_runs.wandb_media import is_series, media_told
from weave_core.histograms import binned
from weave_core.points import SYSTEM_PREFIX
from weave_core.server.compat.json_texts import read_json, read_object
from weave_core.server.compat.run_tellers import NumberRow

__all__ = ["Posted", "read_post"]

MAX_POSTED_LINES = 500_000
"""Lines of one post of a wandb client; its own bound is 10 MB a post."""
_PRINTED = re.compile(
    r"(?P<error>ERROR )?(?P<time>\d{4}-\d\d-\d\dT[\d:.]+)(?:Z|\+00:00)? ?(?P<text>.*)", re.DOTALL
)
_STEMS = {
    "wandb-history.jsonl": "history",
    "wandb-events.jsonl": "events",
    "wandb-summary.json": "summary",
    "output.log": "printed",
}


@dataclass(slots=True)
class Posted:
    """What one post tells."""

    rows: list[NumberRow] = field(default_factory=list)
    """Numbers, of history and of the machine."""
    media: list[tuple[str, int, int, Mapping[str, Any]]] = field(default_factory=list)
    """Key, step, time, and what the client says of it."""
    printed: list[list[Any]] = field(default_factory=list)
    """Number, stream, time, version, whether it is open, text."""
    summary: dict[str, Any] | None = None
    """All of it."""
    problems: dict[str, str] = field(default_factory=dict)
    is_complete: bool = False
    exit_code: int = 0


def read_post(body: bytes) -> Posted:
    """The content of a post.

    Raises:
        BadRequest: If it is none.
    """
    told = read_object(body)
    posted = Posted()
    posted.is_complete = told.get("complete") is True
    code = told.get("exitcode")
    posted.exit_code = code if type(code) is int else 0
    files = told.get("files")
    if files is not None and not isinstance(files, dict):
        raise BadRequest("files is no object")
    for name, chunk in (files or {}).items():
        kind = _STEMS.get(str(name).rpartition("/")[2])
        if kind is not None and isinstance(chunk, dict):
            offset, lines = chunk.get("offset"), chunk.get("content")
            _TAKERS[kind](posted, offset if type(offset) is int else 0, _texts(lines))
    return posted


def _texts(lines: Any) -> Sequence[str]:
    if not isinstance(lines, list) or len(lines) > MAX_POSTED_LINES:
        raise BadRequest(f"a file's content is no list of at most {MAX_POSTED_LINES:,} lines")
    return [line for line in lines if isinstance(line, str)]


def _rows(posted: Posted, lines: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Place in the post and object of each line that is one."""
    for place, line in enumerate(lines):
        try:
            row = read_json(line)
        except BadRequest as error:
            posted.problems["*"] = f"a row could not be read: {error.message}"[:500]
            continue
        if isinstance(row, dict):
            yield place, row


def _take_history(posted: Posted, offset: int, lines: Sequence[str]) -> None:
    for place, row in _rows(posted, lines):
        step = row.get("_step")
        number = checked_step(step if type(step) is int else offset + place)
        time_ns = _time_ns(row)
        kept = {key: value for key, value in row.items() if not key.startswith("_")}
        for key, told in media_told(kept):
            posted.media.append((key, number, time_ns, told))
        flat = dict(flattened(kept))
        for key in [key for key, value in flat.items() if is_series(value)]:
            counted = binned(flat.pop(key))
            told = {"_type": "histogram", "values": counted["counts"], "bins": counted["edges"]}
            posted.media.append((key, number, time_ns, told))
        numbers = numbers_in(flat, posted.problems)
        if numbers:
            posted.rows.append((tuple(numbers), number, time_ns, tuple(numbers.values())))


def _take_events(posted: Posted, _offset: int, lines: Sequence[str]) -> None:
    """What was measured of the machine; its steps are milliseconds, as those of ours."""
    for _, row in _rows(posted, lines):
        time_ns = _time_ns(row)
        values = {
            SYSTEM_PREFIX + key.removeprefix("system."): value
            for key, value in row.items()
            if not key.startswith("_")
        }
        numbers = numbers_in(values, {})
        if numbers:
            step = time_ns // 1_000_000
            posted.rows.append((tuple(numbers), step, time_ns, tuple(numbers.values())))


def _take_summary(posted: Posted, _offset: int, lines: Sequence[str]) -> None:
    for _, row in _rows(posted, lines[-1:]):
        posted.summary = row


def _take_printed(posted: Posted, offset: int, lines: Sequence[str]) -> None:
    now_ns = time.time_ns()
    version = (
        now_ns // 1_000
    )  # What comes later counts; in millionths of a second it is below 2^53.
    for place, line in enumerate(lines):
        stream, time_ns, text = _printed(line, now_ns)
        posted.printed.append([offset + place, stream, time_ns, version, False, text])


def _printed(line: str, now_ns: int) -> tuple[int, int, str]:
    """Stream, time and text of a line."""
    found = _PRINTED.match(line)
    if found is None:
        return 0, now_ns, line.rstrip("\n")
    text = found["text"].rstrip("\n")
    return int(found["error"] is not None), _stamp_ns(found["time"], now_ns), text


def _stamp_ns(text: str, now_ns: int) -> int:
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        return now_ns
    return ns_of(stamp.replace(tzinfo=UTC).timestamp())


def _time_ns(row: Mapping[str, Any]) -> int:
    stamp = row.get("_timestamp")
    return ns_of(float(stamp)) if isinstance(stamp, int | float) else time.time_ns()


_TAKERS = {
    "history": _take_history,
    "events": _take_events,
    "summary": _take_summary,
    "printed": _take_printed,
}
