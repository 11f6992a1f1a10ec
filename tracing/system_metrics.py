"""What the machine and this process use, one moment at a time; used by one thread.

CPU, memory, disk and network come from psutil, GPUs from `gpus`.  Where psutil is not installed
(extra `runs`) nothing is measured and nothing said.
"""

import os
import time
from typing import Any

from weave_core.points import SYSTEM_PREFIX
from weave_core.tracing.cgroups import cpu_limit, memory_limit_bytes, memory_used_bytes
from weave_core.tracing.gpus import Gpus

__all__ = ["SystemMetrics"]

_RATES = ("disk.read", "disk.write", "network.sent", "network.received")


class SystemMetrics:
    """Measures since the time before.

    Raises:
        ImportError: If psutil is not installed.
    """

    def __init__(self) -> None:
        import psutil  # type: ignore[import-untyped]  # 30 ms, in our own thread; it ships no types.

        self._psutil: Any = psutil
        self._own = psutil.Process()
        self._gpus = Gpus()
        self._limit_bytes = memory_limit_bytes()
        self._counted: dict[str, int] = {}
        self._busy_s: dict[int, float] = {}
        self._moment_s = time.monotonic()
        psutil.cpu_percent()  # Counts from here on.
        self._since()

    def sample(self) -> dict[str, float]:
        """Figures by their whole keys; one that this system does not know is missing."""
        found: dict[str, float] = {}
        for part in (self._machine, self._process, self._disk, self._since, self._gpus.sample):
            try:
                found.update(part())
            except (OSError, self._psutil.Error, AttributeError, NotImplementedError):
                continue  # Not on this system, or not for this user.
        return {f"{SYSTEM_PREFIX}{name}": value for name, value in found.items()}

    def inventory(self) -> dict[str, Any]:
        """What there is, for the record of a run's environment."""
        return {
            "cpu_count": os.cpu_count(),
            "cpu_cores": self._psutil.cpu_count(logical=False),
            "cpu_limit": cpu_limit(),
            "memory_bytes": self._psutil.virtual_memory().total,
            "memory_limit_bytes": self._limit_bytes,
            "gpus": self._gpus.inventory(),
        }

    def _machine(self) -> dict[str, float]:
        memory = self._psutil.virtual_memory()
        limit = float(memory.total)
        used = float(memory.total - memory.available)
        if self._limit_bytes is not None and self._limit_bytes < limit:
            limit, used = float(self._limit_bytes), float(memory_used_bytes() or 0)
        return {
            "cpu.percent": self._psutil.cpu_percent(),
            "memory.used_bytes": used,
            "memory.limit_bytes": limit,
            "memory.percent": 100 * used / limit if limit else 0.0,
        }

    def _process(self) -> dict[str, float]:
        """This process with its children, such as those that load data."""
        rss = 0
        busy_s: dict[int, float] = {}
        for each in (self._own, *self._own.children(recursive=True)):
            try:
                rss += each.memory_info().rss
                times = each.cpu_times()
            except self._psutil.Error:
                continue  # It has ended meanwhile.
            busy_s[each.pid] = times.user + times.system
        now_s = time.monotonic()
        spent_s = sum(max(0.0, s - self._busy_s.get(pid, 0.0)) for pid, s in busy_s.items())
        passed_s, self._moment_s = now_s - self._moment_s, now_s
        is_first, self._busy_s = not self._busy_s, busy_s
        found = {
            "process.memory_rss_bytes": float(rss),
            "process.threads": float(self._own.num_threads()),
            "process.children": float(len(busy_s) - 1),
        }
        if not is_first and passed_s > 0:
            found["process.cpu_percent"] = 100 * spent_s / passed_s  # 100: one core.
        return found

    def _disk(self) -> dict[str, float]:
        used = self._psutil.disk_usage(os.curdir)
        return {"disk.used_bytes": float(used.used), "disk.used_percent": float(used.percent)}

    def _since(self) -> dict[str, float]:
        """Bytes a second of disks and network, since the time before."""
        disk, network = self._psutil.disk_io_counters(), self._psutil.net_io_counters()
        now_ns = time.monotonic_ns()
        counted = {"at": now_ns}
        if disk is not None:
            counted |= {"disk.read": disk.read_bytes, "disk.write": disk.write_bytes}
        if network is not None:
            counted["network.sent"] = network.bytes_sent
            counted["network.received"] = network.bytes_recv
        before, self._counted = self._counted, counted
        passed_s = (now_ns - before["at"]) / 1e9 if before else 0
        if passed_s <= 0:
            return {}
        return {
            f"{name}_bytes_per_s": max(0, counted[name] - before[name]) / passed_s
            for name in _RATES
            if name in counted and name in before
        }
