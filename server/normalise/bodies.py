"""A provider's own request or reply, which some senders put whole into one attribute.

OpenAI chat completions and responses, Anthropic messages, Gemini, Genkit, LangChain and MLflow
are told apart by the keys they have; where none of them is there, the body is no request or reply.
A body is a JSON text or decoded already.
"""

import re
from typing import Any

from weave_core import semconv
from weave_core.server.normalise import texts
from weave_core.server.normalise.messages import (
    ITEM_ROLES,
    Message,
    finish_reason,
    looks_like_messages,
    merged_choice,
    messages_in,
)
from weave_core.server.normalise.parts import Part, parts_of, plain
from weave_core.server.normalise.usage import USAGE_KEYS, Counts, counts_in_reply

__all__ = [
    "REPLY_KEYS",
    "REQUEST_KEYS",
    "id_in_attributes",
    "models_in_attributes",
    "reply_field",
    "reply_finish_reasons",
    "reply_messages",
    "request_embeddings",
    "request_messages",
    "request_params",
    "request_system",
    "request_tools",
    "usage_in_attributes",
]

REPLY_KEYS: tuple[str, ...] = (
    "output.value",
    "mlflow.spanOutputs",
    "langfuse.observation.output",
    "genkit:output",
    "gen_ai.completion",
    "gcp.vertex.agent.llm_response",
    "response_data",
    "lmnr.span.output",
    semconv.OUTPUTS,
)
"""Attributes that may hold a whole reply, best first."""
REQUEST_KEYS: tuple[str, ...] = (
    "gen_ai.prompt",
    "mlflow.spanInputs",
    "langfuse.observation.input",
    "genkit:input",
    "gcp.vertex.agent.llm_request",
    "request_data",
    "input.value",
    "lmnr.span.input",
    semconv.INPUTS,
)
"""Attributes that may hold a whole request, best first."""
_ID_FIRST = re.compile(r'\{\s*"id"\s*:\s*"([^"\\]{1,200})"')
_ID_KEPT = re.compile(r'"id"\s*:\s*"((?:chatcmpl-|cmpl-|resp_|msg_|gen-)[^"\\]{1,200})"')
"""The id of a provider's reply, and not of LangChain's run or of a tool call."""
_ID_GEMINI = re.compile(r'"response_?[iI]d"\s*:\s*"([^"\\]{1,200})"')
_REQUEST_SIGNS = frozenset(("model", "tools", "instructions"))
"""Beside a text called `input`, which may be anyone's, these make it a request."""
_MAX_SEARCHED = 1_000_000
"""A reply is searched for counts on the way in only up to this length."""
_EMBEDDED = ("input", "texts", "query", "text", "inputs", "queries")
"""Where the texts of an embedding request lie; the later ones are LlamaIndex's."""
_NESTED_PARAMS = ("config", "inferenceConfig", "textGenerationConfig", "generationConfig")
"""Where Gemini, Genkit and Bedrock keep the settings of a request."""
_NOT_PARAMS = frozenset(
    (
        "model",
        "model_name",
        "model_id",
        "messages",
        "input",
        "contents",
        "prompt",
        "tools",
        "functions",
        "system",
        "instructions",
        "system_instruction",
        "systemInstruction",
        "config",
        "extra_headers",
        "extra_body",
        "extra_query",
        "api_key",
        "headers",
        "timeout",
        "_type",
        "betas",
        "metadata",
        "inputs",
        "http_options",
        # What only a reply has, where settings are read from one (OpenAI's agents).
        "id",
        "created_at",
        "object",
        "output",
        "usage",
        "status",
        "error",
        "incomplete_details",
        "inputText",
    )
)


def request_messages(body: Any) -> list[Message] | None:
    """The messages of a request; None when `body` is no request."""
    body = texts.opened(body)
    if looks_like_messages(body):
        return messages_in(body)
    if not isinstance(body, dict):
        return None
    for key in ("messages", "contents", "input"):
        value = texts.opened(body.get(key))
        if isinstance(value, list) and value and isinstance(value[0], list):
            value = value if looks_like_messages(value) else value[0]
        if looks_like_messages(value) or (key == "contents" and isinstance(value, list)):
            return messages_in(value)
    for key in ("input", "prompt"):
        if isinstance(body.get(key), str) and body[key] and not _REQUEST_SIGNS.isdisjoint(body):
            return messages_in([{"role": "user", "content": body[key]}])
    said = body.get("inputText")  # Amazon's Titan.
    return messages_in(said) if isinstance(said, str) and said else None


def request_system(body: Any) -> list[Part]:
    """Instructions that a request carries beside its messages."""
    body = texts.opened(body)
    if not isinstance(body, dict):
        return []
    config = body.get("config")
    for source in (body, config if isinstance(config, dict) else {}):
        for key in ("system", "instructions", "system_instruction", "systemInstruction"):
            value = source.get(key)
            if isinstance(value, dict) and "parts" in value:
                value = value["parts"]
            if isinstance(value, str | list | dict) and value:
                return parts_of(value)
    return []


