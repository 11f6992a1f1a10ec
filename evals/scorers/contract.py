"""What a scorer is, as a class; a plain function does as well."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weave_core.evals.scores import Answer

__all__ = ["Scorer", "expected_of", "references_of", "text_of"]


@dataclass(frozen=True, kw_only=True)
class Scorer(ABC):
    """A scorer with settings; a frozen dataclass, whose fields are part of its version.

    Example:
        >>> @dataclass(frozen=True, kw_only=True)
        ... class Short(weave_core.Scorer):
        ...     name: str = "short"
        ...     most: int = 100
        ...
        ...     def score(self, output, row):
        ...         return len(output) <= self.most
    """

    name: str
    """What its scores are called."""

    @abstractmethod
    def score(self, output: Any, row: Mapping[str, Any]) -> Answer | Any:
        """Judge one output.

        Args:
            output: What the task gave.
            row: The item that it gave it for.

        Returns:
            Bool, number, text, dict, `Score`, or None where there is nothing to say; a coroutine
            where it is `async`.
        """


def expected_of(row: Mapping[str, Any], column: str) -> Any:
    """What a row says is right.

    Raises:
        LookupError: If it does not say.
    """
    if column not in row:
        raise LookupError(f"the row has no column {column!r}; it has {', '.join(row)}")
    return row[column]


def text_of(value: Any) -> str:
    """A value as text; nothing as none."""
    return "" if value is None else str(value)


def references_of(row: Mapping[str, Any], column: str) -> list[str]:
    """The texts of which any is right: one, or each of a list.

    Raises:
        LookupError: If the row does not say.
        ValueError: If it is an empty list.
    """
    expected = expected_of(row, column)
    found = [text_of(each) for each in (expected if isinstance(expected, list) else [expected])]
    if not found:
        raise ValueError(f"the column {column!r} is an empty list: nothing is right")
    return found
