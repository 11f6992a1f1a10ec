"""Look at a PyTorch model while it is trained: `watch(model)`.

from weave_core.integrations.torch import watch

with weave_core.run("digits") as run, watch(model, log="all", log_freq=100):
    for batch in batches:
        loss = model(batch).mean()
        loss.backward()
        optimizer.step()
        run.log({"loss": loss})
"""

from typing import Any

from weave_core.errors import ConfigError
from weave_core.integrations._tensor_watches import Watch, Watched, watch_model
from weave_core.tracing import Run
from weave_core.tracing.runs import current_run

__all__ = ["Watch", "watch"]


def watch(
    model: Any,
    *,
    log: Watched = "gradients",
    log_freq: int = 100,
    run: Run | None = None,
    prefix: str = "",
) -> Watch:
    """Log what a model's gradients and parameters look like, until `remove` or the run's end.

    Each backward pass counts; every `log_freq`th is told, at the step that the program logs next:
    `gradients/fc.weight` is a histogram, `gradients/fc.weight.norm` and mean, std, min, max,
    quantiles and the count of values that are not finite are numbers, `gradients/norm` is of all.

    Args:
        model: A `torch.nn.Module`.
        log: What to look at.
        log_freq: Every how many backward passes.
        run: Where to log; None: the run that was begun last.
        prefix: What the names begin with, where one run has several models.

    Raises:
        ConfigError: If an argument can't be used, or no run is going on.
    """
    run = current_run() if run is None else run
    if run is None:
        raise ConfigError(
            "watch was called before a run was begun", "weave_core.run(...) begins one"
        )
    return watch_model(run, model, log=log, log_freq=log_freq, prefix=prefix)
