"""wandb's media on ours: its arguments, our classes.

A value that was made to be logged must not stop a training: what can't be kept is logged as an
`Unkept`, of which the run warns once.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from weave_core.compat.wandb_missing import Unkept
from weave_core.errors import ConfigError
from weave_core.foreign_runs.wandb_boxes import boxes_of, labels_of
from weave_core.tracing import bodies, histograms, media, tables
from weave_core.tracing.failures import warn_once
from weave_core.tracing.run_media import media_of

__all__ = [
    "Audio",
    "Histogram",
    "Html",
    "Image",
    "Molecule",
    "Object3D",
    "Plotly",
    "Table",
    "Video",
]


def _kept(name: str, make: Callable[[], Any]) -> Any:
    """What `make` gives; where that can't be kept, something that is left out and warned of."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001  # Whatever a path, an array or a figure raises: the training goes on.
        warn_once(f"wandb {name} {error}", "wandb: a %s is left out: %s", name, error)
        return Unkept()


def Image(  # noqa: N802  # wandb's name.
    data_or_path: Any,
    mode: str | None = None,
    caption: str | None = None,
    *,
    boxes: Mapping[str, Any] | None = None,
    masks: Mapping[str, Any] | None = None,
    normalize: bool = True,
    **_ignored: Any,
) -> Any:
    """A picture from an array, a Pillow image, a figure or a path, with boxes and masks.

    Args:
        data_or_path: The picture.
        mode: Not read: it is told from the picture.
        caption: Shown with it.
        boxes: By group, `box_data` and `class_labels`.
        masks: By name, `mask_data` and `class_labels`.
        normalize: Whether floats above 1 are divided by 255.
    """
    del mode

    def make() -> Any:
        data = data_or_path
        figures = media_of(data)
        if figures is not None and not isinstance(data, media.Media):
            data = figures[0].content if isinstance(figures[0], media.Media) else data
            data = data.make() if isinstance(data, media.Content) else data
        if normalize and getattr(getattr(data, "dtype", None), "kind", "") == "f" and data.size:
            data = data / 255.0 if float(data.max()) > 1 else data
        plain = media.Image(data, caption=caption)
        if not boxes and not masks:
            return plain
        facts = plain.content.facts
        size = float(facts.get("width") or 1), float(facts.get("height") or 1)
        labels = labels_of([*(boxes or {}).values(), *(masks or {}).values()])
        return media.Image(
            data,
            caption=caption,
            boxes=[
                box for group, told in (boxes or {}).items() for box in boxes_of(group, told, size)
            ],
            masks={
                name: told["mask_data"]
                for name, told in (masks or {}).items()
                if "mask_data" in told
            },
            labels=labels,
        )

    return _kept("Image", make)


def Audio(  # noqa: N802  # wandb's name.
    data_or_path: Any, sample_rate: int | None = None, caption: str | None = None
) -> Any:
    """A sound from samples or a path."""
    rate = sample_rate or 16_000
    return _kept("Audio", lambda: media.Audio(data_or_path, sample_rate=rate, caption=caption))


def Video(  # noqa: N802  # wandb's name.
    data_or_path: Any, caption: str | None = None, fps: float | None = None, **_ignored: Any
) -> Any:
    """A film from frames, a path or an open file."""

    def make() -> Any:
        data = data_or_path.read() if hasattr(data_or_path, "read") else data_or_path
        return media.Video(data, fps=fps or 4, caption=caption)

    return _kept("Video", make)


def Html(data: Any, **options: Any) -> Any:  # noqa: N802  # wandb's name.
    """A page from a text, a path or an open file; none of its scripts is run."""

    def make() -> Any:
        text = data.read() if hasattr(data, "read") else data
        is_path = isinstance(text, str | Path) and str(text).endswith((".html", ".htm"))
        if is_path and not options.get("data_is_not_path") and Path(text).is_file():
            text = Path(text).read_text(encoding="utf-8", errors="replace")
        return media.Html(text)

    return _kept("Html", make)


def Histogram(  # noqa: N802  # wandb's name.
    sequence: Any = None, np_histogram: Any = None, num_bins: int = 64
) -> Any:
    """Values, or counts and edges as `numpy.histogram` gives them."""

    def make() -> Any:
        if np_histogram is not None:
            counts, edges = np_histogram
            return histograms.Histogram(counts=list(counts), edges=list(edges))
        return histograms.Histogram(sequence, bins=num_bins)

    return _kept("Histogram", make)


def Object3D(data_or_path: Any, caption: str | None = None, **_ignored: Any) -> Any:  # noqa: N802  # wandb's name.
    """A cloud of points, or a mesh by its path."""
    return _kept("Object3D", lambda: bodies.Object3D(data_or_path, caption=caption))


def Molecule(data_or_path: Any, caption: str | None = None, **_ignored: Any) -> Any:  # noqa: N802  # wandb's name.
    """A molecule by its path."""
    return _kept("Molecule", lambda: bodies.Molecule(data_or_path, caption=caption))


def Plotly(figure: Any) -> Any:  # noqa: N802  # wandb's name.
    """A figure of plotly's or matplotlib's."""
    return figure


class Table(tables.Table):
    """Columns and rows, with wandb's methods."""

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        **_ignored: Any,
    ) -> None:
        given = dataframe if dataframe is not None else data if data is not None else rows
        if hasattr(given, "tolist") and not hasattr(given, "itertuples"):
            given = given.tolist()  # An array of numpy's.
        if columns is None and given is None:
            columns = ["Input", "Output", "Expected"]  # wandb's own.
        if hasattr(given, "itertuples"):
            super().__init__(given)
            return
        rows = [list(row) for row in given or ()]
        if columns is None:
            columns = range(len(rows[0]) if rows else 1)
        super().__init__(columns=columns)
        for row in rows:
            self.add_data(*row)

    @property
    def data(self) -> list[list[Any]]:
        """Its rows."""
        return self._rows

    def add_data(self, *row: Any) -> None:
        """Add a row."""
        try:
            self.add_row(*row)
        except ConfigError as error:
            warn_once(f"wandb row {error}", "wandb: a row of a table is left out: %s", error)

    def add_column(self, name: str, data: Any, optional: Any = False) -> None:  # noqa: FBT002  # wandb's.
        """Add a column, a value for each row."""
        del optional
        cells = list(data)
        if self._rows and len(cells) != len(self._rows):
            warn_once(
                f"wandb column {name}",
                "wandb: the column %r of %d cells is left out of a table of %d rows",
                name, len(cells), len(self._rows),
            )  # fmt: skip
            return
        if not self._rows:
            self._rows, self._total = [[] for _ in cells], len(cells)
        self.columns.append(str(name))
        for row, cell in zip(self._rows, cells, strict=True):
            row.append(cell)

    def get_column(self, name: str) -> list[Any]:
        """The cells of a column."""
        place = self.columns.index(name)
        return [row[place] for row in self._rows]
