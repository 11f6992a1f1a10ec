"""What NVIDIA's GPUs do, read from the driver's own library; where there is none, nothing.

Each figure is asked for by itself, and one that a GPU does not know is not asked for again.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from weave_core.tracing.failures import logger

__all__ = ["MAX_GPUS", "Gpus"]

MAX_GPUS = 16
"""GPUs of a machine that are measured; further ones are left out."""
_MILLI = 1_000


class Gpus:
    """The GPUs of this machine; used by one thread."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        self._unknown: set[tuple[int, str]] = set()
        self._seen_us: dict[int, int] = {}
        try:
            import pynvml  # type: ignore[import-untyped]  # Of the extra `runs`; it ships no types.

            pynvml.nvmlInit()
            self._nvml = pynvml
            count = min(int(pynvml.nvmlDeviceGetCount()), MAX_GPUS)
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(place) for place in range(count)]
        except Exception as error:  # noqa: BLE001  # No library, no driver, no GPU: most machines have none.
            logger.debug("no GPU is measured: %s", error)

    def inventory(self) -> list[dict[str, Any]]:
        """Name and memory of each."""
        found = []
        for place, handle in enumerate(self._handles):
            name = self._ask(place, "name", partial(self._nvml.nvmlDeviceGetName, handle))
            memory = self._memory(place, handle)
            told = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
            found.append({"name": told, "memory_bytes": memory and int(memory.total)})
        return found

    def sample(self) -> dict[str, float]:
        """Figures of all of them, by key."""
        found: dict[str, float] = {}
        for place, handle in enumerate(self._handles):
            for name, value in self._figures(place, handle):
                found[f"gpu.{place}.{name}"] = float(value)
        return found

    def _figures(self, place: int, handle: Any) -> Iterator[tuple[str, float]]:
        nvml = self._nvml
        load = self._ask(place, "load", lambda: nvml.nvmlDeviceGetUtilizationRates(handle))
        if load is not None:
            yield "utilization_percent", load.gpu
            yield "memory_activity_percent", load.memory
        memory = self._memory(place, handle)
        if memory is not None and memory.total:
            yield "memory_used_bytes", memory.used
            yield "memory_percent", 100 * memory.used / memory.total
        asked: dict[str, Callable[[], float]] = {
            "power_w": lambda: nvml.nvmlDeviceGetPowerUsage(handle) / _MILLI,
            "power_limit_w": lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / _MILLI,
            "temperature_c": lambda: nvml.nvmlDeviceGetTemperature(
                handle, nvml.NVML_TEMPERATURE_GPU
            ),
            "sm_clock_mhz": lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM),
            "memory_clock_mhz": lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM),
        }
        for name, ask in asked.items():
            value = self._ask(place, name, ask)
            if value is not None:
                yield name, value
        yield from self._of_process(place, handle)

    def _of_process(self, place: int, handle: Any) -> Iterator[tuple[str, float]]:
        """What this process has of a GPU; in a container the driver may know it by another id."""
        nvml, own = self._nvml, os.getpid()
        users = self._ask(
            place, "processes", lambda: nvml.nvmlDeviceGetComputeRunningProcesses(handle)
        )
        for each in users or ():
            if each.pid == own and each.usedGpuMemory is not None:
                yield "process.memory_used_bytes", each.usedGpuMemory
        since_us = self._seen_us.get(place, 0)
        samples = self._ask(
            place, "", lambda: nvml.nvmlDeviceGetProcessUtilization(handle, since_us)
        )
        for each in samples or ():
            self._seen_us[place] = max(self._seen_us.get(place, 0), int(each.timeStamp))
            if each.pid == own:
                yield "process.utilization_percent", each.smUtil

    def _memory(self, place: int, handle: Any) -> Any:
        return self._ask(place, "memory", lambda: self._nvml.nvmlDeviceGetMemoryInfo(handle))

    def _ask(self, place: int, name: str, ask: Callable[[], Any]) -> Any:
        if (place, name) in self._unknown:
            return None
        try:
            return ask()
        except Exception:  # noqa: BLE001  # A GPU of another kind, an older driver: one figure is missing.
            if name:  # Without one: nothing to tell now, maybe later.
                self._unknown.add((place, name))
            return None
