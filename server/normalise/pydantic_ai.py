"""Pydantic AI: chat spans follow the GenAI conventions, agent spans hold a whole run."""

from typing import Any

from weave_core.server.normalise import genai_events, texts
from weave_core.server.normalise.messages import Message, merged_choice, messages_in
from weave_core.server.normalise.sent import Sent

__all__ = [
    "event_input_messages",
    "event_output_messages",
    "input_messages",
    "output_messages",
    "tools",
]

_ALL = "pydantic_ai.all_messages"


def input_messages(sent: Sent) -> list[Message] | None:
    """The run without its answer."""
    run = messages_in(sent.json(_ALL))
    return run[:-1] if run and run[-1]["role"] == "assistant" else run


def output_messages(sent: Sent) -> list[Message] | None:
    """The run's answer: its last message, else the final result."""
    run = messages_in(sent.json(_ALL))
    if run and run[-1]["role"] == "assistant":
        return run[-1:]
    final = sent.get("final_result")
    if run and isinstance(final, str):
        return messages_in([{"role": "assistant", "content": final}])
    return None


def event_input_messages(sent: Sent) -> list[Message] | None:
    """Version 1: the list of per-message events as one JSON attribute, without the answer."""
    run = _listed_run(sent)
    return run[: _answer_at(run)]


def event_output_messages(sent: Sent) -> list[Message] | None:
    """Version 1: the answer in that list; Logfire's items of one answer become one message."""
    run = _listed_run(sent)
    return merged_choice(run[_answer_at(run) :])


def _listed_run(sent: Sent) -> list[Message]:
    listed = genai_events.listed(sent.attributes)
    return genai_events.run_of([(event.name, event.attributes) for event in listed])


def _answer_at(run: list[Message]) -> int:
    """Where the messages begin that nobody answered."""
    at = len(run)
    while at and run[at - 1]["role"] == "assistant":
        at -= 1
    return at


def tools(sent: Sent) -> list[Any] | None:
    """The tools among the request's parameters."""
    value = sent.json("model_request_parameters")
    if not isinstance(value, dict):
        return None
    listed = [texts.decode(value.get(key)) for key in ("function_tools", "output_tools")]
    return [
        {**tool, "parameters": tool.get("parameters_json_schema", tool.get("parameters"))}
        for tools in listed
        if isinstance(tools, list)
        for tool in tools
        if isinstance(tool, dict)
    ]
