"""Log a training of Hugging Face's Trainer: `Trainer(..., callbacks=[WeaveCallback()])`.

    from weave_core.integrations.transformers import WeaveCallback, register

    trainer = Trainer(model=model, args=args, train_dataset=data, callbacks=[WeaveCallback()])

    register()  # Or by name, from here on:
    args = TrainingArguments(output_dir="out", report_to="weave_core")

The step is the Trainer's global step.  TRL's trainers are Trainers too.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from weave_core.integrations._trainings import TrainingRun, guarded, missing, numbers_of

try:
    from transformers import TrainerCallback
    from transformers.integrations import integration_utils
except ModuleNotFoundError as error:
    raise missing("transformers", "transformers") from error

__all__ = ["REPORTER", "WeaveCallback", "register"]

REPORTER = "weave_core"
"""What `report_to` names after `register`."""
_TOTALS = {
    "train_runtime",
    "train_samples_per_second",
    "train_steps_per_second",
    "train_loss",
    "total_flos",
}
"""Numbers of the whole training, told once at its end."""
_KINDS = {"eval_": "eval/", "test_": "test/"}


def register() -> None:
    """Make `report_to="weave_core"` known to the Trainer."""
    integration_utils.INTEGRATION_TO_CALLBACK[REPORTER] = WeaveCallback


class WeaveCallback(TrainerCallback):  # type: ignore[misc]  # Not installed where types are checked.
    """Logs what the Trainer logs, with its arguments and the model's config as the run's.

    Args:
        run: The run to log to; None: the program's open one, else a new one, which is named
            after `run_name` of the arguments.
        watch: `gradients`, `parameters` or `all`: look at the model's tensors too.
        watch_freq: Every how many steps.
        log_model: `end` stores the trained model, with its tokenizer, as the artifact `model-ID`;
            `checkpoint` every checkpoint too, with aliases such as `step-500`.
        **options: What `weave_core.run` takes, for a new run; `every_rank=True` to log from all
            programs of a distributed training.
    """

    def __init__(
        self,
        run: Any = None,
        *,
        watch: str | None = None,
        watch_freq: int = 100,
        log_model: Literal["end", "checkpoint"] | None = None,
        **options: Any,
    ) -> None:
        self._training = TrainingRun(run, kind="transformers", **options)
        self._watches = watch, watch_freq
        self._watch: Any = None
        self._is_training = False
        self._keeps_model = log_model

    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, **_: Any
    ) -> None:
        """The run is there, with the arguments and the model's config as its config."""
        self._is_training = True
        self._begin(args, state, model, is_new=True)
        if state.global_step:
            self._training.stay()  # It goes on from a checkpoint.
        self._look(model)
        self._heed(control)

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: Mapping[str, Any] | None = None,
        model: Any = None,
        **_: Any,
    ) -> None:
        """The Trainer has numbers."""
        self._begin(args, state, model)
        self._tell(state, logs or {})
        self._heed(control)

    def on_predict(
        self,
        args: Any,
        state: Any,
        control: Any,  # noqa: ARG002
        metrics: Mapping[str, Any],
        **_: Any,
    ) -> None:
        """A prediction of its own is over."""
        self._begin(args, state, None)
        self._training.summarize(numbers_of(_named(metrics)))
        if not self._is_training:
            self._training.end()

    def on_evaluate(
        self,
        args: Any,  # noqa: ARG002
        state: Any,  # noqa: ARG002
        control: Any,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """An evaluation is over; one outside of a training ends a run that was begun for it."""
        if not self._is_training:
            self._training.end()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """A step is over."""
        self._heed(control)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """A checkpoint was written."""
        # A search writes them below a folder for each trial, which it tells nobody.
        if self._keeps_model == "checkpoint" and not state.is_hyper_param_search:
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            self._training.keep_files(str(folder), [f"step-{state.global_step}"])

    def on_train_end(
        self,
        args: Any,  # noqa: ARG002
        state: Any,  # noqa: ARG002
        control: Any,  # noqa: ARG002
        model: Any = None,
        processing_class: Any = None,
        **_: Any,
    ) -> None:
        """The training is over."""
        self._is_training = False
        self._unlook()
        parts = [each for each in (model, processing_class) if hasattr(each, "save_pretrained")]
        if self._keeps_model and parts:
            self._training.keep_model(
                "model", lambda path: [each.save_pretrained(path) for each in parts], ["end"]
            )
        self._training.end()

    @guarded
    def _begin(self, args: Any, state: Any, model: Any, *, is_new: bool = False) -> None:
        if not is_new and self._training.run is not None:
            return
        config: dict[str, Any] = {}
        for part in (getattr(model, "config", None), args):
            told = part if isinstance(part, Mapping) else getattr(part, "to_dict", dict)()
            config |= told
        peft = getattr(model, "peft_config", None)
        if peft:
            config["peft_config"] = {
                name: getattr(each, "to_dict", dict)() for name, each in peft.items()
            }
        if hasattr(model, "num_parameters"):
            config["model/num_parameters"] = model.num_parameters()
        name = state.trial_name or (args.run_name if args.run_name != args.output_dir else None)
        is_trial = bool(state.is_hyper_param_search)
        group = (args.run_name or args.output_dir) if is_trial else None
        if is_trial:
            config["trial"] = state.trial_params
        self._training.begin(
            config,
            is_first=state.is_world_process_zero,
            goes_on=not self._is_training,
            is_new=is_new,
            shares=not is_trial,
            job_type="trial" if is_trial else None,
            name=name,
            group=group,
        )

    @guarded
    def _tell(self, state: Any, logs: Mapping[str, Any]) -> None:
        self._training.summarize({key: logs[key] for key in _TOTALS & logs.keys()})
        others = {key: each for key, each in logs.items() if key not in _TOTALS}
        if others:
            self._training.log(_named(others), step=state.global_step)

    @guarded
    def _look(self, model: Any) -> None:
        kind, every = self._watches
        if kind and model is not None and self._training.run is not None and self._watch is None:
            from weave_core.integrations._tensor_watches import watch_model  # Loads torch.

            self._watch = watch_model(self._training.run, model, log=kind, log_freq=every)

    @guarded
    def _unlook(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.remove()

    def _heed(self, control: Any) -> None:
        if self._training.stop_requested:
            control.should_training_stop = True


def _named(logs: Mapping[str, Any]) -> dict[str, Any]:
    """`eval_loss` is `eval/loss`, what has no kind is of the training."""
    named = {}
    for key, value in logs.items():
        kind = next((kind for kind in _KINDS if key.startswith(kind)), None)
        if key == "epoch":
            named[key] = value
        elif kind is None:
            named[f"train/{key}"] = value
        else:
            named[_KINDS[kind] + key.removeprefix(kind)] = value
    return named
