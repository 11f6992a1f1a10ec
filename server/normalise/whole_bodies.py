"""Senders who put a provider's whole request and reply into one attribute each.

LangSmith, MLflow, Langfuse, Genkit, Google ADK, Logfire, OpenInference's generic values and our
own inputs and outputs: which attribute is theirs is here, what is in it `bodies` reads.
"""

import re
from typing import Any

from weave_core import semconv
from weave_core.server.normalise import bodies, texts
from weave_core.server.normalise.messages import Message, messages_in
from weave_core.server.normalise.parts import Part
from weave_core.server.normalise.sent import Sent

__all__ = [
    "PLAIN_REPLIES",
    "PLAIN_REQUESTS",
    "completed",
    "embeddings",
    "finish_reasons",
    "input_messages",
    "input_text",
    "output_messages",
    "output_text",
    "params",
    "reply_id",
    "reply_model",
    "request_model",
    "system",
    "tools",
    "tools_in_reply",
]

_REQUESTS = bodies.REQUEST_KEYS
_REPLIES = bodies.REPLY_KEYS
_PARAM_REQUESTS = tuple(key for key in _REQUESTS if key not in ("input.value", semconv.INPUTS))
PLAIN_REQUESTS = tuple(key for key in _REQUESTS if key != semconv.INPUTS)
PLAIN_REPLIES = tuple(key for key in _REPLIES if key != semconv.OUTPUTS)
"""Where a plain text on a model call is what was said; our own values are any code's."""
_NO_PLAIN_TEXT = re.compile(r"\s*[{\[]|<[^<>]{1,200} at 0x[0-9a-f]+>")
"""JSON that was cut, or an object that somebody wrote out (a stream that nobody read)."""
_THOUGHTS = ('"reasoning', '"thinking"', '"thought"')
_PARAM_KEYS = ("langfuse.observation.model.parameters",)


def input_messages(sent: Sent) -> list[Message] | None:
    """The messages of the first attribute that holds a request."""
    for key in _REQUESTS:
        if key in sent.attributes:
            found = bodies.request_messages(sent.json(key))
            if found:
                return found
    return None


def output_messages(sent: Sent) -> list[Message] | None:
    """The messages of the first attribute that holds a reply."""
    for key in _REPLIES:
        if key in sent.attributes:
            found = bodies.reply_messages(sent.json(key))
            if found:
                return found
    return None


def completed(sent: Sent, answered: list[Message]) -> list[Message]:
    """`answered`, with what its sender left out of it and the whole reply has.

    Ids of tool calls (Mistral) and thoughts (LangChain's Responses API), by OpenInference.
    """
    calls = [p for m in answered for p in m["parts"] if p["type"] == "tool_call" and not p["id"]]
    thinks = any(part["type"] == "reasoning" for m in answered for part in m["parts"])
    if not calls and (thinks or not _mentions_thoughts(sent)):
        return answered
    whole = output_messages(sent) or []
    if len(whole) != len(answered):
        return answered
    for message, told in zip(answered, whole, strict=True):
        known = [part for part in told["parts"] if part["type"] == "tool_call"]
        for call in message["parts"]:
            if call["type"] == "tool_call" and not call["id"]:
                same = [p for p in known if (p["name"], p["arguments"]) == _asked(call)]
                call["id"] = same[0]["id"] if len(same) == 1 else None
        if not thinks:
            message["parts"][:0] = [p for p in told["parts"] if p["type"] == "reasoning"]
    return answered


def _asked(call: Part) -> tuple[Any, Any]:
    return call["name"], call["arguments"]


def _mentions_thoughts(sent: Sent) -> bool:
    texts_sent = (value for key in _REPLIES if type(value := sent.attributes.get(key)) is str)
    return any(word in value for value in texts_sent for word in _THOUGHTS)


def input_text(sent: Sent) -> list[Message] | None:
    """A prompt that is a plain text."""
    return _plain(sent, PLAIN_REQUESTS, "user")


def output_text(sent: Sent) -> list[Message] | None:
    """An answer that is a plain text."""
    return _plain(sent, PLAIN_REPLIES, "assistant")


def _plain(sent: Sent, keys: tuple[str, ...], role: str) -> list[Message] | None:
    if sent.kind != "llm":
        return None
    for key in keys:
        said = sent.decoded(key) if key in sent.attributes else None
        if isinstance(said, str) and not _NO_PLAIN_TEXT.match(said):
            return messages_in(said, role=role)
    return None


def system(sent: Sent) -> list[Part] | None:
    """Instructions beside the messages of a request."""
    for key in _REQUESTS:
        if key in sent.attributes:
            found = bodies.request_system(sent.json(key))
            if found:
                return found
    return None


def tools_in_reply(sent: Sent) -> list[Any] | None:
    """Those that OpenAI's Responses API says once more in its reply (Logfire's agents)."""
    return bodies.request_tools(sent.json("response"))


def tools(sent: Sent) -> list[Any] | None:
    """Tools that a request offers."""
    listed = sent.json("mlflow.chat.tools")
    if isinstance(listed, list):
        return listed
    for key in _REQUESTS:
        if key in sent.attributes:
            found = bodies.request_tools(sent.json(key))
            if found:
                return found
    return None


def params(sent: Sent) -> dict[str, Any]:
    """Settings in a request, or in the attribute that is for them."""
    for key in _PARAM_KEYS:
        value = sent.json(key)
        if isinstance(value, dict):
            return dict(value)
    for key in _PARAM_REQUESTS:
        value = sent.json(key) if key in sent.attributes else None
        if isinstance(value, dict) and (bodies.request_messages(value) or "config" in value):
            return bodies.request_params(value)
    return {}


def embeddings(sent: Sent) -> list[str] | None:
    """Texts of an embedding request."""
    for key in _REQUESTS:
        if key in sent.attributes:
            found = bodies.request_embeddings(sent.decoded(key))
            if found:
                return found
    return None


def finish_reasons(sent: Sent) -> list[str]:
    """Why the reply ended."""
    for key in _REPLIES:
        if key in sent.attributes:
            found = bodies.reply_finish_reasons(sent.json(key))
            if found:
                return found
    return []


def request_model(sent: Sent) -> str | None:
    """The model that a request names."""
    return _field(sent, _REQUESTS, "model")


def reply_model(sent: Sent) -> str | None:
    """The model that a reply names."""
    return _field(sent, _REPLIES, "model", "modelVersion", "model_version", "model_name")


def reply_id(sent: Sent) -> str | None:
    """The provider's id of a reply."""
    return _field(sent, _REPLIES, "id", "responseId")


def _field(sent: Sent, keys: tuple[str, ...], *names: str) -> str | None:
    for key in keys:
        if key in sent.attributes:
            found = bodies.reply_field(sent.json(key), *names)
            if found:
                return texts.as_text(found)
    return None
