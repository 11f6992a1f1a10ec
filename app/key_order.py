"""Which metrics of runs tell most: those are shown before a reader has chosen; pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from weave_core.metric_definitions import definition_of
from weave_core.model import MetricDefinition
from weave_core.points import SYSTEM_PREFIX

__all__ = ["telling_first"]

_HELD_OUT: Final = {"val", "valid", "validation", "eval", "evaluation", "test", "dev", "holdout"}
_RESULT: Final = {
    "acc", "accuracy", "auc", "bleu", "error", "f1", "fid", "iou", "loss", "mae", "map", "mse",
    "perplexity", "ppl", "precision", "psnr", "recall", "return", "reward", "rmse", "rouge",
    "score", "success", "wer",
}  # fmt: skip
_PROGRESS: Final = {
    "batch", "epoch", "epochs", "gb", "grad", "gradient", "iter", "iteration", "learning", "lr",
    "mem", "memory", "ms", "norm", "progress", "runtime", "seconds", "speed", "step", "steps",
    "throughput", "time", "tokens",
}  # fmt: skip
"""How far and how fast it is, not how good."""


def telling_first(
    keys: Sequence[str], metrics: Mapping[str, MetricDefinition] | None = None
) -> list[str]:
    """`keys`, what was measured on held-out data first and clocks last; else as they were.

    Args:
        keys: Of metrics.
        metrics: Definitions; a key that has a goal or its own summary comes before all others.
    """

    def place(key: str) -> int:
        told = definition_of(key, metrics or {})
        if key.startswith(SYSTEM_PREFIX):
            return 9
        if told.goal or told.summary not in {"last", "none"}:
            return 0
        words = set(re.split(r"[^a-z0-9]+", key.lower()))
        if words & _PROGRESS:
            return 8
        return 4 - 2 * bool(words & _HELD_OUT) - bool(words & _RESULT)

    return sorted(keys, key=place)
