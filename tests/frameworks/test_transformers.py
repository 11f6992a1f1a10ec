"""Trainings of Hugging Face's Trainer as runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.trainings import points
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

import weave_core
from weave_core import Client
from weave_core.integrations.transformers import WeaveCallback, register

ROWS = [
    {"input_ids": torch.tensor([each % 9 + 1] * 4), "labels": torch.tensor(each % 2)}
    for each in range(8)
]


def trainer(folder: Path, *callbacks: Any, **options: Any) -> Trainer:
    """A tiny BERT, 6 steps in 3 epochs."""
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=16,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=8,
    )
    args = {
        "output_dir": str(folder / "out"),
        "num_train_epochs": 3,
        "per_device_train_batch_size": 4,
        "logging_steps": 1,
        "eval_strategy": "epoch",
        "save_strategy": "no",
        "report_to": "none",
        "use_cpu": True,
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }
    return Trainer(
        model=BertForSequenceClassification(config),
        args=TrainingArguments(**{**args, **options}),
        train_dataset=ROWS,
        eval_dataset=ROWS[:4],
        callbacks=list(callbacks),
    )


@pytest.mark.usefixtures("traced")
def test_what_the_trainer_logs_is_at_its_global_step(
    client: Client, project: str, tmp_path: Path
) -> None:
    """In the run that is open: losses, epoch, evaluations; totals are the summary."""
    with weave_core.run(config={"learning_rate": "mine"}) as run:
        made = trainer(tmp_path, WeaveCallback(watch="gradients", watch_freq=3), learning_rate=1e-3)
        made.train()
        assert run.state == "running"
    history = made.state.log_history
    found = points(client, project, run.id)
    assert found["train/loss"] == {each["step"]: each["loss"] for each in history if "loss" in each}
    assert found["eval/loss"] == {
        each["step"]: each["eval_loss"] for each in history if "eval_loss" in each
    }
    assert found["epoch"][6] == 3.0
    assert len(found["gradients/norm"]) == 2
    info = client.run(run.id, project).info
    assert info.config["learning_rate"] == "mine"
    assert info.config["num_train_epochs"] == 3
    assert info.config["hidden_size"] == 8
    assert info.config["model/num_parameters"] == made.model.num_parameters()
    assert info.summary["train_loss"] == history[-1]["train_loss"]


@pytest.mark.usefixtures("traced")
def test_by_name_a_run_is_begun_and_a_later_evaluation_goes_on_in_it(
    client: Client, project: str, tmp_path: Path
) -> None:
    """`report_to` after `register`: one run for both, named as the arguments say."""
    register()
    made = trainer(tmp_path, report_to="weave_core", run_name="by name")
    made.train()
    [run] = client.runs(project)
    assert (run.name, run.state, run.last_step) == ("by name", "finished", 6)
    made.evaluate(metric_key_prefix="test")
    [again] = client.runs(project)
    assert (again.run_id, again.state) == (run.run_id, "finished")
    assert "test/loss" in points(client, project, run.run_id)
    made.predict(ROWS[:4])
    [again] = client.runs(project)
    assert again.state == "finished"


@pytest.mark.usefixtures("traced")
def test_each_trial_of_a_search_is_a_run(client: Client, project: str, tmp_path: Path) -> None:
    """In a group, with what was chosen; the program's own run is none of them."""
    made = trainer(tmp_path, WeaveCallback(), num_train_epochs=1)
    model = made.model
    made.model_init = lambda _trial: model
    with weave_core.run(name="search"):
        made.hyperparameter_search(
            hp_space=lambda trial: {
                "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-2)
            },
            n_trials=2,
            backend="optuna",
            compute_objective=lambda metrics: metrics["eval_loss"],
        )
    trials = [run for run in client.runs(project) if run.job_type == "trial"]
    assert len([*client.runs(project)]) == 3
    assert {run.state for run in trials} == {"finished"}
    assert {run.group for run in trials} == {str(tmp_path / "out")}
    assert len({run.config["learning_rate"] for run in trials}) == 2
    assert all(points(client, project, run.run_id)["eval/loss"] for run in trials)


@pytest.mark.usefixtures("traced")
def test_a_training_that_goes_on_from_a_checkpoint_keeps_its_steps(
    client: Client, project: str, tmp_path: Path
) -> None:
    """Steps 4 to 6 come behind 1 to 3, in the same run; its checkpoints are kept where asked."""
    options = {"save_strategy": "steps", "save_steps": 3}
    ours = WeaveCallback(id="long", log_model="checkpoint")
    trainer(tmp_path, ours, max_steps=3, **options).train()
    made = trainer(tmp_path, WeaveCallback(id="long"), **options)
    made.train(resume_from_checkpoint=True)
    found = points(client, project, "long")
    assert list(found["train/loss"]) == [1, 2, 3, 4, 5, 6]
    assert client.run("long", project).info.state == "finished"
    kept = client.artifact("model-long:step-3", project=project)
    assert "trainer_state.json" in [entry.path for entry in kept.files()]


@pytest.mark.usefixtures("traced")
def test_a_failure_of_ours_is_a_warning(broken_run: Any, tmp_path: Path) -> None:
    """The losses are the same as without us."""
    alone = trainer(tmp_path).train().training_loss
    with_us = trainer(tmp_path, WeaveCallback(broken_run, watch="all")).train().training_loss
    assert with_us == alone


PROGRAM = """
import weave_core.compat.wandb as wandb

wandb.install()

import json, os, sys
from pathlib import Path

os.environ["WANDB_PROJECT"] = sys.argv[1]
from test_transformers import trainer

made = trainer(Path("."), report_to="wandb", run_name="bert")
made.train()
print("TOLD " + json.dumps([wandb.run.id, made.state.log_history]))
wandb.finish()
"""


def test_its_own_callback_for_wandb_logs_here(
    run_alone: Callable[[str], Any], client: Client, project: str
) -> None:
    """`report_to="wandb"`, where `install` was called first: metrics, evaluations, arguments."""
    run_id, history = run_alone(PROGRAM)
    info = client.run(run_id, project).info
    found = points(client, project, run_id)
    losses = [each["loss"] for each in history if "loss" in each]
    assert list(found["train/loss"].values()) == losses
    assert list(found["eval/loss"].values()) == [
        each["eval_loss"] for each in history if "eval_loss" in each
    ]
    assert (info.name, info.state, info.config["num_train_epochs"]) == ("bert", "finished", 3)
    assert info.metrics["*"].step_metric == "train/global_step"
