"""OpenLLMetry's older line: messages under `gen_ai.prompt.N`, tools under `llm.request.functions`.

Its first releases called them `llm.prompts.N`; its newer line writes what `genai` reads.

Source: traceloop/openllmetry, `opentelemetry/semconv_ai`.
"""

import re
from typing import Any

from weave_core.server.normalise import texts
from weave_core.server.normalise.messages import Message, finish_reason, merged_choice, messages_of
from weave_core.server.normalise.numbers import amount
from weave_core.server.normalise.sent import Sent, Tree, ordered

__all__ = [
    "TOOL_PREFIXES",
    "documents",
    "embeddings",
    "input_messages",
    "output_messages",
    "ranked",
    "tools",
]

_PROMPTS, _COMPLETIONS = ("gen_ai.prompt", "llm.prompts"), ("gen_ai.completion", "llm.completions")
"""What they are called, and were in the first releases."""
TOOL_PREFIXES = ("llm.request.functions", "gen_ai.request.functions")
"""The second is AgentOps'."""
_LEAVES = frozenset(("role", "content", "user"))
_RANKED = re.compile(r"Doc (\d{1,6}), Score: ([\d.eE+-]{1,30})")
_RESULT_EVENTS = ("db.query.result", "db.search.result")


def input_messages(sent: Sent) -> list[Message] | None:
    """`gen_ai.prompt.N.*`."""
    return _messages(sent, _PROMPTS, "user")


def output_messages(sent: Sent) -> list[Message] | None:
    """`gen_ai.completion.N.*`, one message per choice; thoughts come as one of their own."""
    found = _messages(sent, _COMPLETIONS, "assistant") or []
    thinks = any(part["type"] == "reasoning" for message in found for part in message["parts"])
    return merged_choice(found) if thinks else found


def embeddings(sent: Sent) -> list[str] | None:
    """The texts that were embedded, which stand where a prompt would."""
    return [
        part["content"]
        for message in _messages(sent, _PROMPTS, "user") or ()
        for part in message["parts"]
        if part["type"] == "text"
    ]


def _messages(sent: Sent, prefixes: tuple[str, str], role: str) -> list[Message] | None:
    newer, first = prefixes
    nodes = ordered(sent.tree(newer)) if "gen_ai" in sent.families else []
    if not nodes and "llm" in sent.families:
        # OpenInference has a prefix of the same name, and no such leaves.
        nodes = [node for node in ordered(sent.tree(first)) if not _LEAVES.isdisjoint(node)]
    found: list[Message] = []
    for node in nodes:
        body: Tree = {k: v for k, v in node.items() if type(v) is not dict}
        body.setdefault("role", role)
        if texts.is_empty(body.get("content")):  # A stream that it can't read ends as `[]`.
            body.pop("content", None)
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
    return [
        {k: texts.decode(v) for k, v in node.items() if type(v) is not dict}
        for prefix in TOOL_PREFIXES
        for node in ordered(sent.tree(prefix))
    ]


def ranked(sent: Sent) -> list[Any] | None:
    """What a reranker gave back, best first: a document is told as a number and a score."""
    if sent.kind != "reranker" or "gen_ai" not in sent.families:
        return None
    asked = [
        node.get("content")
        for node in ordered(sent.tree("gen_ai.prompt"))
        if node.get("role") == "system"
    ]
    found = []
    for node in ordered(sent.tree("gen_ai.completion")):
        told = _RANKED.fullmatch(str(node.get("content")))
        if told is not None and int(told[1]) < len(asked):
            found.append({"content": asked[int(told[1])], "score": amount(told[2])})
    return found


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
