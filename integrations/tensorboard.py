"""Log what is written for TensorBoard: `patch()` in this program, `follow("runs/first")` of any.

    from weave_core.integrations.tensorboard import follow, patch

    with patch():
        train()  # With a SummaryWriter of PyTorch's, TensorFlow's or tensorboardX's.

`patch` hears this program's writers at once.  `follow` reads event files, so any writer will do, in
this program or in another; nothing of TensorBoard has to be installed.  Scalars, pictures,
histograms, sounds, texts and hyper-parameters are logged; folders below are part of the keys.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from weave_core.foreign_runs.event_files import EventFile, take_event
from weave_core.foreign_runs.records import ForeignRun
from weave_core.foreign_runs.wire import Fields
from weave_core.integrations._event_writers import EventWriters
from weave_core.integrations._trainings import TrainingRun, guarded
from weave_core.tracing import Run
from weave_core.tracing.failures import warn_once
from weave_core.tracing.past_words import media_of_items

__all__ = ["Following", "Patching", "follow", "patch"]

LOOK_S = 1.0
"""How often a followed folder is looked at."""
MAX_FOLLOWED_FILES = 500
"""Event files of one folder that are followed at once; further ones are left out."""
PARTS = frozenset({"train", "training", "val", "valid", "validation", "eval", "test"})
"""Names of folders that are one part of a training's: what lies above is the whole."""
_WAIT_S = 10.0


class Following(AbstractContextManager["Following"]):
    """A folder that is followed, until `stop` or the end of the block; `follow` makes one."""

    def __init__(
        self,
        folder: Path,
        training: TrainingRun,
        *,
        prefix: str = "",
        flush: Callable[[], object] | None = None,
    ) -> None:
        self._folder = folder
        self._training = training
        self._prefix = prefix
        self._flush = flush
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
        if self._flush is not None:
            self._flush()
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
        prefix = self._prefix if within == "." else f"{self._prefix}{within}/"
        try:
            for event in self._files[path][1]:
                _log_event(self._training, event, prefix)
        except ValueError as error:
            self._broken.add(path)
            warn_once(f"tensorboard {path}", "%s is followed no longer: %s", path, error)


def _log_event(training: TrainingRun, event: Fields, prefix: str) -> None:
    """Log what an event says.

    Raises:
        ValueError: If it is none.
    """
    read = ForeignRun("tensorboard", "", "")
    take_event(read, event)
    training.configure(read.config)
    # The writer counts the steps: what the program logs besides has its own.
    for keys, step, _, values in read.rows:
        named = dict(zip((f"{prefix}{key}" for key in keys), values, strict=True))
        training.log(named, step=step, commit=False)
    for key, step, _, items in read.media:
        made = media_of_items(f"{prefix}{key}", items, _warn)
        training.log({f"{prefix}{key}": made}, step=step, commit=False)


def _warn(key: str, why: str) -> None:
    warn_once(f"tensorboard {key}", "what was written for TensorBoard as %s: %s", key, why)


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


class Patching(AbstractContextManager["Patching"]):
    """This program's writers, heard until `stop` or the end of the block; `patch` makes one."""

    def __init__(self, training: TrainingRun, root: Path | None) -> None:
        self._training = training
        self._root = root
        self._followed: list[Following] = []
        self._lock = threading.Lock()
        training.begin()
        self._writers = EventWriters(self._hear, self._follow)

    def stop(self) -> None:
        """Hear no longer; a run that was begun for it ends."""
        self._writers.restore()
        with self._lock:
            followed, self._followed = self._followed, []
        for each in followed:
            each.stop()
        self._training.end()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @guarded
    def _hear(self, folder: str, event: Fields) -> None:
        try:
            _log_event(self._training, event, self._prefix(Path(folder)))
        except ValueError as error:
            _warn("an event", str(error))

    @guarded
    def _follow(self, folder: str, flush: Callable[[], object]) -> None:
        path = Path(folder)
        shared = TrainingRun(self._training.run)
        following = Following(path, shared, prefix=self._prefix(path), flush=flush)
        with self._lock:
            self._followed.append(following)

    def _prefix(self, folder: Path) -> str:
        """What the keys of a writer's folder begin with."""
        folder = folder.absolute()
        with self._lock:
            if self._root is None:
                self._root = folder.parent if folder.name in PARTS else folder
            root = self._root
        if folder == root:
            return ""
        within = folder.relative_to(root) if folder.is_relative_to(root) else Path(folder.name)
        return f"{within.as_posix()}/"


def patch(
    *,
    root: str | Path | None = None,
    run: Run | None = None,
    every_rank: bool = False,
    **options: Any,
) -> Patching:
    """Log what this program writes with a `SummaryWriter` or with `tf.summary`, beside its files.

    Args:
        root: The folder above those of all writers: what lies below it is part of the keys.
            Default: the folder of the first writer, or the one above where it is called `train`,
            `validation` or the like.
        run: Where to log; None: the program's open run, else a new one.
        every_rank: Whether programs other than the first of those that were started together log
            too.
        **options: What `weave_core.run` takes, for a new run.
    """
    training = TrainingRun(run, every_rank=every_rank, **options)
    return Patching(training, Path(root).absolute() if root is not None else None)
