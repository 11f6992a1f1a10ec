"""Log from a JAX training: numbers out of compiled functions, norms of trees, compile times.

    import optax
    from weave_core.integrations.jax import log_compilations, log_in_jit, record_norms

    optimizer = optax.chain(record_norms(log_freq=10), optax.adam(1e-3))

JAX has no trainer and thus no callbacks; a plain loop logs with `run.log`, which takes arrays of
one element as they are.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import Any, NamedTuple

from weave_core.errors import RunStopped
from weave_core.integrations._trainings import guarded, missing
from weave_core.tracing import Run
from weave_core.tracing.failures import warn_once
from weave_core.tracing.runs import current_run

try:
    import jax
    from jax import numpy as jnp
except ModuleNotFoundError as error:
    raise missing("jax", "jax") from error

__all__ = ["Compilations", "log_compilations", "log_in_jit", "record_norms", "tree_norms"]

MAX_LEAVES = 500
"""Arrays of a tree whose norms are told one by one, the first ones; the norm is of all."""


def tree_norms(tree: Any, prefix: str = "") -> dict[str, Any]:
    """The norm of a tree of arrays, such as gradients, and that of each of its arrays.

    Example:
        >>> run.log(tree_norms(gradients, "gradients/"))

    Args:
        tree: Arrays in dictionaries, lists, modules of Flax.
        prefix: What the names begin with.
    """
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    squares = [jnp.sum(jnp.square(jnp.abs(leaf)).astype(jnp.float32)) for _, leaf in leaves]
    norms: dict[str, Any] = {
        f"{prefix}{_name(path)}.norm": jnp.sqrt(square)
        for (path, _), square in list(zip(leaves, squares, strict=True))[:MAX_LEAVES]
    }
    norms[f"{prefix}norm"] = jnp.sqrt(sum(squares, jnp.zeros(())))
    return norms


def _name(path: Any) -> str:
    return str(jax.tree_util.keystr(path, simple=True, separator="."))


def log_in_jit(values: Mapping[str, Any], step: Any, *, run: Run | None = None) -> None:
    """Log from within a function that JAX compiles; it is done whenever the function runs.

    Example:
        >>> @jax.jit
        ... def train_step(state, batch):
        ...     ...
        ...     log_in_jit({"loss": loss}, state.step)

    Args:
        values: Names to arrays of one element.
        step: The step, an array or a number.
        run: Where to log; None: the run that is open when the function runs.
    """

    def tell(values: Mapping[str, Any], step: Any) -> None:
        _log(run, values, step, commit=True)

    jax.debug.callback(guarded(tell), dict(values), step)


def _log(run: Run | None, values: Mapping[str, Any], step: Any, *, commit: bool) -> None:
    run = current_run() if run is None else run
    if run is None:
        warn_once("jax run", "JAX has numbers to log and no run is open: they are left out")
        return
    # What asks for a stop is the program's own next `log`: JAX would wrap the exception.
    with suppress(RunStopped):
        run.log(values, step=step, commit=commit)


class _NormState(NamedTuple):
    count: Any


def record_norms(
    *, log_freq: int = 100, run: Run | None = None, prefix: str = "", each: bool = False
) -> Any:
    """A transformation of Optax that changes nothing and logs norms, in compiled functions too.

    Put it first in `optax.chain` to see gradients as they come, last to see what is added to the
    parameters.

    Args:
        log_freq: Every how many updates.
        run: Where to log; None: the run that is open when it is called.
        prefix: What the names begin with.
        each: Whether the norm of each array is told too.
    """
    try:
        import optax  # Only who uses it has it.
    except ModuleNotFoundError as error:
        raise missing("optax", "jax") from error

    @guarded
    def tell(norms: Mapping[str, Any], count: Any) -> None:
        # The step stays open for what the loop logs of it, such as the loss.
        _log(run, norms, count, commit=False)

    def update(updates: Any, state: _NormState, params: Any = None, **_: Any) -> Any:
        norms = tree_norms(updates, f"{prefix}updates/")
        if params is not None:
            norms |= tree_norms(params, f"{prefix}parameters/")
        kept = norms if each else {key: norms[key] for key in norms if key.endswith("/norm")}
        jax.lax.cond(
            state.count % log_freq == 0,
            lambda: jax.debug.callback(tell, kept, state.count),
            lambda: None,
        )
        return updates, _NormState(state.count + 1)

    return optax.GradientTransformationExtraArgs(
        lambda _: _NormState(jnp.zeros((), jnp.int32)), update
    )


class Compilations(AbstractContextManager["Compilations"]):
    """Compile times of JAX as metrics `jax/...`, until the block is left."""

    def __init__(self, run: Run | None = None) -> None:
        self._run = run
        self._count = 0
        self._is_on = True
        jax.monitoring.register_event_duration_secs_listener(self._heard)

    @guarded
    def _heard(self, event: str, duration_s: float, **_: Any) -> None:
        if self._is_on and "compil" in event:
            name = event.strip("/").rsplit("/", 1)[-1].removesuffix("_duration")
            values = {f"jax/{name}_s": duration_s, "jax/compilation": self._count}
            run = current_run() if self._run is None else self._run
            if run is not None and self._count == 0:
                run.define_metric("jax/*", step_metric="jax/compilation")
            _log(run, values, None, commit=False)
            self._count += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_on = False  # JAX has no way to take back one listener.


def log_compilations(run: Run | None = None) -> Compilations:
    """Log how long JAX compiles, within a block.

    Example:
        >>> with log_compilations():
        ...     train()
    """
    return Compilations(run)
