"""A watched PyTorch model."""

import math
from typing import Any

import pytest
import torch
from support.trainings import points
from torch import nn

import weave_core
from weave_core import Client
from weave_core.compat import wandb
from weave_core.errors import ConfigError
from weave_core.integrations.torch import watch


def model() -> nn.Module:
    """A small one, the same each time."""
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))


def step(net: nn.Module, optimizer: Any) -> float:
    """One step of a training."""
    optimizer.zero_grad()
    loss = net(torch.ones(5, 3)).square().mean()
    loss.backward()
    optimizer.step()
    return float(loss.item())


@pytest.mark.usefixtures("traced")
def test_gradients_and_parameters_lie_at_the_step_of_the_loss(client: Client, project: str) -> None:
    """Every second pass, as PyTorch itself computes them, and the program's steps are its own."""
    net = model()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    norms = {}
    with weave_core.run() as run, watch(net, log="all", log_freq=2):
        for place in range(4):
            before = net[0].weight.detach().clone()
            loss = step(net, optimizer)
            grads = torch.cat([each.grad.flatten() for each in net.parameters()])
            norms[place] = (before, net[0].weight.grad.clone(), float(grads.norm()))
            run.log({"loss": loss})
    found = points(client, project, run.id)
    assert set(found["loss"]) == {0, 1, 2, 3}
    assert set(found["gradients/norm"]) == set(found["parameters/0.weight.mean"]) == {0, 2}
    before, gradient, norm = norms[2]
    close = pytest.approx
    assert found["gradients/norm"][2] == close(norm, rel=1e-5)
    assert found["gradients/0.weight.norm"][2] == close(float(gradient.norm()), rel=1e-5)
    assert found["gradients/0.weight.max"][2] == close(float(gradient.max()))
    assert found["gradients/0.weight.p50"][2] == close(float(gradient.quantile(0.5)))
    assert found["parameters/0.weight.mean"][2] == close(float(before.mean()))
    assert found["parameters/0.weight.nonfinite"][2] == 0
    media = list(client.run(run.id, project).media("gradients/0.weight"))
    assert [each.step for each in media] == [0, 2]
    assert sum(media[1].info["counts"]) == 12
    assert not any(
        each._backward_hooks or each._post_accumulate_grad_hooks for each in net.parameters()
    )


@pytest.mark.usefixtures("traced")
def test_what_has_no_gradient_and_what_is_no_number_is_told(client: Client, project: str) -> None:
    """A parameter that had no part in the loss, and one whose gradient is NaN."""
    net = nn.ModuleDict({"used": nn.Linear(2, 1), "idle": nn.Linear(2, 1)})
    net.forward = net["used"].forward
    with weave_core.run() as run:
        watch(net, log_freq=1)
        net(torch.full((1, 2), math.nan)).sum().backward()
        run.log({"loss": 1.0})
    found = points(client, project, run.id)
    assert found["gradients/used.weight.nonfinite"] == {0: 2.0}
    assert found["gradients/used.bias.norm"] == {0: 1.0}
    assert not any("idle" in key for key in found)


@pytest.mark.usefixtures("traced")
def test_scripts_of_wandb_watch_as_they_did(client: Client, project: str) -> None:
    """At wandb's steps, the open one included; `unwatch` ends it."""
    net = model()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    run = wandb.init(project=project)
    wandb.watch(net, log_freq=1)
    for place in range(2):
        wandb.log({"epoch": place}, commit=False)
        wandb.log({"loss": step(net, optimizer)})
    wandb.unwatch(net)
    wandb.log({"loss": step(net, optimizer)})
    wandb.finish()
    found = points(client, project, run.id)
    assert set(found["loss"]) == {0, 1, 2}
    assert set(found["gradients/norm"]) == set(found["epoch"]) == {0, 1}


@pytest.mark.usefixtures("traced")
def test_a_watch_that_cannot_be_says_why() -> None:
    """No run, no model, no such kind."""
    with pytest.raises(ConfigError, match="before a run was begun"):
        watch(model())
    with weave_core.run():
        with pytest.raises(ConfigError, match="give one of gradients, parameters, all"):
            watch(model(), log="weights")  # type: ignore[arg-type]  # The mistake.
        with pytest.raises(ConfigError, match=r"torch\.nn\.Module"):
            watch("model")


def test_a_failure_of_ours_is_a_warning(broken_run: Any) -> None:
    """The gradients are the same as without us."""
    alone, watched = model(), model()
    watch(watched, run=broken_run, log_freq=1)
    for net in (alone, watched):
        step(net, torch.optim.SGD(net.parameters(), lr=0.1))
    assert all(map(torch.equal, alone.parameters(), watched.parameters()))
