"""A label set: what reviewers are asked of each thing, kept as a versioned object."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from weave_core.model.feedback import MAX_FEEDBACK_TEXT, FeedbackLabel, FeedbackName
from weave_core.model.values import Value

__all__ = ["LABEL_SET", "Answer", "Label", "LabelKind", "LabelSet"]

LABEL_SET = "label_set"
"""Kind of the objects that label sets are kept as."""
MAX_LABELS = 20
"""Labels of one set."""
MAX_OPTIONS = 50
"""Options of one label."""
MAX_INSTRUCTIONS = 20_000
"""Characters of what reviewers are told."""
_MIN_OPTIONS = 2

LabelKind = Literal["categorical", "number", "boolean", "text"]
Text = Annotated[str, StringConstraints(max_length=MAX_FEEDBACK_TEXT, pattern=r"^[^\x00]*$")]


class Label(Value):
    """One thing that is asked."""

    name: FeedbackName
    """Of the feedback that comes of it."""
    kind: LabelKind = "categorical"
    options: list[FeedbackLabel] = []
    """Of a categorical label, what can be said; `1` to `9` choose them on the keyboard."""
    min: float | None = None
    max: float | None = None
    """Of a number: the range that it lies in."""
    description: Text = ""
    is_required: bool = True

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        is_categorical = self.kind == "categorical"
        if is_categorical and not _MIN_OPTIONS <= len(self.options) <= MAX_OPTIONS:
            raise ValueError(
                f"{self.name}: give 2 to {MAX_OPTIONS} options, not {len(self.options)}"
            )
        if len(set(self.options)) < len(self.options):
            raise ValueError(f"{self.name}: an option is named twice")
        if not is_categorical and self.options:
            raise ValueError(f"{self.name}: only a categorical label has options")
        if self.kind != "number" and (self.min is not None or self.max is not None):
            raise ValueError(f"{self.name}: only a number has a range")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError(f"{self.name}: its range ends at {self.max:g}, before {self.min:g}")
        return self

    def said(self, answer: "Answer") -> dict[str, Any]:
        """What feedback says for `answer`: its `value`, `label` or `text`.

        Raises:
            ValueError: If that is no answer to this label.
        """
        match self.kind:
            case "boolean" if isinstance(answer, bool):
                return {"value": float(answer)}
            case "number" if isinstance(answer, int | float) and not isinstance(answer, bool):
                low, high = self.min, self.max
                if (low is not None and answer < low) or (high is not None and answer > high):
                    raise ValueError(f"{self.name} is {answer:g}, which is not {self.told}")
                return {"value": float(answer)}
            case "categorical" if answer in self.options:
                return {"label": answer}
            case "text" if isinstance(answer, str) and answer.strip():
                return {"text": answer}
        raise ValueError(f"{self.name} is {str(answer)[:60]!r}, which is not {self.told}")

    @property
    def told(self) -> str:
        """What can be answered, in words."""
        match self.kind:
            case "boolean":
                return "true or false"
            case "categorical":
                return f"one of {', '.join(self.options)}"
            case "text":
                return "a text"
        if self.min is not None and self.max is not None:
            return f"a number from {self.min:g} to {self.max:g}"
        if self.min is not None:
            return f"a number from {self.min:g} on"
        return "a number" if self.max is None else f"a number up to {self.max:g}"


Answer = bool | float | str
"""What a reviewer answers to one label."""


class LabelSet(Value):
    """What reviewers are asked of each thing."""

    labels: Annotated[list[Label], Field(min_length=1, max_length=MAX_LABELS)]
    instructions: Annotated[str, Field(max_length=MAX_INSTRUCTIONS)] = ""
    """What they are told."""

    @model_validator(mode="after")
    def _has_names(self) -> Self:
        names = [label.name for label in self.labels]
        if len(set(names)) < len(names):
            raise ValueError("two labels have one name")
        return self

    def said(self, answers: Mapping[str, Answer]) -> dict[str, dict[str, Any]]:
        """What feedback says, by label.

        Raises:
            ValueError: If an answer is missing, fits no label, or is of a label that is not asked.
        """
        known = {label.name: label for label in self.labels}
        for name in answers:
            if name not in known:
                raise ValueError(f"{name!r} is not asked: {', '.join(known)}")
        missing = [
            each.name for each in self.labels if each.is_required and each.name not in answers
        ]
        if missing:
            raise ValueError(f"no answer to {', '.join(missing)}")
        return {name: known[name].said(answer) for name, answer in answers.items()}
