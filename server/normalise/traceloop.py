"""OpenLLMetry's older line: messages under `gen_ai.prompt.N`, tools under `llm.request.functions`.

Its newer line writes what `genai` reads.

Source: traceloop/openllmetry, `opentelemetry/semconv_ai`.
"""

from typing import Any

from weave_core.server.normalise import texts
from weave_core.server.normalise.messages import Message, finish_reason, merged_choice, messages_of
from weave_core.server.normalise.sent import Sent, Tree, ordered

__all__ = ["documents", "embeddings", "input_messages", "output_messages", "tools"]

_RESULT_EVENTS = ("db.query.result", "db.search.result")


def input_messages(sent: Sent) -> list[Message] | None:
    """`gen_ai.prompt.N.*`."""
    return _messages(sent, "gen_ai.prompt", "user")


def output_messages(sent: Sent) -> list[Message] | None:
    """`gen_ai.completion.N.*`, one message per choice; thoughts come as one of their own."""
    found = _messages(sent, "gen_ai.completion", "assistant") or []
    thinks = any(part["type"] == "reasoning" for message in found for part in message["parts"])
    return merged_choice(found) if thinks else found


def embeddings(sent: Sent) -> list[str] | None:
    """The texts that were embedded, which stand where a prompt would."""
    return [
        part["content"]
        for message in _messages(sent, "gen_ai.prompt", "user") or ()
        for part in message["parts"]
        if part["type"] == "text"
    ]


def _messages(sent: Sent, prefix: str, role: str) -> list[Message] | None:
    if "gen_ai" not in sent.families:
        return None
    found: list[Message] = []
    for node in ordered(sent.tree(prefix)):
        body: Tree = {k: v for k, v in node.items() if type(v) is not dict}
        body.setdefault("role", role)
        if "user" in body:  # How it writes the prompt of a completion.
            body.setdefault("content", body["user"])
        calls = [_call(call) for call in ordered(node.get("tool_calls"))]
        if calls:
            body["tool_calls"] = calls
        function = node.get("function_call")
        if type(function) is dict:
            body["function_call"] = function
        reason = finish_reason(body.pop("finish_reason", None))
        ending = {"finish_reason": reason} if reason else {}
        found += [{**message, **ending} for message in messages_of([body], role=role)]
    return found


def _call(node: Tree) -> Tree:
    return {k: v for k, v in node.items() if type(v) is not dict}


def tools(sent: Sent) -> list[Any] | None:
    """`llm.request.functions.N.*`."""
    if "llm" not in sent.families:
        return None
    return [
        {k: texts.decode(v) for k, v in node.items() if type(v) is not dict}
        for node in ordered(sent.tree("llm.request.functions"))
    ]


def documents(sent: Sent) -> list[Any] | None:
    """What a vector store answered: one span event per hit."""
    found = []
    for event in sent.raw.events:
        if event.name in _RESULT_EVENTS:
            hit = {key.removeprefix(event.name + "."): v for key, v in event.attributes.items()}
            hit["content"] = hit.get("content", hit.get("document"))
            hit["score"] = hit.get("score", hit.get("distance"))
            found.append(hit)
    return found
