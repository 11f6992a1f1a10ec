"""Runs that other trackers have written to disk, as values: what `weave-core import` reads.

One module for each format; this door finds out which one a path is.  Nothing is sent here.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from weave_core.errors import ConfigError
from weave_core.foreign_runs import (
    aim_repos,
    csv_files,
    event_files,
    mlflow_stores,
    neptune_exports,
    wandb_files,
)
from weave_core.foreign_runs.records import ForeignMedium, ForeignRun, MediaRow

__all__ = ["ForeignMedium", "ForeignRun", "MediaRow", "holds_runs", "read_runs"]

_READERS = (wandb_files, mlflow_stores, aim_repos, event_files, neptune_exports, csv_files)


def holds_runs(path: Path) -> bool:
    """Whether there is a run of another tracker at `path`."""
    return any(reader.find(path) for reader in _READERS)


def read_runs(path: Path, tell: Callable[[str], object] | None = None) -> Iterator[ForeignRun]:
    """The runs at `path`, a file or a folder, one by one.

    Args:
        path: Where they are.
        tell: Hears of what is wrong with a file of a folder, which keeps no other from being read.

    Raises:
        ConfigError: If there is none, or a file is not what its name says.
    """
    if not path.exists():
        raise ConfigError(f"there is no {str(path)!r}", "give a file or folder of another tracker")
    is_found = False
    for reader in _READERS:
        for source in reader.find(path):
            is_found = True
            try:
                yield from reader.read(source, path)
            except ConfigError as error:
                if source == path or tell is None:
                    raise
                tell(str(error))
    if not is_found:
        raise ConfigError(
            f"{str(path)!r} holds no run that is known",
            "give a .wandb file, a folder of MLflow or its .db file, a folder of TensorBoard event"
            " files, one with Aim's .aim, Parquet files of neptune-exporter, or a .csv file",
        )
