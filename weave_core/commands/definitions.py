"""What commands that make something share: a JSON file, moments and lengths of time, one error."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from weave_core.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["moment_ns", "read_object", "seconds_of", "validated"]

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
V = TypeVar("V", bound="BaseModel")


def read_object(file: Path | None) -> dict[str, Any]:
    """The JSON object in a file; an empty one where there is no file.

    Raises:
        ConfigError: If it can't be read, or is none.
    """
    if file is None:
        return {}
    try:
        found = orjson.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{str(file)!r} can't be read: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{str(file)!r} holds no JSON object")
    return found


def validated(kind: type[V], given: dict[str, Any], *, hint: str) -> V:
    """A value of what was given.

    Raises:
        ConfigError: If it is none; it names the field.
    """
    from pydantic import ValidationError  # Not for `--help`.

    try:
        return kind.model_validate(given)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"])) or kind.__name__
        raise ConfigError(f"{where}: {problem['msg']}, given {given!r:.300}", hint) from error


def seconds_of(text: str) -> float:
    """A length of time such as `90s`, `15m`, `2h`, `7d`.

    Raises:
        ConfigError: If it is none.
    """
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.replace(".", "", 1).isdigit():
        raise ConfigError(f"{text!r} is no length of time", "write 90s, 15m, 2h or 7d")
    return float(number) * _UNITS[unit]


def moment_ns(text: str) -> int:
    """A moment in ISO form, or how long ago it was.

    Raises:
        ConfigError: If it is neither.
    """
    if text[-1:] in _UNITS and text[:1].isdigit() and "-" not in text:
        return int((datetime.now(UTC).timestamp() - seconds_of(text)) * 1e9)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{text!r} is no moment", "write 2026-07-01, 2026-07-01T12:00:00+00:00, 30m, 2h or 7d"
        ) from None
    return int((moment if moment.tzinfo else moment.astimezone()).timestamp() * 1e9)
