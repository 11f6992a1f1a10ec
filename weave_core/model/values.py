"""The base of every value that crosses a layer."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict

__all__ = ["Value", "lean"]

_NOTHING: set[str] = set()
"""Never written: pydantic copies what it adds to."""


class Value(BaseModel):
    """Frozen; what a newer server adds is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


V = TypeVar("V", bound=Value)


def lean(value: V) -> V:
    """`value`, which forgets which of its fields were given.

    The note of that takes as much memory as the fields do; for values that lie in memory by the
    hundred thousand and are never asked what was unset.
    """
    object.__setattr__(value, "__pydantic_fields_set__", _NOTHING)
    return value
