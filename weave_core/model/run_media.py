"""What a run logged that is no number: pictures, sounds, tables, histograms, figures."""

from typing import Any

from weave_core.model.values import Value

__all__ = ["LoggedMedia", "MediaKey", "MediaKeys"]


class LoggedMedia(Value):
    """What was logged under one key at one step."""

    run_id: str
    key: str
    step: int
    rank: int = 0
    time_ns: int
    kind: str
    """`image`, `audio`, `video`, `html`, `markdown`, `object3d`, `molecule`, `plotly`, `table`,
    `histogram` or `file`."""
    items: list[dict[str, Any]]
    """Each with its `kind`; with `mime_type` and `digest` where it is a blob, `caption` where it
    has one, and what there is to say of its kind, such as `width`, `boxes`, `edges`."""


class MediaKey(Value):
    """One key of a run under which media were logged."""

    key: str
    kind: str
    count: int
    """Steps, each rank counting."""
    first_step: int
    last_step: int


class MediaKeys(Value):
    """The keys of a run with media, and the steps that have some."""

    items: list[MediaKey]
    steps: list[int] = []
    """Of all keys together; evenly chosen where there are very many."""
