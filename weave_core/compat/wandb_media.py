"""wandb's media on ours: its arguments, our classes.

A value that was made to be logged must not stop a training: what can't be kept is logged as an
`Unkept`, of which the run warns once.
"""

import copy
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from weave_core.compat.wandb_missing import Unkept
from weave_core.foreign_runs.wandb_boxes import boxes_of, labels_of
from weave_core.tracing import bodies, histograms, media
from weave_core.tracing.failures import warn_once
from weave_core.tracing.run_media import media_of

__all__ = [
    "Audio",
    "Classes",
    "Graph",
    "Histogram",
    "Html",
    "Image",
    "Molecule",
    "Object3D",
    "Plotly",
    "Video",
    "box3d",
    "kept",
]


def kept(name: str, make: Callable[[], Any]) -> Any:
    """What `make` gives; where that can't be kept, something that is left out and warned of."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001  # Whatever a path, an array or a figure raises: the training goes on.
        warn_once(f"wandb {name} {error}", "wandb: a %s is left out: %s", name, error)
        return Unkept()


class _Door(type):
    """Makes classes that give instances of ours, which `isinstance` takes for theirs."""

    makes: type

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.makes)


class Image(metaclass=_Door):
    """A picture from an array, a Pillow image, a figure or a path, with boxes and masks.

    Args:
        data_or_path: The picture.
        mode: Not read: it is told from the picture.
        caption: Shown with it.
        grouping: Has no meaning here.
        classes: Names of the classes of masks and boxes.
        boxes: By group, `box_data` and `class_labels`.
        masks: By name, `mask_data` and `class_labels`.
        file_type: Has no meaning here.
        normalize: Whether floats above 1 are divided by 255.
    """

    makes = media.Image

    def __new__(  # noqa: D102, PLR0917  # As wandb has them.
        cls,
        data_or_path: Any,
        mode: str | None = None,  # noqa: ARG004
        caption: str | None = None,
        grouping: object = None,  # noqa: ARG004
        classes: Any = None,
        boxes: Mapping[str, Any] | None = None,
        masks: Mapping[str, Any] | None = None,
        file_type: object = None,  # noqa: ARG004
        normalize: bool = True,  # noqa: FBT001, FBT002
        **_ignored: Any,
    ) -> Any:
        def make() -> Any:
            if isinstance(data_or_path, media.Image) and not boxes and not masks:
                again = copy.copy(data_or_path)
                again.caption = again.caption if caption is None else caption
                return again
            data = _pixels(data_or_path, normalize=normalize)
            if not boxes and not masks:
                return media.Image(data, caption=caption)
            data = _opened(data)
            facts = media.Image(data).content.facts
            size = float(facts.get("width") or 1), float(facts.get("height") or 1)
            groups = (boxes or {}).items()
            named = labels_of([*(boxes or {}).values(), *(masks or {}).values()])
            return media.Image(
                data,
                caption=caption,
                boxes=[box for group, told in groups for box in boxes_of(group, told, size)],
                masks={
                    name: told["mask_data"]
                    for name, told in (masks or {}).items()
                    if "mask_data" in told
                },
                labels=_names(classes) | named,
            )

        return kept("Image", make)


def _pixels(data: Any, *, normalize: bool) -> Any:
    """What an image of ours is made of."""
    figures = None if isinstance(data, media.Media) else media_of(data)
    if isinstance(data, media.Media):
        return data.content.make()
    if figures is not None:
        data = figures[0].content if isinstance(figures[0], media.Media) else data
        return data.make() if isinstance(data, media.Content) else data
    if hasattr(data, "detach"):
        data = data.detach().cpu()
    is_float = "float" in str(getattr(data, "dtype", ""))
    shape = tuple(getattr(data, "shape", ()))
    if len(shape) == 4 and shape[0] == 1:  # noqa: PLR2004  # A batch of one picture.
        data = data[0]
    if normalize and is_float and 0 not in shape and float(data.max()) > 1:
        data = data / 255.0
    return data


def _opened(data: Any) -> Any:
    """The picture of a file: boxes are told as parts of its size."""
    if not isinstance(data, bytes | str | Path):
        return data
    from PIL import Image as Pictures  # Who has boxes on pictures has it, else they are left out.

    with Pictures.open(io.BytesIO(data) if isinstance(data, bytes) else data) as opened:
        return opened.copy()


def _names(classes: Any) -> dict[int, str]:
    told = classes.class_set if isinstance(classes, Classes) else classes or ()
    return {int(each["id"]): str(each["name"]) for each in told}


class Classes:
    """Names of the classes of masks and boxes, as mappings with `id` and `name`."""

    def __init__(self, class_set: Sequence[Mapping[str, Any]]) -> None:
        self.class_set = list(class_set)


class Audio(metaclass=_Door):
    """A sound from samples or a path."""

    makes = media.Audio

    def __new__(  # noqa: D102
        cls, data_or_path: Any, sample_rate: int | None = None, caption: str | None = None
    ) -> Any:
        rate = sample_rate or 16_000
        return kept("Audio", lambda: media.Audio(data_or_path, sample_rate=rate, caption=caption))


class Video(metaclass=_Door):
    """A film from frames, a path or an open file."""

    makes = media.Video

    def __new__(  # noqa: D102
        cls,
        data_or_path: Any,
        caption: str | None = None,
        fps: float | None = None,
        *_given: Any,
        **_ignored: Any,
    ) -> Any:
        def make() -> Any:
            data = data_or_path.read() if hasattr(data_or_path, "read") else data_or_path
            return media.Video(data, fps=fps or 4, caption=caption)

        return kept("Video", make)


class Html(metaclass=_Door):
    """A page from a text, a path or an open file; none of its scripts is run."""

    makes = media.Html

    def __new__(  # noqa: D102
        cls,
        data: Any,
        inject: object = None,  # noqa: ARG004
        data_is_not_path: bool = False,  # noqa: FBT001, FBT002
        **_ignored: Any,
    ) -> Any:
        def make() -> Any:
            text = data.read() if hasattr(data, "read") else data
            is_path = isinstance(text, str | Path) and str(text).endswith((".html", ".htm"))
            if is_path and not data_is_not_path and Path(text).is_file():
                text = Path(text).read_text(encoding="utf-8", errors="replace")
            return media.Html(text)

        return kept("Html", make)


class Histogram(metaclass=_Door):
    """Values, or counts and edges as `numpy.histogram` gives them."""

    makes = histograms.Histogram
    MAX_LENGTH = 512

    def __new__(cls, sequence: Any = None, np_histogram: Any = None, num_bins: int = 64) -> Any:  # noqa: D102
        def make() -> Any:
            if np_histogram is not None:
                counts, edges = np_histogram
                return histograms.Histogram(counts=list(counts), edges=list(edges))
            return histograms.Histogram(sequence, bins=num_bins)

        return kept("Histogram", make)


class Object3D(metaclass=_Door):
    """A cloud of points, or a mesh by its path."""

    makes = bodies.Object3D

    def __new__(cls, data_or_path: Any, caption: str | None = None, **_ignored: Any) -> Any:  # noqa: D102
        return kept("Object3D", lambda: bodies.Object3D(_body(data_or_path), caption=caption))

    from_numpy = from_file = classmethod(lambda cls, data, *_given, **_ignored: cls(data))


def _body(data: Any) -> Any:
    """Points of a scene, whose boxes and vectors are not drawn here; an open file's bytes."""
    if isinstance(data, Mapping):
        if data.get("boxes") or data.get("vectors"):
            warn_once("wandb scene", "wandb: of a scene the points are kept, not boxes and vectors")
        return data.get("points")
    return data.name if hasattr(data, "read") and hasattr(data, "name") else data


class Molecule(metaclass=_Door):
    """A molecule by its path."""

    makes = bodies.Molecule

    def __new__(cls, data_or_path: Any, caption: str | None = None, **_ignored: Any) -> Any:  # noqa: D102
        return kept("Molecule", lambda: bodies.Molecule(data_or_path, caption=caption))

    from_rdkit = from_smiles = classmethod(lambda cls, data, *_given, **_ignored: cls(data))


def Plotly(figure: Any) -> Any:  # noqa: N802  # wandb's name.
    """A figure of plotly's or matplotlib's."""
    return figure


class Graph(Unkept):
    """A graph of a model, left out of what is logged."""


def box3d(**told: Any) -> dict[str, Any]:
    """A box of a scene, which is not drawn here."""
    return told
