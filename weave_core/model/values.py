"""The base of every value that crosses a layer."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Value"]


class Value(BaseModel):
    """Frozen; what a newer server adds is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")
