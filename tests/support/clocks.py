"""A clock that a test moves, for a process of its own; monotonic clocks go on, as they do."""

from pathlib import Path

__all__ = ["env_of", "move_to", "new_clock"]

# Loaded by Python before anything else.
_MOVED_CLOCK = """
import os, time
_now_ns = time.time_ns
def _moved_ns():
    with open(os.environ["TEST_CLOCK_FILE"]) as file:
        return _now_ns() + int(file.read() or 0)
time.time_ns = _moved_ns
time.time = lambda: _moved_ns() / 1e9
"""


def new_clock(folder: Path) -> Path:
    """A file in `folder` that says how many nanoseconds the clock is ahead: none."""
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(_MOVED_CLOCK, encoding="utf-8")
    file = folder / "clock"
    file.write_text("0", encoding="utf-8")
    return file


def env_of(clock: Path) -> dict[str, str]:
    """What makes a process go by `clock`."""
    return {"PYTHONPATH": str(clock.parent / "site"), "TEST_CLOCK_FILE": str(clock)}


def move_to(clock: Path, ahead_ns: int) -> None:
    """Set it ahead by so much, or back."""
    moved = clock.with_suffix(".new")
    moved.write_text(str(ahead_ns), encoding="utf-8")
    moved.replace(clock)  # At once, or the process might read half of it.
