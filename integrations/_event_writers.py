"""The writers of event files in this program: PyTorch's, tensorboardX's, TensorFlow's.

The first two hand over each event before they write it.  TensorFlow writes in C++, so its writers
only say where: whoever hears of one reads its file.
"""

import sys
from collections.abc import Callable
from typing import Any

from weave_core.foreign_runs.wire import Fields, fields_of
from weave_core.integrations._import_hooks import forget, when_imported
from weave_core.integrations._patching import unwrap, wrap
from weave_core.tracing.failures import guarded, warn_once

__all__ = ["EventWriters"]

_PYTHON = ("tensorboard.summary.writer.event_file_writer", "tensorboardX.event_file_writer")
"""Modules with a class `EventFileWriter`; PyTorch's `SummaryWriter` uses the first one."""
_TENSORFLOW = ("tensorflow", "tensorflow.summary", "tensorboard.summary._tf.summary")
"""`tf.summary` is one of several modules that all have a function `create_file_writer`."""

Hear = Callable[[str, Fields], None]
"""Takes a writer's folder and an event."""
Follow = Callable[[str, Callable[[], object]], None]
"""Takes a writer's folder and what writes out what it holds back."""


class EventWriters:
    """Hears all writers until `restore`, also those of modules that are imported later.

    Args:
        hear: Gets each event.
        follow: Gets each writer whose events can't be had.
    """

    def __init__(self, hear: Hear, follow: Follow) -> None:
        self._hear, self._follow = hear, follow
        for name in _PYTHON:
            when_imported(name, lambda name=name: self._wrap_class(name))  # type: ignore[misc]
        for name in _TENSORFLOW:
            when_imported(name, lambda name=name: self._wrap_tensorflow(name))  # type: ignore[misc]

    def restore(self) -> None:
        """Put back what was there."""
        for name in (*_PYTHON, *_TENSORFLOW):
            forget(name)
        for name in _PYTHON:
            if name in sys.modules:
                unwrap(sys.modules[name].EventFileWriter, "add_event")
        for name in _TENSORFLOW:
            if name in sys.modules:
                unwrap(_summaries(name), "create_file_writer")

    @guarded
    def _wrap_class(self, name: str) -> None:
        if not wrap(sys.modules[name].EventFileWriter, "add_event", self._adds):
            warn_once("tensorboard", "the writers are patched already: only the first hears them")

    @guarded
    def _wrap_tensorflow(self, name: str) -> None:
        if "create_file_writer" in vars(_summaries(name)):
            wrap(_summaries(name), "create_file_writer", self._creates)

    def _adds(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def add_event(writer: Any, event: Any) -> Any:
            self._tell(writer, event)
            return original(writer, event)

        return add_event

    @guarded
    def _tell(self, writer: Any, event: Any) -> None:
        self._hear(str(writer.get_logdir()), fields_of(event.SerializeToString()))

    def _creates(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def create_file_writer(logdir: Any, *args: Any, **options: Any) -> Any:
            writer = original(logdir, *args, **options)
            self._follow(str(logdir), writer.flush)
            return writer

        return create_file_writer


def _summaries(name: str) -> Any:
    module = sys.modules[name]
    return module.summary if name == "tensorflow" else module
