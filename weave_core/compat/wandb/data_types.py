"""`wandb.data_types`: media and tables."""

from weave_core.compat.wandb_media import (
    Audio,
    Classes,
    Graph,
    Histogram,
    Html,
    Image,
    Molecule,
    Object3D,
    Plotly,
    Video,
    box3d,
)
from weave_core.compat.wandb_tables import Table
from weave_core.tracing.media import Media

__all__ = [
    "Audio",
    "Classes",
    "Graph",
    "Histogram",
    "Html",
    "Image",
    "Media",
    "Molecule",
    "Object3D",
    "Plotly",
    "Table",
    "Video",
    "WBValue",
    "box3d",
]

WBValue = Media
"""What libraries ask whether a value is one of wandb's by."""
