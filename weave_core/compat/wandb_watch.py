"""`wandb.watch`: PyTorch models whose gradients and parameters are logged to a run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from weave_core.errors import ConfigError
from weave_core.tracing.failures import warn_once

if TYPE_CHECKING:
    from weave_core.integrations._tensor_watches import Watch

__all__ = ["WatchedRun", "Watches"]


class WatchedRun(Protocol):
    """A run that counts steps by wandb's rules."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more can be logged to it."""

    @property
    def step(self) -> int:
        """The step that is logged next."""

    def log(self, data: Mapping[str, Any], step: int | None, commit: bool | None) -> None:  # noqa: FBT001
        """Log values."""


class _Logged:
    """A run as a watch sees it."""

    def __init__(self, run: WatchedRun) -> None:
        self._run = run

    @property
    def state(self) -> str:
        return "finished" if self._run.has_ended else "running"

    @property
    def step(self) -> int:
        return self._run.step

    def log(self, values: Mapping[str, Any], *, step: int | None, commit: bool) -> None:
        self._run.log(values, step, commit)


class Watches:
    """The models that are watched now."""

    def __init__(self) -> None:
        self._open: list[tuple[Any, Watch]] = []

    def begin(self, run: WatchedRun, models: Any, log: str | None, log_freq: int) -> None:
        """Watch a model, or each of several.

        Raises:
            ConfigError: If what is given is no PyTorch model, or `log` no kind.
            MissingExtra: If PyTorch is not installed.
        """
        if log is None:
            return
        from weave_core.integrations._tensor_watches import watch_model  # Loads PyTorch.

        given = list(models) if isinstance(models, list | tuple) else [models]
        if not given:
            raise ConfigError("wandb.watch was given no model", "give a torch.nn.Module")
        for place, model in enumerate(given):
            prefix = f"model_{place}/" if len(given) > 1 else ""
            options: dict[str, Any] = {"log": log, "log_freq": log_freq, "prefix": prefix}
            logged: Any = _Logged(run)
            self._open.append((model, watch_model(logged, model, **options)))

    def end(self, models: Any = None) -> None:
        """Watch some models, or all, no longer."""
        given = models if isinstance(models, list | tuple) else [models]
        kept = []
        for model, watch in self._open:
            if models is None or any(model is each for each in given):
                watch.remove()
            else:
                kept.append((model, watch))
        self._open = kept

    @staticmethod
    def warn_of(log_graph: object) -> None:
        """Say what has no meaning here."""
        if log_graph:
            warn_once("wandb graph", "wandb.watch(log_graph=True) has no meaning here: left out")
