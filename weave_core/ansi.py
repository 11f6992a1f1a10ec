"""What terminals take as commands within a text: colours, moves of the cursor, titles."""

import re

__all__ = ["without_ansi"]

_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_]|[ -/]+[0-~])"
)
"""Source: ECMA-48, 5.3 and 5.4; `ESC ]` as xterm ends it."""


def without_ansi(text: str) -> str:
    """`text` as it reads, without colours."""
    return _SEQUENCE.sub("", text) if "\x1b" in text else text
