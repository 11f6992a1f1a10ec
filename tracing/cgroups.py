"""What a container may use of the machine, and what it uses: the kernel's control groups.

Inside a container the machine's own figures mislead: a job that may use 4 GB is killed while the
machine has 500 GB free.
"""

from collections.abc import Iterator
from pathlib import Path

__all__ = ["cpu_limit", "memory_limit_bytes", "memory_used_bytes"]

_UNLIMITED = 2**60
"""Version 1 says "no limit" by a number near 2**63."""


def memory_limit_bytes(root: Path = Path("/")) -> int | None:
    """The least memory that this process's groups allow; None where nothing limits it.

    Args:
        root: The folder that holds `proc` and `sys`.
    """
    names = ("memory.max", "memory.limit_in_bytes")
    found = [
        limit
        for folder in _folders(root, "memory")
        for name in names
        if (limit := _number(folder / name)) is not None and limit < _UNLIMITED
    ]
    return min(found, default=None)


def memory_used_bytes(root: Path = Path("/")) -> int | None:
    """What the innermost group uses, without files that the kernel can drop from its cache."""
    for folder in _folders(root, "memory"):
        for name, cache in (
            ("memory.current", "inactive_file"),
            ("memory.usage_in_bytes", "total_inactive_file"),
        ):
            used = _number(folder / name)
            if used is not None:
                return max(0, used - _statistic(folder / "memory.stat", cache))
    return None


def cpu_limit(root: Path = Path("/")) -> float | None:
    """How many cores' time this process's groups allow; None where nothing limits it."""
    found = []
    for folder in _folders(root, "cpu"):
        words = _text(folder / "cpu.max").split()
        if not words:
            quota, period = (_text(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
            words = [quota.strip(), period.strip()]
        if len(words) > 1 and words[0].isdecimal() and words[1].isdecimal() and int(words[1]):
            found.append(int(words[0]) / int(words[1]))
    return min(found, default=None)


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's group and of those around it, the innermost first."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            top = root / "sys/fs/cgroup"
        elif controller in controllers.split(","):
            top = root / "sys/fs/cgroup" / controller
        else:
            continue
        inner = top / path.lstrip("/")
        # A container sees its own group as the top, whatever path it is told.
        yield from (inner, *(each for each in inner.parents if each.is_relative_to(top)))


def _statistic(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdecimal():
            return int(value)
    return 0


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
