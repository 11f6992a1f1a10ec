"""What the wandb calls do not have here: what to do instead, and values that are left out of logs.

A call says so where it is used.  A value that was made to be logged must not stop a training, so
it can be made; the run leaves it out, warns once and is marked.
"""

from typing import Any

from weave_core.errors import NotProvided

__all__ = [
    "INSTEAD",
    "Unkept",
    "not_provided",
]

_OWN = "weave_core.integrations.{} has our own"
INSTEAD = {
    "ArtifactTTL": "versions stay until they are deleted: artifact.delete()",
    "EvalTable": "wandb.Table keeps rows; weave_core.evaluate compares what a model answers",
    "JoinedTable": "join the rows before they are logged",
    "catboost": _OWN.format("catboost"),
    "controller": "the server chooses and stops by itself: wandb.sweep(...), wandb.agent(...)",
    "helper": "give the config to wandb.init(config=...)",
    "jupyter": "nothing needs to be loaded in a notebook",
    "launch": "start programs by `weave-core sweep agent`, or by a scheduler of yours",
    "profiler": "weave_core.integrations.torch watches models; PyTorch's own profiler writes files",
    "sagemaker_auth": "a server's key is WEAVE_CORE_API_KEY",
    "sacred": "log with wandb.log where the experiment runs",
    "tensorboard": _OWN.format("tensorboard"),
    "ultralytics": "wandb.install() serves its own callback; or give it a callback that logs",
    "visualize": "wandb.plot has charts; Table.with_chart draws the columns of a table",
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
