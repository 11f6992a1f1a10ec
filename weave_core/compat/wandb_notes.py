"""Config and summary of a run with wandb's methods, and what scripts give as a config."""

import os
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weave_core.flat_keys import flattened
from weave_core.tracing.failures import warn_once
from weave_core.tracing.run_notes import RunConfig, mapping_of

if TYPE_CHECKING:
    from weave_core import tracing

__all__ = ["Config", "Summary", "SummaryView", "config_of", "default_config"]

MAX_CONFIG_BYTES = 10 * 1024 * 1024
"""Bytes of a YAML file that a script names as its config."""
DEFAULTS_FILE = "config-defaults.yaml"


def config_of(given: Any) -> dict[str, Any]:
    """A config as a dictionary: also of absl's flags, of OmegaConf, and of the path of a YAML file.

    Raises:
        ConfigError: If it is nothing of the kind.
    """
    if isinstance(given, str | os.PathLike):
        return _of_file(Path(given))
    if hasattr(given, "flag_values_dict"):  # absl.
        return mapping_of(given.flag_values_dict())
    if type(given).__module__.partition(".")[0] == "omegaconf":
        from omegaconf import OmegaConf  # Theirs, who have made one.

        return mapping_of(OmegaConf.to_container(given, resolve=True))
    return mapping_of(given)


def default_config() -> dict[str, Any]:
    """What `config-defaults.yaml`, where the program runs, and `WANDB_CONFIG_PATHS` say."""
    found: dict[str, Any] = {}
    named = [name.strip() for name in os.environ.get("WANDB_CONFIG_PATHS", "").split(",")]
    for name in (DEFAULTS_FILE, *filter(None, named)):
        if name != DEFAULTS_FILE or Path(name).is_file():
            found |= _of_file(Path(name))
    return found


def _of_file(path: Path) -> dict[str, Any]:
    """What a YAML file says: `key: value`, or as wandb writes it, `key: {value: ...}`."""
    try:
        import yaml  # type: ignore[import-untyped]  # Only who names such a file needs it.

        with path.open("rb") as file:
            told = yaml.safe_load(file.read(MAX_CONFIG_BYTES))
    except Exception as error:  # noqa: BLE001  # A file that is missing or wrong does not stop a training.
        warn_once(f"wandb config {path}", "wandb: the config %s is left out: %s", path, error)
        return {}
    values = mapping_of(told) if isinstance(told, Mapping) else {}
    return {
        key: value["value"] if isinstance(value, Mapping) and "value" in value else value
        for key, value in values.items()
        if key not in ("wandb_version", "_wandb")
    }


class Config(RunConfig):
    """What a run was started with, with wandb's further methods."""

    def __init__(self, given: Mapping[str, Any], *, allow_val_change: bool = False) -> None:
        super().__init__(given)
        self._allows_change = allow_val_change

    def as_dict(self) -> dict[str, Any]:
        """A copy as a dictionary."""
        return dict(self)

    def update(self, *given: Any, allow_val_change: bool | None = None, **more: Any) -> None:
        """Set several values.

        Args:
            *given: Mappings, namespaces, flags, the path of a YAML file; then maybe, as wandb has
                it, whether values may change.
            allow_val_change: Whether values that are set already may become others.
            **more: Single values.

        Raises:
            ConfigError: If a value would change that must not.
        """
        if len(given) > 1 and (given[-1] is None or isinstance(given[-1], bool)):
            *given, allow_val_change = given  # type: ignore[assignment]  # By position.
        told = [config_of(each) for each in given]
        super().update(*told, allow_val_change=bool(allow_val_change), **more)

    def setdefaults(self, given: Any) -> dict[str, Any]:
        """Set those values that are not set yet; gives all of them."""
        self.update({key: value for key, value in config_of(given).items() if key not in self})
        return self.as_dict()

    def persist(self) -> None:
        """Nothing to do: what is set is told by itself."""

    def _set(self, key: str, value: Any, *, allow_val_change: bool) -> None:
        super()._set(key, value, allow_val_change=allow_val_change or self._allows_change)


class SummaryView(Mapping[str, Any]):
    """Values by key, also the nested ones: `summary["val"]` is all that begins with `val.`."""

    def _values(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def __getitem__(self, key: str) -> Any:
        values = self._values()
        if key in values:
            return values[key]
        begin = f"{key}."
        nested: dict[str, Any] = {}
        for name, value in values.items():
            if name.startswith(begin):
                place = nested
                *outer, last = name[len(begin) :].split(".")
                for word in outer:
                    inner = place.setdefault(word, {})
                    place = inner if isinstance(inner, dict) else {}
                place[last] = value
        if not nested:
            raise KeyError(key)
        return nested

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        try:
            return self[key]
        except KeyError:
            raise AttributeError(f"the summary of this run has no {key!r}") from None

    def __repr__(self) -> str:
        return f"Summary({dict(self)!r})"


class Summary(SummaryView, MutableMapping[str, Any]):
    """One value a key, by item and by attribute; what is set stands instead of what was logged."""

    def __init__(self, inner: "tracing.Run") -> None:
        self.__dict__["_inner"] = inner

    def _values(self) -> MutableMapping[str, Any]:
        inner: tracing.Run = self.__dict__["_inner"]
        inner.drain()  # What was logged a moment ago is not counted yet.
        return inner.summary

    def __setitem__(self, key: str, value: Any) -> None:
        inner: tracing.Run = self.__dict__["_inner"]
        # Nested values have keys with dots, as logged ones have.
        told = flattened({str(key): value}) if isinstance(value, Mapping) else [(str(key), value)]
        for name, each in told:
            inner.summary[name] = each

    def __delitem__(self, key: str) -> None:
        del self._values()[key]

    def __setattr__(self, key: str, value: Any) -> None:
        self[key] = value
