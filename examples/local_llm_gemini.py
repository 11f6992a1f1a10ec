"""Gemini's request and response shapes around the scripted stand-in's replies."""

import json
from collections.abc import Iterator
from typing import Any

from local_llm_brain import Reply, Tool, Turn, count_tokens, reply_to
from local_llm_openai import Answer, cut_text, next_number, text_vector, tokens_of, words_of

__all__ = ["batch_embed_contents", "failure", "generate_content"]

_PARAMETERS = ("parameters_json_schema", "parametersJsonSchema", "parameters")
"""Where google-genai writes a tool's schema, newest version first."""
_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND"}
_STATUS |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}


def generate_content(body: dict[str, Any]) -> Answer:
    """`POST /v1beta/models/{model}:generateContent`, and `:streamGenerateContent`."""
    config = body.get("generationConfig") or {}
    turns = _turns(body["contents"], body.get("systemInstruction"))
    tools = [
        Tool(
            told["name"],
            told.get("description") or "",
            _plain_schema(next((told[key] for key in _PARAMETERS if told.get(key)), {})),
        )
        for group in body.get("tools") or []
        for told in group.get("functionDeclarations") or []
    ]
    number = next_number(body["contents"])
    thinking = config.get("thinkingConfig") or {}
    thinks = bool(thinking.get("includeThoughts") or thinking.get("include_thoughts"))
    reply = reply_to(turns, tools, schema=_schema(config), thinks=thinks, salt=number)
    text, cut = cut_text(reply.text, config.get("maxOutputTokens"))
    frame = {"modelVersion": body["model"], "responseId": number}
    whole = {
        **frame,
        "candidates": [_candidate(_parts(reply, text), "MAX_TOKENS" if cut else "STOP")],
        "usageMetadata": _usage(turns, tools, reply, text),
    }
    return whole, _events(frame, whole)


def _candidate(parts: list[dict[str, Any]], reason: str | None) -> dict[str, Any]:
    told = {"content": {"role": "model", "parts": parts}, "index": 0}
    return {**told, "finishReason": reason} if reason else told


def _parts(reply: Reply, text: str) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if reply.reasoning:
        parts.append({"text": reply.reasoning, "thought": True})
    if text:
        parts.append({"text": text})
    parts += [{"functionCall": {"name": call.name, "args": call.arguments}} for call in reply.calls]
    return parts


def _events(frame: dict[str, Any], whole: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each event is an answer of its own; the last has the reason, and the usage of all."""
    candidate = whole["candidates"][0]
    for part in candidate["content"]["parts"]:
        said = words_of(part["text"]) if "text" in part else []
        pieces = [{**part, "text": word} for word in said] if said else [part]
        for piece in pieces:
            yield "", {**frame, "candidates": [_candidate([piece], None)]}
    last = _candidate([{"text": ""}], candidate["finishReason"])
    yield "", {**frame, "candidates": [last], "usageMetadata": whole["usageMetadata"]}


def _usage(turns: list[Turn], tools: list[Tool], reply: Reply, text: str) -> dict[str, Any]:
    prompt, cached, output, reasoning = tokens_of(turns, tools, reply, text)
    return {
        "promptTokenCount": prompt,
        "cachedContentTokenCount": cached,
        "candidatesTokenCount": output - reasoning,  # Gemini leaves thoughts out of this one.
        "thoughtsTokenCount": reasoning,
        "totalTokenCount": prompt + output,
    }


def _schema(config: dict[str, Any]) -> dict[str, Any] | None:
    if config.get("responseMimeType") != "application/json":
        return None
    schema: dict[str, Any] = _plain_schema(
        config.get("responseJsonSchema") or config.get("responseSchema") or {}
    )
    return schema


def _plain_schema(schema: Any) -> Any:
    """Gemini's own schema writes types in capitals."""
    if isinstance(schema, list):
        return [_plain_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value.lower() if key == "type" and isinstance(value, str) else _plain_schema(value)
        for key, value in schema.items()
    }


def _turns(contents: list[dict[str, Any]], system: dict[str, Any] | None) -> list[Turn]:
    turns = [Turn("system", _text(system["parts"]))] if system else []
    for content in contents:
        parts = content.get("parts") or []
        for part in parts:
            if answer := part.get("functionResponse"):
                told = answer["response"]
                told = told.get("result", told) if isinstance(told, dict) else told
                text = told if isinstance(told, str) else json.dumps(told)
                turns.append(Turn("tool", text, tool=answer["name"]))
        names = tuple(part["functionCall"]["name"] for part in parts if "functionCall" in part)
        text = _text(parts)
        if text or names:
            role = "assistant" if content.get("role") == "model" else "user"
            turns.append(Turn(role, text, calls=names))
    return turns


def _text(parts: list[dict[str, Any]]) -> str:
    return " ".join(
        "[media]" if "inlineData" in part or "fileData" in part else part["text"]
        for part in parts
        if "text" in part or "inlineData" in part or "fileData" in part
    )


def batch_embed_contents(body: dict[str, Any]) -> Answer:
    """`POST /v1beta/models/{model}:batchEmbedContents`."""
    texts = [_text(request["content"]["parts"]) for request in body["requests"]]
    size = body["requests"][0].get("outputDimensionality") or 256
    counts = sum(count_tokens(text) for text in texts)
    vectors = [{"values": text_vector(text, size)} for text in texts]
    return {"embeddings": vectors, "usageMetadata": {"promptTokenCount": counts}}, None


def failure(status: int, message: str) -> dict[str, Any]:
    """An error as Google writes it."""
    return {"error": {"code": status, "message": message, "status": _STATUS.get(status, "UNKNOWN")}}
