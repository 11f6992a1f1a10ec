"""Follow a TensorBoard folder while a training writes to it: `follow("runs/first")`.

    from weave_core.integrations.tensorboard import follow

    with follow("runs/first"):
        train()  # With a SummaryWriter of PyTorch's, TensorFlow's or tensorboardX's.

The event files are read, so any writer will do, in this program or in another; nothing of
TensorBoard has to be installed.  Scalars and hyper-parameters are logged; folders below are keys.
"""

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from weave_core.foreign_runs.event_files import EventFile, take_event
from weave_core.foreign_runs.records import ForeignRun
from weave_core.integrations._trainings import TrainingRun, guarded
from weave_core.tracing import Run
from weave_core.tracing.failures import warn_once

__all__ = ["Following", "follow"]

LOOK_S = 1.0
"""How often a followed folder is looked at."""
MAX_FOLLOWED_FILES = 500
"""Event files of one folder that are followed at once; further ones are left out."""
_WAIT_S = 10.0


class Following(AbstractContextManager["Following"]):
    """A folder that is followed, until `stop` or the end of the block; `follow` makes one."""

    def __init__(self, folder: Path, training: TrainingRun) -> None:
        self._folder = folder
        self._training = training
        self._files: dict[Path, tuple[BinaryIO, EventFile]] = {}
        self._broken: set[Path] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._follow, name="weave-core tensorboard", daemon=True
        )
        self._training.begin()
        self._thread.start()

    def stop(self) -> None:
        """Read what is there and follow no longer; a run that was begun for it ends."""
        self._stopped.set()
        self._thread.join(_WAIT_S)
        if not self._thread.is_alive():
            self._look()
        for file, _ in self._files.values():
            file.close()
        self._files.clear()
        self._training.end()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _follow(self) -> None:
        while not self._stopped.wait(LOOK_S):
            self._look()

    @guarded
    def _look(self) -> None:
        for path in sorted(self._folder.rglob("*.tfevents.*")):
            if path in self._broken:
                continue
            if path not in self._files:
                if len(self._files) >= MAX_FOLLOWED_FILES:
                    warn_once("tensorboard files", "%s has too many event files", self._folder)
                    return
                file = path.open("rb")
                self._files[path] = file, EventFile(file, is_live=True)
            self._read(path)

    def _read(self, path: Path) -> None:
        within = path.parent.relative_to(self._folder).as_posix()
        prefix = "" if within == "." else f"{within}/"
        try:
            for event in self._files[path][1]:
                read = ForeignRun("tensorboard", str(path), "")
                take_event(read, event)
                self._training.configure(read.config)
                for keys, step, _, values in read.rows:
                    named = dict(zip((f"{prefix}{key}" for key in keys), values, strict=True))
                    # The writer counts the steps: what the program logs besides has its own.
                    self._training.log(named, step=step, commit=False)
        except ValueError as error:
            self._broken.add(path)
            warn_once(f"tensorboard {path}", "%s is followed no longer: %s", path, error)


def follow(
    folder: str | Path, *, run: Run | None = None, every_rank: bool = False, **options: Any
) -> Following:
    """Log what is written into a TensorBoard folder, from its begin on.

    Args:
        folder: The `logdir` of a writer; it may not be there yet.
        run: Where to log; None: the program's open run, else a new one.
        every_rank: Whether programs other than the first of those that were started together
            follow too.
        **options: What `weave_core.run` takes, for a new run.
    """
    return Following(Path(folder), TrainingRun(run, every_rank=every_rank, **options))
