"""JAX trainings with Optax: norms and losses out of compiled functions."""

from typing import Any

import jax
import optax
import pytest
from jax import numpy as jnp
from support.trainings import points

import weave_core
from weave_core import Client
from weave_core.integrations.jax import log_compilations, log_in_jit, record_norms, tree_norms


def train(optimizer: Any, steps: int, run: Any = None) -> list[float]:
    """A few compiled steps, each of which logs its loss from within."""
    params = {"w": jnp.array([1.0, 2.0]), "b": jnp.array(0.5)}
    state = optimizer.init(params)

    @jax.jit  # type: ignore[untyped-decorator]  # Not installed where types are checked.
    def step(params: Any, state: Any, place: Any) -> Any:
        def loss_of(params: Any) -> Any:
            return (params["w"].sum() + params["b"]) ** 2

        loss, gradients = jax.value_and_grad(loss_of)(params)
        log_in_jit({"loss": loss}, place, run=run)
        updates, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, loss

    losses = []
    for place in range(steps):
        params, state, loss = step(params, state, place)
        losses.append(float(loss))
    jax.effects_barrier()
    return losses


@pytest.mark.usefixtures("traced")
def test_norms_and_losses_come_out_of_compiled_steps(client: Client, project: str) -> None:
    """At their steps, as JAX computes them; the optimizer does what it did."""
    plain = train(optax.sgd(0.1), 4)  # No run is open: nothing is logged, nothing breaks.
    with weave_core.run() as run:
        losses = train(optax.chain(record_norms(log_freq=2, each=True), optax.sgd(0.1)), 4)
    assert losses == plain
    found = points(client, project, run.id)
    assert found["loss"] == pytest.approx(dict(enumerate(losses)))
    assert set(found["updates/norm"]) == {0, 2}
    assert found["updates/norm"][0] == pytest.approx(7 * 3**0.5)
    assert found["updates/w.norm"][0] == pytest.approx(7 * 2**0.5)
    assert found["parameters/norm"][0] == pytest.approx((1 + 4 + 0.25) ** 0.5)


@pytest.mark.usefixtures("traced")
def test_compile_times_are_metrics(client: Client, project: str) -> None:
    """Within the block, on an axis of their own."""
    with weave_core.run() as run:
        with log_compilations():
            jax.jit(lambda x: x * 3 + 1)(jnp.arange(7))
        jax.jit(lambda x: x * 4 + 1)(jnp.arange(7))
        run.log({"norm": tree_norms({"a": jnp.ones(4)})["norm"]})
    found = points(client, project, run.id)
    assert found["norm"] == {0: 2.0}
    assert len(found["jax/backend_compile_s"]) >= 1
    assert client.run(run.id, project).info.metrics["jax/*"].step_metric == "jax/compilation"


@pytest.mark.usefixtures("traced")
def test_a_failure_of_ours_is_a_warning(broken_run: Any) -> None:
    """The losses are the same as without us."""
    optimizer = optax.chain(record_norms(log_freq=1, run=broken_run), optax.sgd(0.1))
    assert len(train(optimizer, 3, broken_run)) == 3
