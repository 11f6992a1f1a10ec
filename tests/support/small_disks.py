"""A disk of a few megabytes, which can really be full."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["SmallDisk", "small_disk"]

_BLOCK = 64 * 1024
_SOURCE = "weave-core-test-"
"""Names a disk after the process that mounted it, as the list of mounts shows it."""


class SmallDisk:
    """A mounted file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no byte free."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (_BLOCK, 4096, 1):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def empty(self) -> None:
        """Give back what `fill` took."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[SmallDisk]:
    """Mount a disk of `size_bytes` at `folder`; the test is skipped where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root")
    _unmount_orphans()
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        [
            "mount",
            "-t",
            "tmpfs",
            "-o",
            f"size={size_bytes}",
            f"{_SOURCE}{os.getpid()}",
            str(folder),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk can't be mounted here: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _unmount_orphans() -> None:
    """Take away the disks of tests that were killed: nobody else does before the machine ends."""
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        source, folder = line.split()[:2]
        pid = source.removeprefix(_SOURCE)
        if pid != source and not Path("/proc", pid).exists():
            subprocess.run(["umount", "--lazy", folder], check=False, capture_output=True)
