"""Pydantic AI: chat spans follow the GenAI conventions, agent spans hold a whole run."""

from typing import Any

from weave_core.server.normalise import genai_events, texts
from weave_core.server.normalise.genai_events import Told
from weave_core.server.normalise.messages import Message, messages_in
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
    """Version 1: the list of per-message events as one JSON attribute."""
    return genai_events.input_messages(_events(sent))


def event_output_messages(sent: Sent) -> list[Message] | None:
    """Version 1: the choices in that list."""
    return genai_events.output_messages(_events(sent))


def _events(sent: Sent) -> list[Told]:
    for key in ("events", "all_messages_events"):
        value = sent.json(key)
        if isinstance(value, list):
            return [(str(item.get("event.name")), item) for item in value if isinstance(item, dict)]
    return []


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
