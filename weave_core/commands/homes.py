"""The data folder as a command finds it: there, or made now, and writable."""

import tempfile
from pathlib import Path

from weave_core.errors import ConfigError

__all__ = ["require_home"]


def require_home(home: Path) -> None:
    """Make the folder `home` where it is missing, and prove that files can be written in it.

    Raises:
        ConfigError: With what stands in the way.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        # Written, not asked: mode bits say nothing about a full disk or a read-only mount.
        with tempfile.TemporaryFile(dir=home) as probe:
            probe.write(b"weave-core")
    except (FileExistsError, NotADirectoryError) as error:
        raise ConfigError(
            f"the data folder {str(home)!r} can't be used: a file is in its place",
            "move the file away, or choose another folder with --home or WEAVE_CORE_HOME",
        ) from error
    except OSError as error:
        raise ConfigError(
            f"the data folder {str(home)!r} can't be written: {error.strerror}",
            "make it writable, or choose another folder with --home or WEAVE_CORE_HOME",
        ) from error
