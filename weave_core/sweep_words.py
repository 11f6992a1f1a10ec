"""Sweeps in words, for the app and the command line: how far one is, and its best."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weave_core.model import Sweep

__all__ = ["best_text", "progress_text"]

_ENDED: Final = ("finished", "stopped", "failed")
_TOLD: Final = ("running", "waiting", "stopped", "failed")


def progress_text(sweep: "Sweep") -> str:
    """Trials that have ended, of how many there can be, and what the others do."""
    counts: Mapping[str, int] = dict(sweep.counts.items())
    done = sum(counts.get(state, 0) for state in _ENDED)
    first = f"{done:,} of {sweep.size:,}" if sweep.size is not None else f"{done:,}"
    return ", ".join(
        [first, *(f"{counts[state]:,} {state}" for state in _TOLD if counts.get(state))]
    )


def best_text(sweep: "Sweep") -> str:
    """The metric of the best trial."""
    if sweep.best is None or sweep.best.value is None:
        return "-"
    return f"{sweep.metric} {sweep.best.value:.6g} (trial {sweep.best.number})"
