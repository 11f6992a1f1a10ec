"""`wandb.sdk.data_types`: the same as `wandb.data_types`."""

from weave_core.compat.wandb.data_types import (
    Audio,
    Histogram,
    Html,
    Image,
    Molecule,
    Object3D,
    Plotly,
    Table,
    Video,
    WBValue,
)

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
    "WBValue",
]
