"""A client's config: what the program set, and what the client says beside it under `_wandb`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from weave_core.foreign_runs.records import checked_id, checked_step
from weave_core.foreign_runs.wandb_metrics import definition_of_options
from weave_core.server.compat.json_texts import plain, read_object

__all__ = ["OWN_KEY", "ToldConfig", "read_config", "shown_config"]

OWN_KEY = "_wandb"
"""Under which the client keeps what is its own."""
_MAX_SESSIONS = 1_000


@dataclass(frozen=True, slots=True)
class ToldConfig:
    """A config as it came."""

    values: dict[str, Any]
    """What the program set."""
    own: dict[str, Any] = field(default_factory=dict)
    """What the client says beside it."""

    @property
    def metrics(self) -> dict[str, dict[str, Any]]:
        """What `define_metric` said, by key or pattern."""
        told = self.own.get("m")
        listed = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
        found: dict[str, dict[str, Any]] = {}
        for each in listed:
            key = each.get("1") or each.get("2")
            if isinstance(key, str) and key and not key.startswith("_"):
                found[key] = definition_of_options(
                    _step_metric(each, listed), _numbers(each.get("7")), each.get("8")
                )
        return found

    @property
    def program(self) -> dict[str, Any]:
        """What the program runs with; empty where it does not say so yet."""
        told = self.own.get("e")
        sessions = list(told.items())[-_MAX_SESSIONS:] if isinstance(told, dict) else []
        found = [each for _, each in sessions if isinstance(each, dict)]
        # One that goes on with a run names those before it, too.
        return max(found, key=lambda one: str(one.get("startedAt") or ""), default={})

    def forked_from(self, run_id: str) -> dict[str, Any] | None:
        """The run and step that a run goes on from; one that was taken back names itself."""
        told = self.own.get("branch_point")
        if not isinstance(told, dict) or told.get("run_id") in (None, run_id):
            return None
        step = told.get("step")
        kept = checked_step(int(step)) if isinstance(step, int | float) else None
        return {"run_id": checked_id(str(told["run_id"])), "step": kept}


def read_config(text: object) -> ToldConfig | None:
    """The config of a text; None where none was sent.

    Raises:
        BadRequest: If it is no JSON object.
    """
    if not isinstance(text, str):
        return None
    told = plain(read_object(text))
    values = {
        key: each["value"] if isinstance(each, dict) and "value" in each else each
        for key, each in told.items()
    }
    own = values.pop(OWN_KEY, None)
    return ToldConfig(values, own if isinstance(own, dict) else {})


def shown_config(values: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The same as clients read it."""
    return {key: {"value": value} for key, value in {**values, OWN_KEY: dict(own)}.items()}


def _step_metric(told: Mapping[str, Any], listed: list[dict[str, Any]]) -> str | None:
    if isinstance(told.get("4"), str):
        return str(told["4"])
    place = told.get("5")
    if isinstance(place, int) and 0 < place <= len(listed):
        name = listed[place - 1].get("1")
        return name if isinstance(name, str) else None
    return None


def _numbers(told: Any) -> list[int]:
    return [each for each in told if isinstance(each, int)] if isinstance(told, list) else []
