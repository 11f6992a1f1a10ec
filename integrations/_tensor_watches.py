"""What a PyTorch model's gradients and parameters look like while it is trained.

Hooks of PyTorch's own take the facts where the tensors are; they are copied to the CPU all at once,
when a backward pass is over.
"""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Literal, NamedTuple, get_args

from weave_core.errors import ConfigError, RunStopped
from weave_core.integrations._trainings import guarded, missing
from weave_core.tracing import Run
from weave_core.tracing.failures import warn_once
from weave_core.tracing.histograms import Histogram

try:
    import torch
except ModuleNotFoundError as error:
    raise missing("torch", "torch") from error

__all__ = ["Watch", "Watched", "watch_model"]

MAX_WATCHED_TENSORS = 500
"""Parameters of a watched model that are told one by one, the first ones; the norm is of all."""
MAX_SAMPLED_VALUES = 10_000
"""Values of a watched tensor, evenly spread, that its quantiles and its histogram are of; all else
is of all values."""
MAX_HISTOGRAMS = 100
"""Tensors of a watched model that have a histogram, the first ones."""
FACTS = ("norm", "mean", "std", "min", "max", "p05", "p50", "p95", "nonfinite")
"""What is told of each tensor."""
_QUANTILES = (0.05, 0.5, 0.95)
Watched = Literal["gradients", "parameters", "all"]


def watch_model(run: Run, model: Any, *, log: str, log_freq: int, prefix: str = "") -> "Watch":
    """Begin to look at a model.

    Raises:
        ConfigError: If an argument can't be used.
    """
    if log not in get_args(Watched):
        raise ConfigError(f"watch(log={log!r})", f"give one of {', '.join(get_args(Watched))}")
    if type(log_freq) is not int or log_freq < 1:
        raise ConfigError(f"watch(log_freq={log_freq!r})", "give a whole number of at least 1")
    if not callable(getattr(model, "named_parameters", None)):
        raise ConfigError(f"watch was given a {type(model).__name__}", "give a torch.nn.Module")
    return Watch(run, model, log=log, log_freq=log_freq, prefix=prefix)


class Watch(AbstractContextManager["Watch"]):
    """A model that is looked at, until `remove` is called or the run has ended."""

    def __init__(self, run: Run, model: Any, *, log: str, log_freq: int, prefix: str) -> None:
        self._run = run
        self._model = model
        self._kinds = [kind for kind in ("gradients", "parameters") if log in (kind, "all")]
        self._log_freq = log_freq
        self._prefix = prefix
        self._passes = 0
        self._is_under_way = False
        """Whether a backward pass is, of which the first gradient was seen."""
        self._is_due = False
        self._step: int | None = None
        self._gradients: dict[str, _Seen] = {}
        self._trained = [
            (name, each) for name, each in model.named_parameters() if each.requires_grad
        ]
        if len(self._trained) > MAX_WATCHED_TENSORS:
            warn_once(
                "watch tensors",
                "watch: the model has %d parameters; %d are told one by one",
                len(self._trained),
                MAX_WATCHED_TENSORS,
            )
        # Of backward passes, since a trainer may call parts of a model instead of the whole.
        self._hooks = [
            each.register_post_accumulate_grad_hook(self._hook_of(name))
            for name, each in self._trained
        ]

    def remove(self) -> None:
        """Look no longer; called again it does nothing."""
        self._end_pass()
        hooks, self._hooks = self._hooks, []
        for hook in hooks:
            hook.remove()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()

    def _hook_of(self, name: str) -> Any:
        @guarded
        def hook(parameter: Any) -> None:
            if not self._is_under_way:
                self._begin_pass()
            if self._is_due and "gradients" in self._kinds and parameter.grad is not None:
                self._gradients[name] = _seen(parameter.grad)

        return hook

    def _begin_pass(self) -> None:
        self._is_under_way = _at_end_of_backward(self._end_pass)
        if not self._is_under_way:
            self._tell_pass()  # What the pass before has left.
        self._is_due = self._passes % self._log_freq == 0 and self._run.state == "running"
        self._passes += 1
        self._step = self._run.step

    @guarded
    def _end_pass(self) -> None:
        self._is_under_way = False
        self._tell_pass()
        if self._run.state != "running":
            self.remove()

    def _tell_pass(self) -> None:
        gradients, self._gradients = self._gradients, {}
        if self._is_due and gradients:
            self._tell("gradients", gradients)
        if self._is_due and "parameters" in self._kinds:
            self._tell("parameters", {name: _seen(each) for name, each in self._trained})
        self._is_due = False

    @guarded
    def _tell(self, kind: str, seen: dict[str, "_Seen"]) -> None:
        rows = torch.stack([each.facts.cpu() for each in seen.values()]).tolist()
        values: dict[str, Any] = {
            f"{self._prefix}{kind}/{name}.{fact}": value
            for name, row in zip([*seen][:MAX_WATCHED_TENSORS], rows, strict=False)
            for fact, value in zip(FACTS, row, strict=True)
        }
        values[f"{self._prefix}{kind}/norm"] = math.sqrt(sum(row[0] ** 2 for row in rows))
        for name, each in list(seen.items())[:MAX_HISTOGRAMS]:
            values[f"{self._prefix}{kind}/{name}"] = Histogram(each.sample)
        try:
            # The step stays open: what the program logs next, such as its loss, is of the same one.
            self._run.log(values, step=self._step, commit=False)
        except RunStopped:
            return  # The program's own next `log` says so.


def _at_end_of_backward(call: Callable[[], None]) -> bool:
    """Call when the backward pass that is under way is over; False where PyTorch can't."""
    try:
        # As its own wrappers of distributed models do.
        torch.autograd.Variable._execution_engine.queue_callback(call)  # noqa: SLF001
    except Exception as error:  # noqa: BLE001  # Another PyTorch: it is told at the next pass.
        warn_once("watch backward", "watch: gradients are told a step late", error=error)
        return False
    return True


class _Seen(NamedTuple):
    """What was seen of a tensor, on the device where it is."""

    facts: Any
    """A tensor of `FACTS`."""
    sample: Any


def _seen(tensor: Any) -> _Seen:
    tensor = tensor.detach()
    if tensor.is_sparse:
        tensor = tensor.coalesce().values()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    values = tensor.flatten().float()
    if values.numel() == 0:
        values = values.new_zeros(1)
    sample = values[:: math.ceil(values.numel() / MAX_SAMPLED_VALUES)]
    facts = [
        torch.linalg.vector_norm(values),
        values.mean(),
        values.std(correction=0),
        values.min(),
        values.max(),
        *torch.quantile(sample, sample.new_tensor(_QUANTILES)),
        (~torch.isfinite(values)).sum().float(),
    ]
    return _Seen(torch.stack(facts), sample)
