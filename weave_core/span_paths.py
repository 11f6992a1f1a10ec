"""A place in a span or another JSON value, as a text: `inputs.messages[-1].content`.

Keys have dots between them, `[0]` and `[-1]` are places of a list, `[*]` is each of a list, and
`['a.b']` is a key with dots.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from weave_core.errors import BadRequest

__all__ = ["MISSING", "SpanPath"]

MAX_STEPS = 20
"""Steps of one path."""
MISSING: Any = object()
"""What there is where a path leads to nothing."""
_STEP = re.compile(r"""(?:^|\.)([^.\[\]'"]+)|\[(-?\d{1,9}|\*)\]|\[(?:'([^']*)'|"([^"]*)")\]""")


class SpanPath:
    """A path, read once.

    Raises:
        BadRequest: If it is none.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps = tuple(_read(text))

    @property
    def root(self) -> str:
        """Its first key."""
        return str(self.steps[0])

    def find(self, value: Any) -> Any:
        """What it leads to in `value`, or `MISSING`."""
        return _found(value, self.steps)


def _read(text: str) -> list[str | int | None]:
    steps: list[str | int | None] = []
    place = 0
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None or len(steps) >= MAX_STEPS:
            break
        key, index, *quoted = match.groups()
        if index is not None:
            steps.append(None if index == "*" else int(index))
        else:
            steps.append(next(each for each in (key, *quoted) if each is not None))
        place = match.end()
    if place < len(text) or not steps or not isinstance(steps[0], str):
        raise BadRequest(
            f"{text[:100]!r} is no path in a span",
            "write it like inputs.messages[-1].content, documents[*].content or metadata['a.b']",
        )
    return steps


def _found(value: Any, steps: Sequence[str | int | None]) -> Any:
    for number, step in enumerate(steps):
        if step is None:
            if not isinstance(value, list):
                return MISSING
            rest = steps[number + 1 :]
            found = [_found(each, rest) for each in value]
            return [each for each in found if each is not MISSING]
        if isinstance(step, int):
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return MISSING
            value = value[step]
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            return MISSING
    return value
