"""Short names under which rows keep the attributes that nearly every sender has.

A row's attributes are JSON, and of it the names took more than the values.  Rows of older versions
have the long names, so whoever reads looks for both.
"""

from collections.abc import Mapping
from typing import Any

from weave_core import semconv

__all__ = ["names_of", "shortened", "written_out", "written_out_sql"]

_SIGN = "\x7f"
"""Begin of short names, which no sender's name has: one byte, and JSON writes it as it is."""
_NAMES = (
    *(semconv.GEN_AI_OPERATION_NAME, semconv.GEN_AI_REQUEST_TEMPERATURE),
    *(semconv.GEN_AI_REQUEST_MAX_TOKENS, semconv.GEN_AI_REQUEST_TOP_P),
    *(semconv.GEN_AI_REQUEST_TOP_K, semconv.GEN_AI_REQUEST_SEED),
    *(semconv.GEN_AI_REQUEST_STREAM, semconv.GEN_AI_REQUEST_CHOICE_COUNT),
    *(semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY, semconv.GEN_AI_REQUEST_PRESENCE_PENALTY),
    *(semconv.GEN_AI_REQUEST_REASONING_LEVEL, semconv.GEN_AI_OUTPUT_TYPE),
    *(semconv.GEN_AI_CONVERSATION_ID, semconv.GEN_AI_AGENT_ID),
    *(semconv.GEN_AI_TOOL_NAME, semconv.GEN_AI_TOOL_TYPE, semconv.GEN_AI_TOOL_CALL_ID),
    *(semconv.SERVER_ADDRESS, semconv.SERVER_PORT, semconv.OPENINFERENCE_KIND),
    *(semconv.CODE_FUNCTION_NAME, semconv.CODE_FILE_PATH, semconv.CODE_LINE_NUMBER),
)
"""More may follow at the end; no place may change, since rows refer to it."""
_SHORT = {name: f"{_SIGN}{number:x}" for number, name in enumerate(_NAMES)}
_LONG = {short: name for name, short in _SHORT.items()}


def shortened(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """`attributes` as a row has them; names that begin like short ones are left to the payload."""
    return {
        _SHORT.get(name, name): value
        for name, value in attributes.items()
        if not name.startswith(_SIGN)
    }


def written_out(name: str) -> str:
    """The name that a sender gave what a row has under `name`."""
    return _LONG.get(name, name)


def names_of(name: str) -> tuple[str, ...]:
    """The names under which rows may have a sender's `name`, the likeliest first."""
    short = _SHORT.get(name)
    return (name,) if short is None else (short, name)


def written_out_sql(column: str) -> str:
    """SQL for the JSON text in `column` with the names that senders gave."""
    text = column
    for short, name in _LONG.items():
        # Within a text of JSON the quote would be escaped.
        text = f"replace({text}, '\"{short}\":', '\"{name}\":')"
    return text
