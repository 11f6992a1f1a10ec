"""What another tracker's run has besides numbers, as ours tell it: media, and what was printed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from opentelemetry.sdk.trace import ReadableSpan

from weave_core.errors import ConfigError, WeaveError
from weave_core.foreign_runs import ForeignMedium, MediaRow
from weave_core.tracing.bodies import Molecule, Object3D
from weave_core.tracing.consoles import Console
from weave_core.tracing.histograms import Histogram
from weave_core.tracing.logged_values import Tell
from weave_core.tracing.media import SHELF, Audio, Html, Image, Markdown, Media, Video
from weave_core.tracing.outboxes import MediaSorter
from weave_core.tracing.run_files import MAX_FILE_NAME
from weave_core.tracing.run_media import RunMedia
from weave_core.tracing.tables import Table

__all__ = ["KeepBlob", "kept_files", "media_of_items", "printed", "shown"]

KeepBlob = Callable[[bytes | Path], str]
"""Stores bytes, or those of a file; gives their digest."""
_FILES_A_PIECE = 500
_FED = 1_000
"""Texts that are made into lines before they are sent."""


class _PlotlyFile(Media):
    """A figure of plotly's, by the file of its JSON."""

    kind = "plotly"
    _default_type = "application/json"


def _table(data: Any, chart: Mapping[str, Any] | None = None, **options: Any) -> Table:
    """A table, drawn as a chart where its columns allow it."""
    made = Table(data, **options)
    try:
        return made if chart is None else made.with_chart(**chart)
    except (ConfigError, TypeError):
        return made  # Its rows are what matters.


_MAKERS: dict[str, Callable[..., Any]] = {
    "audio": Audio,
    "file": Media,
    "histogram": Histogram,
    "html": Html,
    "image": Image,
    "markdown": Markdown,
    "molecule": Molecule,
    "object3d": Object3D,
    "plotly": _PlotlyFile,
    "table": _table,
    "video": Video,
}


def _medium(foreign: ForeignMedium) -> Media | Histogram:
    data = foreign.data
    if foreign.kind in ("html", "markdown") and isinstance(data, Path):
        data = data.read_bytes()
    made: Media | Histogram = _MAKERS[foreign.kind](data, **foreign.options)
    return made


def media_of_items(key: str, items: Iterable[ForeignMedium], tell: Tell) -> list[Media | Histogram]:
    """Values that a run can log; `tell` hears of what can't be kept."""
    found = []
    for item in items:
        try:
            found.append(_medium(item))
        except (WeaveError, OSError, ValueError, TypeError) as error:
            tell(key, f"a {item.kind} could not be read: {error}")
    return found


def shown(
    logged: Iterable[MediaRow],
    keep: KeepBlob,
    tell: Tell,
    make_span: Callable[[str, int], ReadableSpan],
) -> Iterator[ReadableSpan]:
    """Spans of media; the bytes are kept before the span that names them is given.

    Args:
        logged: What was logged.
        keep: Stores bytes.
        tell: Hears of what can't be kept.
        make_span: Makes a span of what it tells and a time.
    """
    SHELF.is_open = True  # Whoever takes these spans takes what waits there.
    waiting, sorter = RunMedia(tell), MediaSorter(_Kept(keep))
    for key, step, time_ns, items in logged:
        found = media_of_items(key, items, tell)
        if found:
            waiting.add(key, found, step=step, time_ns=time_ns)
        for told, at_ns in waiting.take():
            yield sorter.settled(make_span(told, at_ns))


class _Kept(NamedTuple):
    """What a sorter hands the bytes of media to."""

    keep: KeepBlob

    def add(self, content: bytes) -> str:
        """Store bytes; gives their digest."""
        return self.keep(content)


def kept_files(
    files: Sequence[tuple[str, Path]], keep: KeepBlob, tell: Tell, time_ns: int
) -> Iterator[str]:
    """Files as a run of ours tells them, as JSON, in pieces.

    Args:
        files: Names, and where they are.
        keep: Stores them.
        tell: Hears of what can't be kept.
        time_ns: When they were kept; the times of copies say nothing.
    """
    told: list[dict[str, Any]] = []
    for name, path in files:
        try:
            digest = keep(path)
        except (WeaveError, OSError) as error:
            tell(name, f"the file could not be kept: {error}")
            continue
        facts = {"digest": digest, "size_bytes": path.stat().st_size, "time_ns": time_ns}
        told.append({"name": name[:MAX_FILE_NAME], **facts})
    for place in range(0, len(told), _FILES_A_PIECE):
        yield orjson.dumps(told[place : place + _FILES_A_PIECE]).decode()


def printed(texts: Sequence[tuple[int, int, str]]) -> Iterator[str]:
    """Lines as a terminal would show them in the end, as JSON, in pieces.

    Args:
        texts: Stream, time and text of each that was written.
    """
    console = Console(lambda: None)
    for place in range(0, len(texts), _FED):
        console.heard.extend(texts[place : place + _FED])
        yield from console.take(is_last=place + _FED >= len(texts))
