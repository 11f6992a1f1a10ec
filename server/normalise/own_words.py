"""Senders with words of their own, said in those of the conventions before anything is read.

AgentOps, LangWatch, Logfire's spans of the OpenAI Agents SDK and LlamaIndex's own.  Their words are
found by one key that they always send, or by their scope, so all others pay for a few looks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from weave_core import semconv
from weave_core.server.normalise import llama_events, texts
from weave_core.server.otlp.records import RawEvent

__all__ = ["Said", "said_otherwise"]

Said = dict[str, tuple[str, Any]]
"""Key of a convention to the key that was sent, and what it says."""

_LOGFIRE_AGENTS = "logfire.openai_agents"
_AGENTOPS_KIND = "agentops.span.kind"
_LANGWATCH_TYPE = "langwatch.span.type"
_TYPED = frozenset(("type", "value"))
_MAX_WORD = 100


def said_otherwise(
    attributes: Mapping[str, Any], scope_name: str, events: Sequence[RawEvent]
) -> Said:
    """What a span says of itself, in words that the rest of this package reads."""
    if scope_name == llama_events.SCOPE:
        return llama_events.said_in_events(events)
    if scope_name == _LOGFIRE_AGENTS:
        return _logfire_agents(attributes)
    if _AGENTOPS_KIND in attributes:
        return _agentops(attributes)
    if _LANGWATCH_TYPE in attributes:
        return _langwatch(attributes)
    return {}


_TEMPLATES = (
    ("Agent run", "agent", semconv.GEN_AI_AGENT_NAME),
    ("Function:", "tool", semconv.GEN_AI_TOOL_NAME),
    ("OpenAI Agents trace", "workflow", None),
    ("Guardrail", "guardrail", None),
    ("Handoff", "task", None),
    ("Task:", "task", None),
    ("Turn", "task", None),
)
"""How templates of messages begin, the kind that they stand for, and whose name `name` is."""


def _logfire_agents(attributes: Mapping[str, Any]) -> Said:
    """A span says what it is by the template of its message."""
    said: Said = {}
    template = attributes.get("logfire.msg_template")
    for begin, kind, name_key in _TEMPLATES:
        if type(template) is str and template.startswith(begin):
            said[semconv.KIND] = ("logfire.msg_template", kind)
            if name_key and "name" in attributes:
                said[name_key] = ("name", attributes["name"])
            break
    for sent, known in (
        ("group_id", semconv.SESSION_ID),
        ("model_settings", "llm.invocation_parameters"),
    ):
        if sent in attributes:
            said[known] = (sent, attributes[sent])
    return said


def _agentops(attributes: Mapping[str, Any]) -> Said:
    """What went in is named after the kind of span: `agentops.tool.input`."""
    said: Said = {}
    for key, value in attributes.items():
        if key.startswith("agentops."):
            for end, known in ((".input", "input.value"), (".output", "output.value")):
                if key.endswith(end):
                    said[known] = (key, value)
    if "agentops.tags" in attributes:
        said["tag.tags"] = ("agentops.tags", attributes["agentops.tags"])
    word = str(attributes[_AGENTOPS_KIND])[-_MAX_WORD:].lower()
    named = {"agent": semconv.GEN_AI_AGENT_NAME, "tool": semconv.GEN_AI_TOOL_NAME}
    name_key = named.get(word.rpartition(".")[2])
    if name_key and "operation.name" in attributes:
        said[name_key] = ("operation.name", attributes["operation.name"])
    return said


def _langwatch(attributes: Mapping[str, Any]) -> Said:
    """Each value lies in a map that tells its type; counts and settings are maps too."""
    said: Said = {}
    for sent, known in (
        ("langwatch.input", "input.value"),
        ("langwatch.output", "output.value"),
        ("langwatch.params", "llm.invocation_parameters"),
        ("langwatch.rag_contexts", semconv.GEN_AI_RETRIEVAL_DOCUMENTS),
        ("langwatch.contexts", semconv.GEN_AI_RETRIEVAL_DOCUMENTS),
        ("langwatch.metrics", "gen_ai.usage.raw"),
    ):
        value = texts.decode(attributes.get(sent))
        if isinstance(value, dict) and value.keys() == _TYPED:
            value = value["value"]
        if value is not None:
            said[known] = (sent, value)
    metrics = said.get("gen_ai.usage.raw", ("", None))[1]
    if isinstance(metrics, dict):
        for name, known in (
            ("cost", "gen_ai.usage.cost"),
            ("first_token_ms", "ai.response.msToFirstChunk"),
        ):
            if metrics.get(name) is not None:
                said[known] = ("langwatch.metrics", metrics[name])
    return said
