"""Config and summary of a run: mappings that know what was changed since it was last told."""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from weave_core.errors import ConfigError
from weave_core.jsonable import to_jsonable
from weave_core.tracing.failures import warn_once

__all__ = ["RunConfig", "RunSummary", "mapping_of"]


def mapping_of(given: Any) -> dict[str, Any]:
    """A config as a dictionary: of a mapping, an `argparse.Namespace`, a dataclass, a model.

    Raises:
        ConfigError: If it is none of these.
    """
    if given is None:
        return {}
    for name in ("model_dump", "to_dict", "_asdict"):
        method = getattr(given, name, None)
        if callable(method) and not isinstance(given, type):
            given = method()
            break
    if not isinstance(given, Mapping):
        given = getattr(given, "__dict__", given)
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"the config of a run is a {type(given).__name__}",
            "give a dictionary, an argparse.Namespace, a dataclass or a model",
        )
    return {str(key): value for key, value in given.items()}


class RunConfig(MutableMapping[str, Any]):
    """What a run was started with; a value stays as it is once it was set.

    Example:
        >>> run.config["lr"], run.config.lr
        (0.1, 0.1)
        >>> run.config.update({"lr": 0.01}, allow_val_change=True)
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._values: dict[str, Any] = dict(given)
        # What is told is what was set: a list or mapping may be another one a moment later.
        self._told: dict[str, Any] = {key: to_jsonable(each) for key, each in given.items()}
        self._is_changed = bool(given)
        self._held: frozenset[str] = frozenset()
        self._when_changed: Callable[[], None] = _wait

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __getattr__(self, key: str) -> Any:
        try:
            return self.__dict__["_values"][key]
        except KeyError:
            raise AttributeError(f"the config of this run has no {key!r}") from None

    def __setattr__(self, key: str, value: Any) -> None:
        if key.startswith("_"):
            object.__setattr__(self, key, value)
        else:
            self[key] = value

    def __setitem__(self, key: str, value: Any) -> None:
        self._set(key, value, allow_val_change=False)

    def __delitem__(self, key: str) -> None:
        raise ConfigError(
            f"config[{key!r}] can't be deleted: a run keeps what it was started with",
            "config.update({...}, allow_val_change=True) changes a value",
        )

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"RunConfig({self._values!r})"

    def update(self, *given: Any, allow_val_change: bool = False, **more: Any) -> None:
        """Set several values.

        Args:
            *given: Mappings, namespaces, dataclasses.
            allow_val_change: Whether values that are set already may become others.
            **more: Single values.

        Raises:
            ConfigError: If a value would change that must not.
        """
        for each in (*given, more):
            for key, value in mapping_of(each).items():
                self._set(key, value, allow_val_change=allow_val_change)

    def hold(self, keys: Iterable[str]) -> None:
        """Leave the values of these keys as they are from now on, whatever a program sets.

        A sweep has chosen them; a script that sets its own defaults means no harm.
        """
        self._held |= frozenset(keys)

    @property
    def held(self) -> frozenset[str]:
        """Keys that a sweep has chosen the values of."""
        return self._held

    def _set(self, key: str, value: Any, *, allow_val_change: bool) -> None:
        key = str(key)
        if key in self._held and key in self._values:
            if to_jsonable(self._values[key]) != to_jsonable(value):
                told = "config[%r] stays %r, as the sweep has chosen it, and not %r"
                warn_once(f"held {key}", told, key, self._values[key], value)
            return
        told = to_jsonable(value)
        if key in self._values and not allow_val_change:
            if self._told[key] != told:
                raise ConfigError(
                    f"config[{key!r}] is {self._told[key]!r} and would become {value!r}",
                    "a run keeps what it was started with; config.update({...},"
                    " allow_val_change=True) changes it all the same",
                )
            return
        self._values[key] = value
        self._told[key] = told
        self._is_changed = True
        self._when_changed()

    def watch(self, when_changed: Callable[[], None]) -> None:
        """Call `when_changed` from now on, as nobody comes by to ask for what has changed."""
        self._when_changed = when_changed

    def changed_in_place(self) -> list[str]:
        """Keys whose list or mapping is another one now than was set, which was not told."""
        return [key for key, value in self._values.items() if to_jsonable(value) != self._told[key]]

    def take_changed(self) -> dict[str, Any] | None:
        """All of it, where something was changed since the last time."""
        if not self._is_changed:
            return None
        self._is_changed = False
        return dict(self._told)


class RunSummary(MutableMapping[str, Any]):
    """One value a key: what was set here, else what was logged last.

    Example:
        >>> run.summary["test.accuracy"] = 0.93
    """

    def __init__(self, logged: Mapping[str, Any]) -> None:
        self._logged = logged
        self._set: dict[str, Any] = {}
        self._changed: dict[str, Any] = {}
        self._when_changed: Callable[[], None] = _wait

    def __getitem__(self, key: str) -> Any:
        return self._set[key] if key in self._set else self._logged[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._set[str(key)] = value
        self._changed[str(key)] = value
        self._when_changed()

    def __delitem__(self, key: str) -> None:
        del self._set[key]
        self._changed[key] = None
        self._when_changed()

    def __iter__(self) -> Iterator[str]:
        return iter({**self._logged, **self._set})

    def __len__(self) -> int:
        return len({**self._logged, **self._set})

    def __repr__(self) -> str:
        return f"RunSummary({dict(self)!r})"

    def watch(self, when_changed: Callable[[], None]) -> None:
        """As of a config."""
        self._when_changed = when_changed

    def take_changed(self) -> dict[str, Any] | None:
        """What was set since the last time."""
        changed, self._changed = self._changed, {}
        return changed or None


def _wait() -> None:
    """While a run goes on its thread asks for what has changed."""
