"""What all adapters have in common: the metric, its name and version, and where its fields are."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Any, ClassVar

from weave_core.digests import digest_json
from weave_core.evals.scorers.contract import Scorer, expected_of
from weave_core.evals.scorers.retrieval import documents_of
from weave_core.model import Span

__all__ = ["DOCUMENTS", "OUTPUT", "Foreign"]

OUTPUT = "output"
"""Stands for what the task gave, among the columns."""
DOCUMENTS = "documents"
"""Stands for what the judges of retrieval read: of the output, the row, or the trace."""
_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, kw_only=True)
class Foreign(Scorer):
    """A metric of another library."""

    name: str = ""
    """Default: the metric's own."""
    metric: Any
    columns: Mapping[str, str] | None = None
    """Field of the metric to column of the row; `output` and `documents` stand for what they say.
    Those that are not told keep the adapter's own."""

    library: ClassVar[str]
    usual: ClassVar[Mapping[str, str]]
    """Where a field is unless it is told; left out where the row has no such column."""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", _plain_name(self.own_name()))

    def own_name(self) -> str:
        """What the metric calls itself."""
        return str(getattr(self.metric, "name", None) or type(self.metric).__name__)

    @cached_property
    def version(self) -> str:
        """`sha256:` digest of the library's version, the metric's class and its plain settings."""
        kind = type(self.metric)
        try:
            found = installed(self.library)
        except PackageNotFoundError:
            found = ""
        told = [dict(self.columns or {}), repr(self.settings())]
        return digest_json([found, f"{kind.__module__}.{kind.__qualname__}", *told])

    def settings(self) -> dict[str, Any]:
        """What of the metric is part of its version: its plain values, but no key of a provider."""
        return {
            key: value
            for key, value in sorted(getattr(self.metric, "__dict__", {}).items())
            if isinstance(value, _PLAIN) and "key" not in key
        }

    def fields(
        self, output: Any, row: Mapping[str, Any], spans: Sequence[Span] | None
    ) -> dict[str, Any]:
        """The values of the metric's fields.

        Raises:
            LookupError: If a field that is told has no column in the row.
        """
        told = self.columns or {}
        found: dict[str, Any] = {}
        for field, column in {**self.usual, **told}.items():
            if column == OUTPUT:
                found[field] = output
            elif column == DOCUMENTS:
                try:
                    found[field] = documents_of(output, row, spans)
                except LookupError:
                    if field in told:
                        raise
            elif column in row or field in told:
                found[field] = expected_of(row, column)
        return found


def _plain_name(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"\W+", "_", words).strip("_").lower()
