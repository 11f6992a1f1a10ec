"""Histograms that a run logs: how values are spread at a step."""

from collections.abc import Sequence
from typing import Any

from weave_core.errors import ConfigError
from weave_core.histograms import binned, counted

__all__ = ["Histogram"]


class Histogram:
    """How often which values came, to be logged with `run.log`; its steps make a picture over time.

    Example:
        >>> run.log({"weights": weave_core.Histogram(layer.weight)}, step=3)

    Args:
        values: Numbers in any nesting: a list, an array, a tensor.
        bins: Bars of the same width, up to 512.
        counts: Instead of `values`: how many there are in each bar.
        edges: With `counts`: where the bars end, one more than there are.

    Raises:
        ConfigError: If it is given neither or both, or counts and edges do not go together.
    """

    kind = "histogram"

    def __init__(
        self,
        values: Any = None,
        *,
        bins: int = 64,
        counts: Sequence[float] | None = None,
        edges: Sequence[float] | None = None,
    ) -> None:
        if (values is None) == (counts is None):
            raise ConfigError("Histogram was given neither or both", "give values, or counts")
        self._bins = bins
        self._told: dict[str, Any] | None = None
        if counts is not None:
            self._told = counted(list(counts), list(edges or ()))
            return
        if hasattr(values, "detach"):
            values = values.detach().cpu().float()
        if hasattr(values, "__array__"):
            # As it is now: a training goes on with its weights.
            values = values.__array__().copy()
        elif isinstance(values, Sequence):
            values = list(values)
        else:
            raise ConfigError(
                f"Histogram was given {type(values).__qualname__}", "give a list or an array"
            )
        self._values = values

    def describe(self, _shelf: object) -> dict[str, Any]:
        """What a record says of it.

        Raises:
            TypeError: If a value is no number.
        """
        if self._told is None:
            self._told = binned(self._values, self._bins)
            self._values = None
        return {"kind": self.kind, **self._told}
