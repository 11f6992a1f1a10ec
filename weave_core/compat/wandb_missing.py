"""What the wandb calls do not have here: what to do instead, and charts that are left out of logs.

A call says so where it is used.  A value that was made to be logged must not stop a training, so
it can be made; the run leaves it out, warns once and is marked.
"""

from collections.abc import Callable
from typing import Any

from weave_core.errors import NotProvided

__all__ = [
    "INSTEAD",
    "Chart",
    "Charts",
    "Unkept",
    "not_provided",
]

_FILES = "keep files as an artifact: wandb.Artifact(...), run.log_artifact(...)"
INSTEAD = {
    "alert": "send it from your own program; weave_core.Client().runs(...) shows states to others",
    "controller": "the server chooses and stops by itself: wandb.sweep(...), wandb.agent(...)",
    "link_artifact": _FILES,
    "link_model": _FILES,
    "log_code": "each run says its commit; keep other files as an artifact: wandb.Artifact(...)",
}
"""Calls of wandb's that are not there, and what to do instead."""


def not_provided(owner: str, name: str) -> NotProvided:
    """The error that `owner.name` is answered with."""
    hint = INSTEAD.get(name, "the wandb page of the manual lists what there is")
    return NotProvided(f"{owner}.{name} was asked for, which weave_core.compat does not have", hint)


class Unkept:
    """A value that wandb shows and runs here do not keep; it takes any arguments."""

    def __init__(self, *_given: Any, **_options: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        raise not_provided(f"wandb.{type(self).__name__}", name)


class Chart(Unkept):
    """A chart of `wandb.plot`, left out of what is logged."""


class Charts:
    """`wandb.plot`: each of its functions gives a chart that is left out of what is logged."""

    def __getattr__(self, name: str) -> Callable[..., Chart]:
        if name.startswith("_"):
            raise not_provided("wandb.plot", name)
        return Chart
