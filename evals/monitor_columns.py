"""What a monitor's scorers get of a span: the columns of a row, as those of a dataset.

So a scorer judges live spans with the code that judges a dataset.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weave_core.model import Message, Span
from weave_core.span_paths import MISSING, SpanPath

__all__ = ["COLUMNS", "SPANS", "TRACE", "Columns"]

COLUMNS = ("input", "output", "inputs", "outputs", "messages", "documents", "metadata", "span")
"""What scorers are always offered, where the span has it: `input` is the text that was asked last,
`output` the text that was answered; without messages they are the inputs and outputs."""
SPANS = "spans"
"""What a scorer calls the parameter that gets all spans of the trace."""
TRACE = "trace"
"""The root of paths that lead to other spans: `trace.documents`, `trace.spans[*].name`."""


@dataclass(frozen=True)
class Columns:
    """Reads the columns of a mapping."""

    paths: Mapping[str, SpanPath]

    @classmethod
    def of(cls, mapping: Mapping[str, str]) -> "Columns":
        """Those of a monitor's `mapping`.

        Raises:
            BadRequest: If a path is none.
        """
        return cls({column: SpanPath(path) for column, path in mapping.items()})

    @property
    def names(self) -> set[str]:
        """All columns that there may be."""
        return {*COLUMNS, *self.paths, SPANS, "row", "expected"}

    @property
    def wants_trace(self) -> bool:
        """Whether a path leads to other spans."""
        return any(path.root == TRACE for path in self.paths.values())

    def read(self, span: Span, spans: Sequence[Span] | None) -> dict[str, Any]:
        """What scorers may ask for by name; a path that leads to nothing gives no column.

        Args:
            span: With its payload.
            spans: All of its trace, where they are wanted.
        """
        plain = span.model_dump(mode="json")
        messages = span.messages
        row: dict[str, Any] = {
            "inputs": span.inputs,
            "outputs": span.outputs,
            "input": _text(messages.input if messages else [], "user", span.inputs),
            "output": _text(messages.output if messages else [], "assistant", span.outputs),
            "messages": plain["messages"],
            "documents": _contents([span]),
            "metadata": plain["metadata"],
        }
        if self.wants_trace and spans is not None:
            of_trace = {
                "documents": _contents(spans),
                "spans": [each.model_dump(mode="json") for each in spans],
            }
            plain = plain | {TRACE: of_trace}
        for column, path in self.paths.items():
            value = path.find(plain)
            row.pop(column, None)
            if value is not MISSING:
                row[column] = value
        values = {**row, "row": row, "expected": row.get("expected"), "span": span}
        return values if spans is None else values | {SPANS: list(spans)}


def _text(messages: Sequence[Message], role: str, otherwise: Any) -> Any:
    """The text of the last message of a role that has some."""
    for message in reversed(messages):
        texts = [str(part.content) for part in message.parts if part.type == "text"]
        if message.role == role and texts:
            return "\n".join(texts)
    return otherwise


def _contents(spans: Sequence[Span]) -> list[Any]:
    return [
        document.content
        for span in spans
        for document in span.documents
        if document.content is not None
    ]
