"""Previews of messages that were sent key by key (`gen_ai.prompt.0.content`), without a tree."""

from typing import Any

from weave_core.server.normalise import previews

__all__ = ["first_output", "last_input"]

_INPUTS = ("llm.input_messages.", "gen_ai.prompt.", "llm.prompts.", "gen_ai.input.messages.")
_OUTPUTS = (
    *("llm.output_messages.", "gen_ai.completion.", "llm.choices.", "llm.completions."),
    "gen_ai.output.messages.",
)
_TEXT_ENDS = (".content", ".user", ".message_content.text", ".prompt.text", ".completion.text")
_CALL_ENDS = (".tool_call.function.name", ".tool_calls.0.name", ".function_call.name")
_MAX_DIGITS = 9


def last_input(attributes: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    """The text of the user's message with the highest index, else of the highest of anyone's."""
    texts: dict[int, Any] = {}
    users: list[int] = []
    for key in keys:
        if key.startswith(_INPUTS):
            index = _index(key, _INPUTS)
            if key.endswith(".role"):
                if attributes[key] in ("user", "human"):
                    users.append(index)
            elif key.endswith(_TEXT_ENDS) and index not in texts:
                texts[index] = attributes[key]
    said = [index for index in users if index in texts] or list(texts)
    return previews.input_preview(texts[max(said)]) if said else None


def first_output(attributes: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first text that was answered, else the first tool that was called."""
    called: str | None = None
    for key in keys:
        if key.startswith(_OUTPUTS):
            value = attributes[key]
            if type(value) is not str or not value:
                continue
            if key.endswith(_TEXT_ENDS):
                if attributes.get(key.removesuffix("text") + "type") == "reasoning":
                    continue
                return previews.output_preview(value)
            if called is None and key.endswith(_CALL_ENDS):
                arguments = attributes.get(key.removesuffix("name") + "arguments") or ""
                called = f"{value}({arguments})"[: previews.PREVIEW_CHARS]
    return called


def _index(key: str, prefixes: tuple[str, ...]) -> int:
    prefix = next(p for p in prefixes if key.startswith(p))
    number = key[len(prefix) :].partition(".")[0]
    return (
        int(number) if len(number) <= _MAX_DIGITS and number.isascii() and number.isdigit() else -1
    )