def request_tools(body: Any) -> list[Any] | None:
    """The tools that a request offers, as they are in it."""
    body = texts.opened(body)
    if not isinstance(body, dict):
        return None
    config = body.get("config")
    for source in (body, config if isinstance(config, dict) else {}):
        for key in ("tools", "functions"):
            if isinstance(source.get(key), list) and source[key]:
                return list(source[key])
    return None


def request_params(body: Any) -> dict[str, Any]:
    """Settings of a request: all of it but what has a field of its own."""
    body = texts.opened(body)
    if not isinstance(body, dict):
        return {}
    found = {k: v for k, v in body.items() if k not in _NOT_PARAMS and v is not None}
    for name in _NESTED_PARAMS:
        config = found.pop(name, body.get(name))
        if isinstance(config, dict):
            found |= {k: v for k, v in config.items() if k not in _NOT_PARAMS and v is not None}
    return found


def request_embeddings(body: Any) -> list[str] | None:
    """The texts of an embedding request."""
    body = texts.opened(body)
    value = body
    if isinstance(body, dict):
        value = next((body[key] for key in _EMBEDDED if body.get(key) is not None), None)
    if isinstance(value, str) and value:
        return [value]
    if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        return value
    if isinstance(value, list) and all(isinstance(v, dict) and "content" in v for v in value):
        said = [plain(v["content"]) for v in value]  # Genkit's documents.
        return [text for text in said if isinstance(text, str)] or None
    return None


def reply_messages(body: Any) -> list[Message] | None:
    """The messages of a reply, one per choice; None when `body` is no reply."""
    body = texts.opened(body)
    if looks_like_messages(body):
        return merged_choice(messages_in(body, role="assistant"))
    if not isinstance(body, dict):
        return None
    choices = body.get("choices")
    if isinstance(choices, list) and choices:
        found = [_choice(c) for c in choices if isinstance(c, dict)]
        return [m for m in found if m is not None] or None
    if isinstance(body.get("generations"), list):
        return _generations(body["generations"])
    if isinstance(body.get("candidates"), list):
        return _candidates(body["candidates"])
    if body.get("type") in ITEM_ROLES:  # The only item of OpenAI's Responses API.
        return messages_in([body], role="assistant") or None
    for key in ("output", "messages", "message"):
        value = texts.opened(body.get(key))
        value = [value] if isinstance(value, dict) and "role" in value else value
        if looks_like_messages(value):
            return merged_choice(messages_in(value, role="assistant"))
    return _single(body)


def _single(body: dict[str, Any]) -> list[Message] | None:
    """A reply that is itself the message: Anthropic's, Gemini's content, an assistant's."""
    content = body.get("content")
    if isinstance(content, dict) and isinstance(content.get("parts"), list):
        content = content["parts"]
        body = {**body, "role": "assistant"}
    if "role" in body or body.get("type") == "message":
        if content is None and "tool_calls" not in body:
            return None
        message = messages_in([{**body, "content": content, "role": "assistant"}])
        return [m for m in message if m["parts"]] or None
    if isinstance(content, list) and "stop_reason" in body:
        return messages_in([{"role": "assistant", "content": content}]) or None
    for key in ("text", "combined_chunk_content"):  # Logfire's.
        if isinstance(body.get(key), str):
            return messages_in(body[key], role="assistant") or None
    return None


def _choice(choice: dict[str, Any]) -> Message | None:
    inner = choice.get("message", choice.get("delta"))
    if not isinstance(inner, dict):
        inner = {"role": "assistant", "content": choice.get("text")}
    found = messages_in([{"role": "assistant", **inner}])
    if not found:
        return None
    reason = finish_reason(choice.get("finish_reason"))
    return {**found[0], "finish_reason": reason} if reason else found[0]


def _candidates(candidates: list[Any]) -> list[Message] | None:
    found: list[Message] = []
    for candidate in candidates:
        content = candidate.get("content") if isinstance(candidate, dict) else None
        if isinstance(content, dict):
            message = messages_in([{**content, "role": "assistant"}])[0]
            reason = finish_reason(candidate.get("finishReason", candidate.get("finish_reason")))
            found.append({**message, "finish_reason": reason} if reason else message)
    return found or None


def _generations(generations: list[Any]) -> list[Message] | None:
    """LangChain's result: a list of choices for each prompt."""
    first = generations[0] if generations else None
    items = first if isinstance(first, list) else generations
    found: list[Message] = []
    for item in items:
        if not isinstance(item, dict):
            continue
        inner = item.get("message")
        content: dict[str, Any] = (
            inner if isinstance(inner, dict) else {"content": item.get("text")}
        )
        deeper = content.get("kwargs", content.get("data"))
        if isinstance(deeper, dict):
            content = deeper
        found += messages_in([{**content, "role": "assistant"}])
    return found or None


def reply_finish_reasons(body: Any) -> list[str]:
    """Why each choice of a reply ended, canonically."""
    body = texts.opened(body)
    if not isinstance(body, dict):
        return []
    words: list[Any] = []
    for key in ("choices", "candidates"):
        for choice in body[key] if isinstance(body.get(key), list) else ():
            if isinstance(choice, dict):
                words += [choice.get("finish_reason", choice.get("finishReason"))]
    words += [body.get("stop_reason"), body.get("finishReason"), body.get("finish_reason")]
    words += [_record(body).get("finish_reason"), _record(body).get("stop_reason")]
    if not any(words) and body.get("object") == "response":
        words = [body.get("status")]
        if words == ["completed"] and _calls_tool(body.get("output")):
            words = ["tool_calls"]
    return [reason for word in words if (reason := finish_reason(word))]


def _calls_tool(output: Any) -> bool:
    items = output if isinstance(output, list) else ()
    return any(isinstance(item, dict) and item.get("type") == "function_call" for item in items)


def _raw(body: dict[str, Any]) -> dict[str, Any] | None:
    """The provider's own reply, where Genkit keeps it beside its own."""
    raw = body.get("raw")
    return raw if isinstance(raw, dict) and ("model" in raw or "modelVersion" in raw) else None


def _record(body: dict[str, Any]) -> dict[str, Any]:
    """What LangChain keeps of a provider's reply beside its text: its id, model and ending."""
    at: Any = body.get("generations")
    for _ in range(2):  # One list for each prompt, in it one generation for each choice.
        at = at[0] if isinstance(at, list) and at else at
    message = at.get("message") if isinstance(at, dict) else None
    if not isinstance(message, dict):
        return {}
    inner = message.get("kwargs", message.get("data", message))
    if not isinstance(inner, dict):
        return {}
    found = inner.get("response_metadata")
    own = texts.as_text(inner.get("id"))  # In JavaScript it is the reply's.
    beside = {"id": own} if own and _ID_KEPT.match(f'"id":"{own}"') else {}
    return beside | found if isinstance(found, dict) else beside


def reply_field(body: Any, *names: str) -> str | None:
    """A text field of a reply, such as its id or its model."""
    body = texts.opened(body)
    if not isinstance(body, dict):
        return None
    body = _record(body) or _raw(body) or body
    if "model" not in body and (body.get("type") == "message" or body.get("type") in ITEM_ROLES):
        return None  # An item of a reply, whose id is not the reply's.
    return next((text for n in names if (text := texts.as_text(body.get(n)))), None)


def usage_in_attributes(attributes: dict[str, Any]) -> Counts | None:
    """The tokens counted in a reply that was sent whole; looks, before it parses."""
    for key in REPLY_KEYS:
        value = attributes.get(key)
        if value is None:
            continue
        if type(value) is str and (
            len(value) > _MAX_SEARCHED or not any(word in value for word in USAGE_KEYS)
        ):
            continue
        found = counts_in_reply(value)
        if found is not None:
            return found
    return None


def models_in_attributes(attributes: dict[str, Any]) -> tuple[str | None, str | None]:
    """The model that a whole reply names, and the one that a whole request names."""
    return (
        _model_among(attributes, REPLY_KEYS, "model", "modelVersion", "model_version"),
        _model_among(attributes, REQUEST_KEYS, "model"),
    )


def _model_among(attributes: dict[str, Any], keys: tuple[str, ...], *names: str) -> str | None:
    for key in keys:
        value = attributes.get(key)
        if value is None or (
            type(value) is str and (len(value) > _MAX_SEARCHED or '"model' not in value)
        ):
            continue
        found = reply_field(value, *names)
        if found:
            return found
    return None


def id_in_attributes(attributes: dict[str, Any]) -> str | None:
    """The id of a whole reply, where it begins with it or LangChain keeps it; nothing is parsed."""
    for key in REPLY_KEYS:
        value = attributes.get(key)
        if type(value) is str:
            begin = _ID_FIRST.match(value)
            if begin and '"model' in value:  # Else it is an item of a reply, with its own id.
                return begin[1]
            if '"candidates"' in value and len(value) <= _MAX_SEARCHED:
                kept = _ID_GEMINI.search(value)
                if kept:
                    return kept[1]
            if value.startswith('{"generations"') and len(value) <= _MAX_SEARCHED:
                kept = _ID_KEPT.search(value, max(value.find('"response_metadata"'), 0))
                kept = kept or _ID_KEPT.search(value)
                if kept:
                    return kept[1]
    return None
